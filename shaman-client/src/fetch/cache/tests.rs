use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobSize, Digest};

use super::*;

/// A moment for each test's first use of a blob; later ones are a day apart.
fn days(number: u64) -> Clock {
    const DAYS: [Clock; 4] = [
        || UNIX_EPOCH + Duration::from_hours(24 * 20_000),
        || UNIX_EPOCH + Duration::from_hours(24 * 20_001),
        || UNIX_EPOCH + Duration::from_hours(24 * 20_002),
        || UNIX_EPOCH + Duration::from_hours(24 * 20_003),
    ];
    DAYS[usize::try_from(number).unwrap()]
}

fn blob(text: &str) -> BlobRef {
    let digest = Digest::from_bytes(Sha256::digest(text).into());
    BlobRef::new(digest, BlobSize::new(text.len() as u64).unwrap())
}

fn put(cache: &BlobCache, text: &str) -> BlobRef {
    let blob = blob(text);
    let mut coming = cache.coming(&blob, &Stop::default()).unwrap().unwrap();
    coming.push(text.as_bytes()).unwrap();
    assert_eq!(cache.commit(coming, &blob).unwrap(), Committed::Stored);
    blob
}

fn write(path: &Path, text: &str) {
    let mut rights = path.metadata().unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o644);
    fs::set_permissions(path, rights).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn what_was_fetched_is_found_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(folder.path(), days(0)).unwrap();
    let blob = put(&cache, "pixels");
    let path = cache.find(&blob).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "pixels");
    assert!(path.metadata().unwrap().permissions().readonly());
    let again = BlobCache::open(folder.path(), days(1)).unwrap();
    assert_eq!(again.find(&blob), Some(path));
}

#[test]
fn what_somebody_wrote_to_is_not_the_blob_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(folder.path(), days(0)).unwrap();
    let blob = put(&cache, "pixels");
    let path = cache.find(&blob).unwrap();
    write(&path, "pixelz");
    assert_eq!(cache.find(&blob), None);
    assert!(!path.exists());
    // Written to, and yet what it was.
    put(&cache, "pixels");
    write(&path, "pixels");
    assert_eq!(cache.find(&blob), Some(path.clone()));
    assert!(mark::is_set(&path.metadata().unwrap(), &blob), "so that it is not read each time");
}

#[test]
fn a_blob_that_came_halfway_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(folder.path(), days(0)).unwrap();
    let (blob, stop) = (blob("pixels"), Stop::default());
    let mut coming = cache.coming(&blob, &stop).unwrap().unwrap();
    coming.push(b"pix").unwrap();
    assert!(cache.coming(&blob, &stop).unwrap().is_none(), "by one at a time");
    drop(coming);
    assert_eq!(cache.find(&blob), None);
    let mut coming = cache.coming(&blob, &stop).unwrap().unwrap();
    assert_eq!(coming.here(), 3);
    coming.push(b"els").unwrap();
    assert!(coming.is_whole());
    assert_eq!(cache.commit(coming, &blob).unwrap(), Committed::Stored);
    assert!(cache.find(&blob).is_some());
}

#[test]
fn bytes_that_are_not_the_blob_never_get_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(folder.path(), days(0)).unwrap();
    let (blob, stop) = (blob("pixels"), Stop::default());
    for wrong in ["pixelz", "pixels and more", "pix"] {
        let mut coming = cache.coming(&blob, &stop).unwrap().unwrap();
        coming.push(wrong.as_bytes()).unwrap();
        assert_eq!(cache.commit(coming, &blob).unwrap(), Committed::Mismatched, "{wrong}");
        assert_eq!(cache.find(&blob), None);
        assert_eq!(cache.coming(&blob, &stop).unwrap().unwrap().here(), 0);
    }
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let on = |day| BlobCache::open(folder.path(), days(day)).unwrap();
    let [old, used, new] = [put(&on(0), "old"), put(&on(0), "usd"), put(&on(1), "new")];
    assert!(on(2).find(&used).is_some());
    assert_eq!(on(3).evict(9).unwrap(), 0);
    assert_eq!(on(3).evict(8).unwrap(), 3);
    let is_there = |blob: &BlobRef| on(3).stored(blob).exists();
    assert_eq!([old, used, new].map(|blob| is_there(&blob)), [false, true, true]);
    on(3).evict(5).unwrap();
    assert_eq!([used, new].map(|blob| is_there(&blob)), [true, false]);
}

#[test]
fn what_a_running_fetch_needs_stays_and_what_it_needed_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(folder.path(), days(0)).unwrap();
    let (kept, other, half) = (put(&cache, "kept"), put(&cache, "other"), blob("half a blob"));
    let lease = cache.lease(&[kept, half]).unwrap();
    let mut coming = cache.coming(&half, &Stop::default()).unwrap().unwrap();
    coming.push(b"half").unwrap();
    drop(coming);
    // A lease of a process that was killed.
    fs::write(cache.dir.join("leases/0123456789abcdef"), other.digest.as_bytes()).unwrap();
    assert_eq!(cache.evict(0).unwrap(), 5);
    assert!(cache.find(&kept).is_some() && cache.find(&other).is_none());
    assert_eq!(fs::read_dir(cache.dir.join("leases")).unwrap().count(), 1);
    drop(lease);
    assert_eq!(cache.evict(0).unwrap(), 8, "what came of a blob counts, too");
    assert!(cache.find(&kept).is_none());
}

#[test]
fn what_stands_in_a_directory_takes_no_room_of_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(folder.path(), days(0)).unwrap();
    let (linked, other) = (put(&cache, "linked"), put(&cache, "other"));
    fs::hard_link(cache.find(&linked).unwrap(), folder.path().join("a.png")).unwrap();
    assert_eq!(cache.evict(5).unwrap(), 0);
    assert_eq!(cache.evict(0).unwrap(), 5);
    assert!(cache.find(&linked).is_some() && cache.find(&other).is_none());
}

#[test]
fn a_cache_that_cannot_be_used_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = BlobCache::open(&file, SystemTime::now).unwrap_err().to_string();
    assert!(error.contains("file/blobs-v1") && error.contains("--cache"), "{error}");
}
