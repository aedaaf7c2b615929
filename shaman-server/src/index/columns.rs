//! Column families. The version is in the name: another layout is another family, and a family
//! that is not there yet is filled from the store.

use std::path::Path;

use rocksdb::{BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, Options};

const BLOBS: &str = "blobs-2";
const CHECKOUTS: &str = "checkouts-2";
const CHUNKS: &str = "chunks-1";
const JOBS: &str = "jobs-1";
const NAMES: &str = "names-1";

/// Bytes of blocks kept in memory for all families together. A million blobs are about 60 MB of
/// rows; the operating system caches the rest.
const CACHE_BYTES: usize = 16 << 20;

/// Bytes of new rows kept in memory for each family before they are written to a table.
const WRITE_BUFFER_BYTES: usize = 8 << 20;

const ALL: [&str; 5] = [BLOBS, CHECKOUTS, CHUNKS, JOBS, NAMES];

/// Those without which a miss means nothing; chunks are hints.
const TRUSTED: [&str; 4] = [BLOBS, CHECKOUTS, JOBS, NAMES];

/// A database, and whether all its families that are trusted were there before.
pub(super) struct Opened {
    pub(super) db: DB,
    pub(super) has_all: bool,
}

/// Opens the database, makes families that are not there yet and drops those of other versions.
pub(super) fn open(path: &Path) -> Result<Opened, rocksdb::Error> {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_max_open_files(256);
    options.set_keep_log_file_num(4);
    options.set_max_total_wal_size(32 << 20);
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    // There is no list of a database that is not there.
    let there = DB::list_cf(&options, path).unwrap_or_default();
    let is_old = |name: &&String| *name != "default" && !ALL.contains(&name.as_str());
    let old: Vec<&String> = there.iter().filter(is_old).collect();
    let names = ALL.into_iter().chain(old.iter().map(|name| name.as_str()));
    // Filter and cache reach a family through its own descriptor only.
    let families = names.map(|name| ColumnFamilyDescriptor::new(name, family(&cache)));
    let mut db = DB::open_cf_descriptors(&options, path, families)?;
    let has_all = TRUSTED.iter().all(|name| there.iter().any(|there| there == name));
    if !has_all {
        // Before the old ones go: until this is gone, nothing is missing in them.
        db.delete(super::COMPLETE)?;
    }
    for name in old {
        db.drop_cf(name)?;
    }
    Ok(Opened { db, has_all })
}

/// Looks whether the database can be read and has all its families; changes nothing, and minds nobody
/// who has it open.
pub(super) fn look(path: &Path) -> Result<bool, rocksdb::Error> {
    let options = Options::default();
    let there = DB::list_cf(&options, path)?;
    DB::open_cf_for_read_only(&options, path, &there, false)?;
    Ok(ALL.iter().all(|name| there.iter().any(|there| there == name)))
}

/// Makes all families empty that are filled from the store.
pub(super) fn clear(db: &mut DB) -> Result<(), rocksdb::Error> {
    db.delete(super::COMPLETE)?;
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    for name in [BLOBS, CHECKOUTS, CHUNKS, NAMES] {
        db.drop_cf(name)?;
        db.create_cf(name, &family(&cache))?;
    }
    Ok(())
}

fn family(cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // 10 bits a key: a question for a blob that is not there reads the disk in 1 of 100 cases.
    table.set_bloom_filter(10.0, false);
    table.set_cache_index_and_filter_blocks(true);
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options
}

pub(super) fn all(db: &DB) -> impl Iterator<Item = &ColumnFamily> {
    ALL.into_iter().filter_map(|name| db.cf_handle(name))
}

pub(super) fn blobs(db: &DB) -> &ColumnFamily {
    db.cf_handle(BLOBS).expect("opened with this family")
}

pub(super) fn checkouts(db: &DB) -> &ColumnFamily {
    db.cf_handle(CHECKOUTS).expect("opened with this family")
}

pub(super) fn chunks(db: &DB) -> &ColumnFamily {
    db.cf_handle(CHUNKS).expect("opened with this family")
}

pub(super) fn jobs(db: &DB) -> &ColumnFamily {
    db.cf_handle(JOBS).expect("opened with this family")
}

pub(super) fn names(db: &DB) -> &ColumnFamily {
    db.cf_handle(NAMES).expect("opened with this family")
}

/// Says whether another process holds the index; that is no damage.
pub(super) fn is_in_use(error: &rocksdb::Error) -> bool {
    let text = error.to_string();
    text.contains("lock hold by current process") || text.contains("While lock file")
}
