//! How long damaged files are kept, with a clock that is set.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use shaman_proto::{BlobRef, ManifestEntry};
use shaman_server::ops::{Limits, Ops, Thorough, Wanted};

use crate::support::{Blob, files_below, opened, upload};

const DAY: Duration = Duration::from_hours(24);

fn check_out(ops: &Ops, name: &str, blob: &Blob) {
    let BlobRef { digest, size } = blob.named();
    let files = vec![ManifestEntry { path: "a".parse().unwrap(), size, sha256: digest }];
    ops.check_out(Wanted { checkout: name.parse().unwrap(), files, blend: None, owner: None })
        .unwrap();
}

fn write_over(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, "*****").unwrap();
}

#[test]
fn damaged_files_go_after_a_month_unless_somebody_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    let before = opened(folder.path(), Limits::default(), || SystemTime::now() - 40 * DAY);
    let [healed, standing, wanted, unnamed] = ["heals", "stand", "wants", "alone"].map(Blob::new);
    for blob in [&healed, &standing, &wanted, &unnamed] {
        upload(&before, blob);
        write_over(&folder.path().join("storage").join(blob.below_storage()));
    }
    for (name, blob) in [("standing", &standing), ("wanted", &wanted)] {
        // What was checked out was whole.
        let path = folder.path().join("storage").join(blob.below_storage());
        std::fs::write(&path, &blob.bytes).unwrap();
        check_out(&before, name, blob);
        write_over(&path);
    }
    before.scrub(u64::MAX, || true).unwrap();
    let quarantine = || {
        let files = files_below(&folder.path().join("storage/file-store/quarantine"));
        let name = |path: &std::path::PathBuf| {
            path.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned()
        };
        let mut names: Vec<String> = files.iter().map(name).collect();
        names.sort();
        names
    };
    assert_eq!(quarantine().len(), 4);
    upload(&before, &healed);
    std::fs::remove_file(folder.path().join("storage/jobs/wanted/a")).unwrap();
    assert_eq!(before.empty_quarantine().unwrap(), 0, "they are young");
    drop(before);

    let now = opened(folder.path(), Limits::default(), SystemTime::now);
    assert_eq!(now.empty_quarantine().unwrap(), 2);
    let mut kept = [standing.sha.clone(), wanted.sha.clone()];
    kept.sort();
    assert_eq!(quarantine(), kept);
    for blob in [&standing, &wanted] {
        upload(&now, blob);
    }
    now.heal(Thorough::Yes).unwrap();
    assert_eq!(now.empty_quarantine().unwrap(), 2);
    assert_eq!(std::fs::read(folder.path().join("storage/jobs/standing/a")).unwrap(), b"stand");
}
