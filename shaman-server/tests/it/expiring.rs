//! Checkouts that expire, with a clock that is set.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use shaman_proto::{BlobRef, CheckoutPath, ManifestEntry};
use shaman_server::ops::{Expiry, JobsFrom, Limits, ListedJob, Ops, Wanted};
use shaman_server::store::StoredPin;

use crate::support::{Blob, opened, upload};

const DAY: Duration = Duration::from_hours(24);

fn check_out(ops: &Ops, name: &str) -> CheckoutPath {
    let blob = Blob::new("bytes");
    upload(ops, &blob);
    let BlobRef { digest: sha256, size } = blob.named();
    let files = vec![ManifestEntry { path: "a".parse().unwrap(), size, sha256 }];
    let wanted = Wanted { checkout: name.parse().unwrap(), files, blend: None, owner: None };
    ops.check_out(wanted).unwrap().checkout
}

#[test]
fn old_checkouts_expire_unless_a_job_has_them_or_they_are_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { expiry: Expiry::ByAge, ..Limits::default() };
    let before = opened(folder.path(), limits.clone(), || SystemTime::now() - 40 * DAY);
    let old = check_out(&before, "old");
    let (named, owned, pinned) =
        (check_out(&before, "named"), check_out(&before, "owned"), check_out(&before, "pinned"));
    let reason = "of record".to_owned();
    before.pin(&StoredPin { checkout: pinned.clone(), reason, until: None }).unwrap();
    drop(before);
    let now = opened(folder.path(), limits, SystemTime::now);
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
