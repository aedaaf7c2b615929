//! A file that has been read: its data-blocks, and what their pointers mean.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::blocks::{Block, IN_FILE, Scan};
use super::container::Source;
use super::dna::{Dna, Spot};
use super::failure::BlendError;
use super::header::{self, Header};
use super::kept::Kept;
use super::limits::{FETCHED_BYTES_MAX, PLAIN_BYTES_MAX, STEPS_MAX};
use super::record::Record;

/// Fields of one struct by their paths; `None` for those that it does not have.
type Spots = HashMap<Box<str>, Option<Spot>>;

/// A .blend that has been read: its data-blocks can be asked for their fields.
///
/// Large blocks stay in the file. A rule that follows a pointer to one finds nothing at first;
/// [`Blend::fetch`] then brings what was looked for, and the rules are asked again.
pub struct Blend {
    source: Source,
    header: Header,
    dna: Arc<Dna>,
    blocks: Vec<Block>,
    /// In the places of the DATA blocks that follow one ID: their indices, sorted by `old`. In the
    /// place of the ID: the end of those places.
    by_old: Vec<u32>,
    ids: HashMap<u64, u32>,
    kept: Kept,
    fetched: HashMap<u32, Vec<u8>>,
    fetched_bytes: u64,
    /// Bytes that were passed over to fetch others.
    passed_bytes: u64,
    looked_for: RefCell<BTreeSet<u32>>,
    /// Fields by struct and path, as they are asked for.
    spots: RefCell<HashMap<u32, Spots>>,
    steps_left: Cell<u64>,
    damage: Option<BlendError>,
}

impl Blend {
    /// Reads all block headers and all small blocks.
    ///
    /// Memory: 48 bytes a block and at most 1 GiB of small blocks. A file that is damaged after
    /// the description of its structures is still of use; [`Blend::damage`] then says so.
    pub fn read(source: Source) -> Result<Self, BlendError> {
        let mut stream = source.open()?;
        let header = header::read(&mut stream)?;
        let mut scan = Scan::default();
        let ended = scan.run(&mut stream, header);
        drop(stream);
        let Some(dna) = scan.dna else {
            return Err(ended.err().unwrap_or(BlendError::NoDna));
        };
        let (by_old, ids) = arrange(&scan.blocks);
        Ok(Self {
            source,
            header,
            dna,
            blocks: scan.blocks,
            by_old,
            ids,
            kept: scan.kept,
            fetched: HashMap::new(),
            fetched_bytes: 0,
            passed_bytes: 0,
            looked_for: RefCell::default(),
            spots: RefCell::default(),
            steps_left: Cell::new(STEPS_MAX),
            damage: ended.err(),
        })
    }

    /// Tells whether there is more in it than is ever looked at, so that something may be missing in
    /// what it gave. Damaged files may share a list among thousands.
    pub fn is_exhausted(&self) -> bool {
        self.steps_left.get() == 0
    }

    /// Gives Blender's version as a number, 304 or 500.
    pub fn version(&self) -> u32 {
        self.header.version
    }

    /// Tells what is wrong behind the point up to which the file could be read.
    pub fn damage(&self) -> Option<&BlendError> {
        self.damage.as_ref()
    }

