//! In which blob a chunk can be found. A hint: whoever follows it hashes what is there.
//!
//! Rows are written into the current *generation*. When that is full the next one begins, and the one
//! before the last goes, all at once: so what was neither cut nor used for long is forgotten first,
//! and there are never more than two generations.

use std::sync::{Mutex, PoisonError};

use rocksdb::{DB, WriteBatch};
use shaman_proto::{BlobRef, ChunkName, Cutter};

use super::{Index, IndexError, columns, keys};

/// Which generation is the current one, and its rows: a note in the default column.
const GENERATION: &[u8] = b"chunks-1";

/// How many rows a generation had at most when the index was opened last.
const ROWS_MAX: &[u8] = b"chunks-most-1";

/// The same of an index that says nothing: it was made before that could be chosen.
const ROWS_MAX_UNSAID: u64 = 4 << 20;

/// How far the cutting of what the store has is.
const PASS: &[u8] = b"cutting-1";

/// Where a chunk was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRow {
    /// In this blob.
    pub blob: BlobRef,
    /// From this byte on.
    pub offset: u64,
    /// So many bytes.
    pub length: u32,
}

/// A chunk of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: ChunkName,
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    pub length: u32,
}

/// Where rows go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Generation {
    number: u32,
    rows: u64,
}

/// The current generation; who writes rows holds it.
#[derive(Debug)]
pub(super) struct Generations {
    current: Mutex<Generation>,
    /// Rows of one; 0: nothing is noted.
    rows_max: u64,
}

/// The rows are gone: what the store has is to be cut again.
pub(super) fn clear(db: &DB) -> Result<(), rocksdb::Error> {
    db.delete(PASS)
}

impl Generations {
    /// As it was noted, with room for the chunks of about so many bytes of blobs (`None`: as before).
    /// With less room than before, what is too much goes now; with other room the store is looked
    /// through again.
    pub(super) fn read(db: &DB, known_bytes: Option<u64>) -> Result<Self, rocksdb::Error> {
        let noted = db.get(GENERATION)?.and_then(|note| Generation::decode(&note));
        let mut current = noted.unwrap_or(Generation { number: 1, rows: 0 });
        let before = db.get(ROWS_MAX)?.and_then(|note| note.try_into().ok());
        let before = before.map_or(ROWS_MAX_UNSAID, u64::from_be_bytes);
        let rows_max = known_bytes.map_or(before, |known| known.div_ceil(2 * Cutter::CHUNK_BYTES));
        if before != rows_max {
            if rows_max < before {
                if current.rows > rows_max {
                    current = Generation { number: current.number.saturating_add(1), rows: 0 };
                    db.put(GENERATION, current.encode())?;
                }
                forget_before(db, current.number)?;
            }
            clear(db)?;
            // Last: until this is noted, the next start does the same.
            db.put(ROWS_MAX, rows_max.to_be_bytes())?;
        }
        Ok(Self { current: Mutex::new(current), rows_max })
    }

