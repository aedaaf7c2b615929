//! The power goes: what was promised is still there.
//!
//! A file system on a loop device, a server on it, clients that upload and check out and write
//! down what they were promised. Then the file system is shut down in the middle, as a power cut
//! would (nothing that was not flushed reaches the disk), mounted again, and each promise is
//! compared, byte for byte.
//!
//! As root with loop devices only; loudly skipped elsewhere. `SHAMAN_POWER_CUTS` says how many cuts
//! there are on each file system (10 unless said).
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that looks at the disk, says what it did, and fails when a step does"
)]

mod load;

use std::time::Duration;

use load::{Load, Promises};
use shaman_tests::disk::Disk;
use shaman_tests::server::Server;

#[test]
fn on_ext4_every_promise_survives_the_power() {
    cut_again_and_again("ext4");
}

#[test]
fn on_xfs_every_promise_survives_the_power() {
    cut_again_and_again("xfs");
}

fn cut_again_and_again(kind: &str) {
    let cuts: u32 =
        std::env::var("SHAMAN_POWER_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(10);
    let Some(mut disk) = Disk::new(kind, 4 << 30) else {
        eprintln!(
            "\n*** SKIPPED: no {kind} can be mounted and shut down here, so no power was cut. ***\n"
        );
        return;
    };
    // State and log are on another disk, which keeps its power.
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut promises = Promises::default();
    let mut server = Server::start(&disk.storage(), folder.path(), "reserve: 0");
    let mut lost = 0;
    for cut in 0..cuts {
        let load = Load::start(server.address(), cut);
        std::thread::sleep(Duration::from_millis(100 + random.u64(..700)));
        disk.cut();
        promises.add(load.stop());
        drop(server);
        disk.mount_again();
        server = Server::start(&disk.storage(), folder.path(), "reserve: 0");
        lost += promises.check(&server);
    }
    eprintln!(
        "{kind}: {cuts} cuts, {} checkouts and {} blobs promised, 0 broken; {lost} blobs without a checkout were lost and said to be",
        promises.checkouts(),
        promises.blobs(),
    );
    assert!(promises.checkouts() > 0, "the load got somewhere");
}
