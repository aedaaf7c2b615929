//! Checkouts that expire, with a clock that is set.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use shaman_proto::{BlobRef, CheckoutPath, ManifestEntry};
use shaman_server::index::Index;
use shaman_server::ops::{Begun, Expiry, JobsFrom, Limits, ListedJob, Ops, Wanted};
use shaman_server::store::{Store, StoredPin};

use crate::support::Blob;

const DAY: Duration = Duration::from_hours(24);

fn opened(folder: &Path, clock: fn() -> SystemTime) -> Ops {
    let now = clock().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (store, _) = Store::open(&folder.join("storage"), now).unwrap();
    let index = Index::open(&folder.join("state")).unwrap();
    let limits = Limits { expiry: Expiry::ByAge, ..Limits::default() };
    let ops = Ops::new(store, index, None, limits, clock);
    ops.reindex(|| true).unwrap();
    ops
}

fn check_out(ops: &Ops, name: &str) -> CheckoutPath {
    let blob = Blob::new("bytes");
    let (sha256, size) = (blob.sha.parse().unwrap(), blob.size().to_string().parse().unwrap());
    if let Begun::Receiving(mut upload) = ops.begin_upload(BlobRef::new(sha256, size)).unwrap() {
        upload.write(&blob.bytes).unwrap();
        ops.finish_upload(upload).unwrap();
    }
    let files = vec![ManifestEntry { path: "a".parse().unwrap(), size, sha256 }];
    let wanted = Wanted { checkout: name.parse().unwrap(), files, blend: None, owner: None };
    ops.check_out(wanted).unwrap().checkout
}

#[test]
fn old_checkouts_expire_unless_a_job_has_them_or_they_are_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let before = opened(folder.path(), || SystemTime::now() - 40 * DAY);
    let old = check_out(&before, "old");
    let (named, owned, pinned) =
        (check_out(&before, "named"), check_out(&before, "owned"), check_out(&before, "pinned"));
    let reason = "of record".to_owned();
    before.pin(&StoredPin { checkout: pinned.clone(), reason, until: None }).unwrap();
    drop(before);
    let now = opened(folder.path(), SystemTime::now);
    let young = check_out(&now, "young");
    let expire = |jobs| now.expire(30 * DAY, jobs, || true).unwrap().erased;
    assert!(expire(JobsFrom::Manager).is_empty(), "its list was never read");
    let job = |id: &str, checkout: Option<CheckoutPath>, text: &str| ListedJob {
        id: id.into(),
        checkout,
        texts: vec![ListedJob::as_path(text)],
    };
    let jobs = [job("1", Some(owned.clone()), ""), job("2", None, "{jobs}/named/scene.blend")];
    now.follow(&jobs, |_| false, &HashSet::new()).unwrap();
    assert_eq!(expire(JobsFrom::Manager), [old]);
    for checkout in [&named, &owned, &pinned, &young] {
        assert!(now.manifest(checkout).unwrap().is_some(), "{checkout}");
        assert!(folder.path().join("storage/jobs").join(checkout.as_str()).is_dir());
    }
}