    fn get(&self) -> Generation {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn encode(self) -> Vec<u8> {
        [&self.number.to_be_bytes()[..], &self.rows.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (number, rows) = bytes.split_first_chunk()?;
        let rows = u64::from_be_bytes(rows.try_into().ok()?);
        Some(Self { number: u32::from_be_bytes(*number), rows })
    }

    /// Those that are looked into, the newest first.
    fn known(self) -> [u32; 2] {
        [self.number, self.number.saturating_sub(1)]
    }
}

impl Index {
    /// Where these chunks were seen last, in order.
    pub fn chunks(&self, names: &[ChunkName]) -> Result<Vec<Option<ChunkRow>>, IndexError> {
        let known = self.generations.get().known();
        let keys: Vec<_> =
            names.iter().flat_map(|name| known.map(|number| keys::chunk(number, name))).collect();
        let column = columns::chunks(&self.db);
        let mut rows = self.db.batched_multi_get_cf(column, keys.iter(), false).into_iter();
        let mut next = || match rows.next() {
            Some(row) => row.map_err(|e| self.failed(e)),
            None => Ok(None),
        };
        let mut found = Vec::with_capacity(names.len());
        for _ in names {
            let (newer, older) = (next()?, next()?);
            found.push(newer.or(older).and_then(|row| ChunkRow::decode(&row)));
        }
        Ok(found)
    }

    /// Notes chunks of a blob.
    pub fn put_chunks(&self, blob: &BlobRef, places: &[Place]) -> Result<(), IndexError> {
        self.put_rows(places.len(), |number, batch| {
            let column = columns::chunks(&self.db);
            for Place { name, offset, length } in places {
                let row = ChunkRow { blob: *blob, offset: *offset, length: *length };
                batch.put_cf(column, keys::chunk(number, name), row.encode());
            }
        })
    }

    /// Notes that all chunks of a blob are noted.
    pub fn set_cut(&self, blob: &BlobRef) -> Result<(), IndexError> {
        self.put_rows(1, |number, batch| {
            batch.put_cf(columns::chunks(&self.db), keys::cut(number, blob), b"");
        })
    }

    /// Says whether all chunks of a blob were noted, and are not forgotten.
    pub fn is_cut(&self, blob: &BlobRef) -> Result<bool, IndexError> {
        let column = columns::chunks(&self.db);
        for number in self.generations.get().known() {
            let row = self.db.get_pinned_cf(column, keys::cut(number, blob));
            if row.map_err(|e| self.failed(e))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets chunks that are not where they were seen.
    pub fn forget_chunks<'a>(
        &self,
        names: impl IntoIterator<Item = &'a ChunkName>,
    ) -> Result<(), IndexError> {
        let column = columns::chunks(&self.db);
        let known = self.generations.get().known();
        let mut batch = WriteBatch::default();
        for name in names {
            for number in known {
                batch.delete_cf(column, keys::chunk(number, name));
            }
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Says whether chunks are noted at all.
    pub fn keeps_chunks(&self) -> bool {
        self.generations.rows_max > 0
    }

    /// Says whether so many more rows push nothing out.
    pub fn has_room_for_chunks(&self, rows: u64) -> bool {
        self.generations.get().rows + rows <= self.generations.rows_max
    }

    /// What was noted of the cutting of what the store has: a text of whoever noted it.
    pub fn cutting_note(&self) -> Result<Option<Vec<u8>>, IndexError> {
        self.db.get(PASS).map_err(|e| self.failed(e))
    }

    /// Notes how far that is.
    pub fn put_cutting_note(&self, note: &[u8]) -> Result<(), IndexError> {
        self.db.put(PASS, note).map_err(|e| self.failed(e))
    }

    /// Writes rows into the current generation, or into the next one when it is full.
    fn put_rows(
        &self,
        rows: usize,
        fill: impl FnOnce(u32, &mut WriteBatch),
    ) -> Result<(), IndexError> {
        if !self.keeps_chunks() {
            return Ok(());
        }
        let mut current = self.generations.current.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = *current;
        let mut batch = WriteBatch::default();
        if next.rows + rows as u64 > self.generations.rows_max && next.rows > 0 {
            next = Generation { number: next.number.saturating_add(1), rows: 0 };
        }
        next.rows += rows as u64;
        fill(next.number, &mut batch);
        batch.put(GENERATION, next.encode());
        self.db.write(batch).map_err(|e| self.failed(e))?;
        let is_new = next.number != current.number;
        *current = next;
        if is_new {
            let kept = next.number.saturating_sub(1);
            forget_before(&self.db, kept).map_err(|e| self.failed(e))?;
        }
        Ok(())
    }
}

/// Forgets all generations before this one.
fn forget_before(db: &DB, number: u32) -> Result<(), rocksdb::Error> {
    let column = columns::chunks(db);
    let (from, to) = (0_u32.to_be_bytes(), number.to_be_bytes());
    // Whole tables first: they are gone at once, and not when somebody rewrites them.
    db.delete_file_in_range_cf(column, from, to)?;
    db.delete_range_cf(column, from, to)
}

impl ChunkRow {
    fn encode(self) -> Vec<u8> {
        let (offset, length) = (self.offset.to_be_bytes(), self.length.to_be_bytes());
        [&keys::blob(&self.blob)[..], &offset, &length].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (blob, numbers) = bytes.split_at_checked(keys::BLOB)?;
        let (offset, length) = numbers.split_first_chunk()?;
        Some(Self {
            blob: keys::read_blob(blob)?,
            offset: u64::from_be_bytes(*offset),
            length: u32::from_be_bytes(length.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(size: u64) -> BlobRef {
        BlobRef::new("ab".repeat(32).parse().unwrap(), shaman_proto::BlobSize::new(size).unwrap())
    }

    /// An index with so many rows a generation.
    fn open(dir: &std::path::Path, rows_max: u64) -> Index {
        Index::open(dir, Some(rows_max * 2 * Cutter::CHUNK_BYTES)).unwrap()
    }

    fn place(number: u8) -> Place {
        Place { name: ChunkName::of(&[number]), offset: u64::from(number) << 40, length: 7 }
    }

    #[test]
    fn what_was_cut_last_is_known_and_there_are_never_more_than_two_generations() {
        let dir = tempfile::tempdir().unwrap();
        let index = open(dir.path(), 10);
        for number in 0..100 {
            index.put_chunks(&blob(u64::from(number)), &[place(number)]).unwrap();
        }
        let known: Vec<bool> = (0..100)
            .map(|number| index.chunks(&[place(number).name]).unwrap()[0].is_some())
            .collect();
        assert!(known[90..].iter().all(|is_known| *is_known), "{known:?}");
        assert_eq!(known.iter().filter(|is_known| **is_known).count(), 20);
        let rows = index.db.iterator_cf(columns::chunks(&index.db), rocksdb::IteratorMode::Start);
        assert_eq!(rows.count(), 20);
        // The same after a restart.
        drop(index);
        let index = open(dir.path(), 10);
        let row = ChunkRow { blob: blob(99), offset: 99 << 40, length: 7 };
        let asked = [place(99).name, place(3).name];
        assert_eq!(index.chunks(&asked).unwrap(), [Some(row), None]);
        assert!(!index.has_room_for_chunks(1) && index.has_room_for_chunks(0));
    }

    #[test]
    fn a_chunk_is_where_it_was_seen_last_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let index = open(dir.path(), 2);
        let name = place(1).name;
        for size in [5, 6, 7] {
            index.put_chunks(&blob(size), &[place(1)]).unwrap();
            assert_eq!(index.chunks(&[name]).unwrap()[0].unwrap().blob, blob(size));
        }
        index.forget_chunks([&name]).unwrap();
        assert_eq!(index.chunks(&[name]).unwrap(), [None], "an older row does not come back");
    }

    #[test]
    fn a_blob_is_cut_until_its_rows_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let mut index = open(dir.path(), 4);
        index.set_cut(&blob(1)).unwrap();
        assert!(index.is_cut(&blob(1)).unwrap() && !index.is_cut(&blob(2)).unwrap());
        for number in 0..8 {
            index.put_chunks(&blob(2), &[place(number)]).unwrap();
        }
        assert!(!index.is_cut(&blob(1)).unwrap());
        index.set_cut(&blob(1)).unwrap();
        index.clear().unwrap();
        assert!(!index.is_cut(&blob(1)).unwrap());
        assert_eq!(index.chunks(&[place(7).name]).unwrap(), [None]);
    }
    #[test]
    fn with_less_room_what_was_seen_last_stays_as_far_as_it_fits() {
        let dir = tempfile::tempdir().unwrap();
        let fill = |index: &Index, numbers: std::ops::Range<u8>| {
            for number in numbers {
                index.put_chunks(&blob(u64::from(number)), &[place(number)]).unwrap();
            }
        };
        let known = |index: &Index| -> Vec<u8> {
            let is_known = |number: &u8| index.chunks(&[place(*number).name]).unwrap()[0].is_some();
            (0..50).filter(is_known).collect()
        };
        let on_disk = |index: &Index| {
            let rows =
                index.db.iterator_cf(columns::chunks(&index.db), rocksdb::IteratorMode::Start);
            rows.count()
        };
        let index = open(dir.path(), 10);
        fill(&index, 0..13);
        index.put_cutting_note(b"through").unwrap();
        drop(index);
        // The same room changes nothing, nor does somebody who says nothing of it.
        for said in [Some(10 * 2 * Cutter::CHUNK_BYTES), None] {
            let index = Index::open(dir.path(), said).unwrap();
            assert_eq!(known(&index), (0..13).collect::<Vec<_>>());
            assert!(index.cutting_note().unwrap().is_some());
            assert!(index.has_room_for_chunks(7) && !index.has_room_for_chunks(8));
        }
        // The three of the second generation fit, the first one goes; the store is looked through.
        let index = open(dir.path(), 5);
        assert_eq!((known(&index), on_disk(&index)), (vec![10, 11, 12], 3));
        assert!(index.cutting_note().unwrap().is_none());
        index.put_cutting_note(b"through").unwrap();
        drop(index);
        let index = open(dir.path(), 2);
        assert_eq!((known(&index), on_disk(&index)), (vec![], 0), "three are more than two");
        fill(&index, 20..22);
        index.put_cutting_note(b"through").unwrap();
        drop(index);
        // With more room nothing goes, and what had none is looked for.
        let index = open(dir.path(), 20);
        assert_eq!(known(&index), [20, 21]);
        assert!(index.cutting_note().unwrap().is_none() && index.has_room_for_chunks(18));
        drop(index);
        let index = open(dir.path(), 0);
        assert!(!index.keeps_chunks() && !index.has_room_for_chunks(1));
        fill(&index, 30..40);
        index.set_cut(&blob(1)).unwrap();
        assert_eq!(on_disk(&index), 0, "nobody wants any");
    }
}
