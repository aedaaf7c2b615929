//! Chunks, from blobs that are there and from a sender → a blob.

use shaman_proto::{BlobRef, Chunk, ChunkHasher, ChunkName};

use crate::index::{ChunkRow, IndexError, Place};
use crate::ops::{Begun, LookupError, Ops, Upload, UploadError, Uploaded};
use crate::store::OpenBlob;

/// Blobs that are held open to read from. A file is made of one older version, or of few.
const OPEN_MAX: usize = 8;

/// Most chunks that are noted when the blob is there, about 4 GiB of it; a larger one is cut later, as
/// if it had been sent whole.
const NOTED_MAX: usize = 1 << 17;

/// Rows written at once.
const BATCH: usize = 4_096;

/// A blob that is being assembled. Dropped before [`Ops::finish_assembly`], it leaves nothing behind.
#[derive(Debug)]
pub struct Assembly {
    blob: BlobRef,
    upload: Box<Upload>,
    open: Vec<(BlobRef, OpenBlob)>,
    /// Chunks so far, as long as they are few enough.
    noted: Option<Vec<Place>>,
    bytes: u64,
    sent: Option<Sent>,
}

/// A chunk whose bytes come.
#[derive(Debug)]
struct Sent {
    chunk: Chunk,
    hasher: ChunkHasher,
    left: u32,
}

/// Why a blob could not be assembled. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// As with any upload.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// A chunk that was not sent is not there.
    #[error(
        "the chunk {name} at byte {offset} is in no blob here (any more); ask again which chunks are missing, then send it along"
    )]
    Gone {
        /// Its name.
        name: ChunkName,
        /// Where in the blob it belongs.
        offset: u64,
    },
    /// The bytes of a chunk are not what its name says.
    #[error(
        "the bytes of the chunk at byte {offset} are {received}, and its name is {declared}; the file may have changed, read it again"
    )]
    Chunk {
        /// What its name is.
        declared: ChunkName,
        /// What the bytes are.
        received: ChunkName,
        /// Where in the blob it belongs.
        offset: u64,
    },
}

impl From<LookupError> for AssembleError {
    fn from(error: LookupError) -> Self {
        Self::Upload(error.into())
    }
}

impl From<IndexError> for AssembleError {
    fn from(error: IndexError) -> Self {
        Self::Upload(error.into())
    }
}

impl Ops {
    /// Begins to assemble a blob; `None`: we have it already.
    pub fn begin_assembly(&self, blob: BlobRef) -> Result<Option<Assembly>, AssembleError> {
        Ok(match self.begin_upload(blob)? {
            Begun::AlreadyStored => None,
            Begun::Receiving(upload) => Some(Assembly {
                blob,
                upload,
                open: Vec::new(),
                noted: Some(Vec::new()),
                bytes: 0,
                sent: None,
            }),
        })
    }

    /// Appends chunks from blobs that are there. Each is read and compared with its name before it
    /// is written.
    pub fn append_known(
        &self,
        assembly: &mut Assembly,
        chunks: &[Chunk],
    ) -> Result<(), AssembleError> {
        for batch in chunks.chunks(BATCH) {
            let names: Vec<ChunkName> = batch.iter().map(|chunk| chunk.name).collect();
            for (chunk, row) in batch.iter().zip(self.index.chunks(&names)?) {
                let row = row.filter(|row| row.length == chunk.length.bytes());
                let bytes = match row {
                    Some(row) => self.read_chunk(assembly, chunk, &row)?,
                    None => None,
                };
                let Some(bytes) = bytes else {
                    self.index.forget_chunks([&chunk.name])?;
                    return Err(AssembleError::Gone { name: chunk.name, offset: assembly.bytes });
                };
                assembly.upload.write(&bytes)?;
                assembly.note(chunk);
            }
        }
        Ok(())
    }

    /// The bytes of a chunk, if they are where the row says.
    fn read_chunk(
        &self,
        assembly: &mut Assembly,
        chunk: &Chunk,
        row: &ChunkRow,
    ) -> Result<Option<Vec<u8>>, AssembleError> {
        let end = row.offset.checked_add(u64::from(row.length));
        if end.is_none_or(|end| end > row.blob.size.bytes()) {
            return Ok(None);
        }
        let known = assembly.open.iter().position(|(blob, _)| *blob == row.blob);
        let at = if let Some(at) = known {
            at
        } else {
            let Some(open) = self.open_blob(&row.blob)? else { return Ok(None) };
            assembly.open.truncate(OPEN_MAX - 1);
            assembly.open.insert(0, (row.blob, open));
            0
        };
        let bytes = match assembly.open[at].1.read_at(row.offset, row.length as usize) {
            Ok(bytes) => bytes,
            Err(error) => {
                // Its sender has it; whoever scrubs finds out what is wrong with the blob.
                tracing::warn!(blob = %row.blob, %error, "a chunk cannot be read");
                return Ok(None);
            }
        };
        let is_right = ChunkName::of(&bytes) == chunk.name;
        if !is_right {
            tracing::warn!(blob = %row.blob, offset = row.offset, "a chunk is not what the index says; scrub the storage if that happens again");
        }
        Ok(is_right.then_some(bytes))
    }

    /// Verifies what was assembled and makes it a blob.
    pub fn finish_assembly(&self, assembly: Assembly) -> Result<Uploaded, AssembleError> {
        let Assembly { blob, upload, noted, .. } = assembly;
        let uploaded = self.finish_upload(upload)?;
        if let Some(noted) = noted
            && let Err(error) = self.note_all(&blob, &noted)
        {
            // They are hints, and the blob is there.
            tracing::warn!(%error, "chunks could not be noted");
        }
        Ok(uploaded)
    }

    fn note_all(&self, blob: &BlobRef, noted: &[Place]) -> Result<(), IndexError> {
        noted.chunks(BATCH).try_for_each(|batch| self.index.put_chunks(blob, batch))?;
        self.index.set_cut(blob)
    }
}

impl Assembly {
    /// Notes who sends it, if that is somebody in particular.
    pub fn belongs_to(&mut self, owner: Option<&str>) {
        self.upload.belongs_to(owner);
    }

    /// Begins a chunk whose bytes come. The one before has to be complete.
    pub fn begin_sent(&mut self, chunk: Chunk) {
        let left = chunk.length.bytes();
        self.sent = Some(Sent { chunk, hasher: ChunkHasher::default(), left });
    }

    /// Appends bytes of the chunk that comes, no more than are wanting.
    pub fn append_sent(&mut self, bytes: &[u8]) -> Result<(), AssembleError> {
        let Some(sent) = &mut self.sent else { return Ok(()) };
        self.upload.write(bytes)?;
        sent.hasher.update(bytes);
        sent.left = sent.left.saturating_sub(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if sent.left > 0 {
            return Ok(());
        }
        let (chunk, received) = (sent.chunk, sent.hasher.name());
        if received != chunk.name {
            let (declared, offset) = (chunk.name, self.bytes);
            return Err(AssembleError::Chunk { declared, received, offset });
        }
        self.sent = None;
        self.note(&chunk);
        Ok(())
    }

    /// Bytes that are wanting of the chunk that comes; 0: none comes.
    pub fn wanting(&self) -> usize {
        self.sent.as_ref().map_or(0, |sent| sent.left as usize)
    }

    fn note(&mut self, chunk: &Chunk) {
        let (name, offset, length) = (chunk.name, self.bytes, chunk.length.bytes());
        self.bytes += u64::from(length);
        match &mut self.noted {
            Some(noted) if noted.len() < NOTED_MAX => noted.push(Place { name, offset, length }),
            noted => *noted = None,
        }
    }
}
