//! A storage as stock leaves it, read by stock's rules.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use shaman_tests::stock_store::{Blob, Links, Status, StockStore};

const DAY: Duration = Duration::from_hours(24);
const MAX_AGE: Duration = Duration::from_hours(744);

fn store() -> (tempfile::TempDir, StockStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = StockStore::create(&folder.path().join("flamenco")).unwrap();
    (folder, store)
}

/// Stored bytes that nobody used for two months.
fn put_old(store: &StockStore, bytes: &[u8]) -> Blob {
    let blob = store.put(bytes).unwrap();
    store.last_used(&blob, 60 * DAY, SystemTime::now()).unwrap();
    blob
}

#[test]
fn names_modes_and_places_are_those_of_stock() {
    let (_folder, store) = store();
    let blob = store.put(b"").unwrap();
    let sha = "c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let path = store
        .root()
        .join("file-store/stored/e3/b0")
        .with_file_name(format!("b0{sha}"))
        .join("0.blob");
    assert_eq!(store.blob_path(&blob), path);
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o644);

    let upload = store.leave_upload(&Blob::of(b"abc"), b"a").unwrap();
    let name = upload.file_name().unwrap().to_str().unwrap();
    let digits = name.strip_prefix("3-").unwrap().strip_suffix(".tmp").unwrap();
    assert!(digits.len() == 9 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
    assert!(upload.starts_with(store.root().join("file-store/uploading")));
}

#[test]
fn stored_uploading_and_unknown_are_told_apart_by_names_alone() {
    let (_folder, store) = store();
    let (wood, stone, other) = (Blob::of(b"wood"), Blob::of(b"stone"), Blob::of(b"other"));
    store.put_as(&wood, b"w").unwrap();
    store.leave_upload(&stone, b"st").unwrap();
    assert_eq!(
        [&wood, &stone, &other].map(|blob| store.status(blob)),
        [Status::Stored, Status::Uploading, Status::Unknown]
    );
    let longer = Blob { size: 50, ..stone };
    assert_eq!(store.status(&longer), Status::Unknown, "another size is another blob");
    assert_eq!(store.stored(), [wood]);
    assert_eq!(store.all_uploads().len(), 1);
}

#[test]
fn relative_links_move_with_the_storage_and_absolute_ones_do_not() {
    let (folder, store) = store();
    let wood = store.put(b"wood").unwrap();
    let files = [("scene/tex/wood.png", &wood)];
    store.check_out("new/shot", &files, Links::Relative).unwrap();
    store.check_out("old", &files, Links::Absolute).unwrap();
    assert_eq!(store.linked("new/shot", "scene/tex/wood.png"), Some(wood.clone()));
    assert_eq!(store.linked("old", "scene/tex/wood.png"), Some(wood.clone()));
    let target = std::fs::read_link(store.jobs().join("new/shot/scene/tex/wood.png")).unwrap();
    assert!(target.starts_with("../../../../../file-store/stored"), "{}", target.display());

    let moved = folder.path().join("moved");
    std::fs::rename(store.root(), &moved).unwrap();
    let moved = StockStore::open(&moved);
    assert_eq!(moved.read("new/shot", "scene/tex/wood.png").unwrap(), b"wood");
    assert_eq!(moved.linked("old", "scene/tex/wood.png"), None);
}

#[test]
fn a_collection_takes_old_blobs_that_no_checkout_links() {
    let (_folder, store) = store();
    let (used, unused) = (put_old(&store, b"used"), put_old(&store, b"unused"));
    let young = store.put(b"young").unwrap();
    store.check_out("shot", &[("a", &used)], Links::Absolute).unwrap();

    let found = store.would_collect(MAX_AGE, SystemTime::now()).unwrap();
    assert_eq!(
        (found.used, found.unused),
        (vec![store.blob_path(&used)], vec![store.blob_path(&unused)])
    );
    assert_eq!(store.stored().len(), 3, "nothing was deleted yet");

    store.collect(MAX_AGE, SystemTime::now()).unwrap();
    let mut left = [used, young];
    left.sort();
    assert_eq!(store.stored(), left);
    assert!(!store.blob_path(&unused).parent().unwrap().exists());
}

#[test]
fn hard_links_do_not_count_but_keep_the_bytes() {
    let (_folder, store) = store();
    let blob = put_old(&store, b"held by a hard link");
    let link = store.jobs().join("shot");
    std::fs::hard_link(store.blob_path(&blob), &link).unwrap();
    store.collect(MAX_AGE, SystemTime::now()).unwrap();
    assert_eq!(store.status(&blob), Status::Unknown);
    assert_eq!(std::fs::read(link).unwrap(), b"held by a hard link");
}

#[test]
fn a_link_in_the_storages_own_path_makes_used_blobs_look_unused() {
    let (folder, store) = store();
    let blob = put_old(&store, b"used");
    store.check_out("shot", &[("a", &blob)], Links::Relative).unwrap();
    let other_name = folder.path().join("link");
    std::os::unix::fs::symlink(store.root(), &other_name).unwrap();
    assert_eq!(store.would_collect(MAX_AGE, SystemTime::now()).unwrap().unused.len(), 0);
    let through_link =
        StockStore::open(&other_name).would_collect(MAX_AGE, SystemTime::now()).unwrap();
    assert_eq!(through_link.unused.len(), 1);
}

#[test]
fn without_jobs_nothing_is_deleted() {
    let (_folder, store) = store();
    let blob = put_old(&store, b"old");
    std::fs::remove_dir(store.jobs()).unwrap();
    assert!(store.collect(MAX_AGE, SystemTime::now()).is_err());
    assert_eq!(store.status(&blob), Status::Stored);
}
