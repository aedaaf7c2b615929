//! A list of chunks → those that have to be sent.

use std::collections::HashMap;

use shaman_proto::{BlobRef, Chunk, ChunkName};

use crate::index::ChunkRow;
use crate::ops::{LookupError, Ops};

/// Chunks looked up at once; bounds memory.
const BATCH: usize = 4_096;

impl Ops {
    /// Says of each chunk, in order, whether it has to be sent.
    ///
    /// Those that have not were seen in blobs that are there. Each of these counts as used now: whoever
    /// asked does not send what is in it.
    pub fn missing_chunks(&self, chunks: &[Chunk]) -> Result<Vec<bool>, LookupError> {
        let mut blobs = HashMap::new();
        let mut missing = Vec::with_capacity(chunks.len());
        for batch in chunks.chunks(BATCH) {
            let names: Vec<ChunkName> = batch.iter().map(|chunk| chunk.name).collect();
            let mut gone = Vec::new();
            for (chunk, row) in batch.iter().zip(self.index.chunks(&names)?) {
                let row = row.filter(|row| row.length == chunk.length.bytes());
                let is_there = match row {
                    Some(row) => self.is_source(&row, &mut blobs)?,
                    None => false,
                };
                if row.is_some() && !is_there {
                    gone.push(chunk.name);
                }
                missing.push(!is_there);
            }
            if !gone.is_empty() {
                self.index.forget_chunks(&gone)?;
            }
        }
        Ok(missing)
    }

    /// Says whether the blob of a row is there; each is looked for once.
    fn is_source(
        &self,
        row: &ChunkRow,
        blobs: &mut HashMap<BlobRef, bool>,
    ) -> Result<bool, LookupError> {
        if let Some(is_there) = blobs.get(&row.blob) {
            return Ok(*is_there);
        }
        let is_there = match self.find(&row.blob)? {
            Some(found) => self.note_use(&row.blob, &found)?,
            None => false,
        };
        blobs.insert(row.blob, is_there);
        Ok(is_there)
    }
}