    /// Gives all data-blocks in the order of the file, libraries and placeholders of linked
    /// data-blocks among them.
    pub fn ids(&self) -> impl Iterator<Item = Record<'_>> {
        let ids = (0_u32..).zip(&self.blocks).filter(|(_, block)| block.is_id());
        ids.filter_map(|(index, _)| self.record(index, index))
    }

    /// Brings the large blocks that were looked for since the last call.
    ///
    /// Gives whether there are new ones, so that asking again may find more. Reads the file
    /// another time, up to the last block wanted.
    pub fn fetch(&mut self) -> Result<bool, BlendError> {
        let mut wanted = self.looked_for.take();
        wanted.retain(|index| !self.fetched.contains_key(index));
        let Some(last) = wanted.last().copied() else {
            return Ok(false);
        };
        let mut stream = self.source.open()?;
        stream.skip(self.header.len)?;
        let header_len = self.header.form.len() as u64;
        for (index, block) in (0..=last).zip(&self.blocks) {
            self.passed_bytes = self.passed_bytes.saturating_add(block.len);
            if self.passed_bytes > PLAIN_BYTES_MAX {
                return Err(BlendError::TooLarge(PLAIN_BYTES_MAX));
            }
            stream.skip(header_len)?;
            if !wanted.contains(&index) {
                stream.skip(block.len)?;
                continue;
            }
            self.fetched_bytes = self.fetched_bytes.saturating_add(block.len);
            if self.fetched_bytes > FETCHED_BYTES_MAX {
                return Err(BlendError::TooLarge(FETCHED_BYTES_MAX));
            }
            let mut data = Vec::new();
            stream.read_onto(&mut data, block.len)?;
            self.fetched.insert(index, data);
        }
        Ok(true)
    }

    pub(super) fn header(&self) -> Header {
        self.header
    }

    pub(super) fn dna(&self) -> &Dna {
        &self.dna
    }

    /// Finds what a pointer of the data-block `owner` points to.
    ///
    /// First among the DATA blocks of that data-block, then among all data-blocks: since 5.0 the
    /// same number stands for different DATA blocks of different owners.
    pub(super) fn target(&self, owner: u32, pointer: u64) -> Option<u32> {
        if pointer == 0 {
            return None;
        }
        let own = self.own(owner);
        let place = own.partition_point(|index| self.old(*index) < pointer);
        match own.get(place) {
            Some(index) if self.old(*index) == pointer => Some(*index),
            _ => self.ids.get(&pointer).copied(),
        }
    }

    /// Gives the DATA blocks of a data-block whose struct has that name.
    pub(super) fn all_of(&self, owner: u32, kind: &[u8]) -> impl Iterator<Item = u32> {
        let is_kind = move |block: &Block| self.dna.name(block.shape) == kind;
        let own = self.own(owner).iter().copied();
        own.filter(move |index| self.blocks.get(*index as usize).is_some_and(is_kind))
    }

    /// Gives the DATA blocks of a data-block, sorted by `old`.
    fn own(&self, owner: u32) -> &[u32] {
        let first = owner as usize + 1;
        let end = self.by_old.get(owner as usize).map_or(first, |end| *end as usize);
        self.by_old.get(first..end).unwrap_or_default()
    }

    /// Gives a data-block and the DATA blocks that belong to it.
    pub(super) fn with_own(&self, owner: u32) -> impl Iterator<Item = u32> {
        std::iter::once(owner).chain(self.own(owner).iter().copied())
    }

    /// Gives the data-block that a pointer holds, if it is one.
    pub(super) fn id_at(&self, address: u64) -> Option<u32> {
        self.ids.get(&address).copied()
    }

    /// Reads the pointer at an offset; `None` if it is null or beyond the end.
    pub(super) fn address_at(&self, data: &[u8], offset: usize) -> Option<u64> {
        let end = offset.checked_add(self.header.form.pointer_len())?;
        Some(self.header.endian.unsigned(data.get(offset..end)?)).filter(|address| *address != 0)
    }

    /// Tells whether the data of a block is in memory, and not only in the file.
    pub(super) fn is_kept(&self, index: u32) -> bool {
        self.blocks.get(index as usize).is_some_and(|block| block.at != IN_FILE)
    }

    /// Gives the struct of a block, 0 for none.
    pub(super) fn shape(&self, index: u32) -> u32 {
        self.blocks.get(index as usize).map_or(0, |block| block.shape)
    }

    /// Gives the data of a block; `None`, and a note to fetch it, if it is still in the file.
    pub(super) fn data(&self, index: u32) -> Option<&[u8]> {
        let block = self.blocks.get(index as usize)?;
        if block.at != IN_FILE {
            return self.kept.get(block.at, block.len);
        }
        let fetched = self.fetched.get(&index);
        if fetched.is_none() {
            self.looked_for.borrow_mut().insert(index);
        }
        fetched.map(Vec::as_slice)
    }

    /// Gives the first struct of a block as a record of `owner`.
    pub(super) fn record(&self, index: u32, owner: u32) -> Option<Record<'_>> {
        self.records(index, owner).next()
    }

    /// Gives the structs of a block, one after the other, as records of `owner`.
    pub(super) fn records(&self, index: u32, owner: u32) -> impl Iterator<Item = Record<'_>> {
        let block = self.blocks.get(index as usize).filter(|block| block.shape != 0);
        let shape = block.map_or(0, |block| block.shape);
        let len = self.dna.len(shape);
        let data = block.filter(|_| len > 0).and_then(|_| self.data(index)).unwrap_or_default();
        let structs = data.chunks_exact(len.max(1)).take_while(|_| self.spend(1)).enumerate();
        structs
            .map(move |(place, data)| Record::new(self, owner, (index, place * len), shape, data))
    }

    pub(super) fn block(&self, index: u32) -> Option<Block> {
        self.blocks.get(index as usize).copied()
    }

    /// Finds a field of a struct; see [`Dna::find`].
    pub(super) fn spot(&self, shape: u32, path: &str) -> Option<Spot> {
        let mut spots = self.spots.borrow_mut();
        let spots = spots.entry(shape).or_default();
        if let Some(known) = spots.get(path) {
            return *known;
        }
        let found = self.dna.find(shape, path);
        spots.insert(path.into(), found);
        found
    }

    /// Takes steps off those that are left; tells whether there were enough.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.steps_left.get().checked_sub(steps as u64);
        self.steps_left.set(left.unwrap_or(0));
        left.is_some()
    }

    pub(super) fn code(&self, index: u32) -> [u8; 4] {
        self.blocks.get(index as usize).map_or([0; 4], |block| block.code)
    }

    pub(super) fn old(&self, index: u32) -> u64 {
        self.blocks.get(index as usize).map_or(0, |block| block.old)
    }

    pub(super) fn is_data(&self, index: u32) -> bool {
        self.blocks.get(index as usize).is_some_and(|block| block.is_data())
    }
}

impl fmt::Debug for Blend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Blend");
        shown.field("header", &self.header).field("blocks", &self.blocks.len());
        shown.field("damage", &self.damage).finish_non_exhaustive()
    }
}

/// Sorts the DATA blocks of each owner by `old`, and maps the data-blocks.
fn arrange(blocks: &[Block]) -> (Vec<u32>, HashMap<u64, u32>) {
    let mut by_old: Vec<u32> = (0..).take(blocks.len()).collect();
    let mut ids = HashMap::new();
    let old = |index: &u32| blocks.get(*index as usize).map_or(0, |block| block.old);
    let mut start = 0;
    for run in blocks.chunk_by(|_, next| next.is_data()) {
        let end = start + run.len();
        if let Some([owner, own @ ..]) = by_old.get_mut(start..end) {
            own.sort_by_key(old);
            if let Some(block) = run.first().filter(|block| block.is_id()) {
                ids.entry(block.old).or_insert(*owner);
            }
            *owner = u32::try_from(end).unwrap_or(u32::MAX);
        }
        start = end;
    }
    (by_old, ids)
}
