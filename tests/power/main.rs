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

use std::path::Path;
use std::time::Duration;

use load::{Load, Promises};
use shaman_tests::disk::Disk;
use shaman_tests::server::Server;

#[test]
fn on_ext4_every_promise_survives_the_power() {
    cut_again_and_again("ext4", Servers::One);
}

/// What one server received another one checks out, which has to know that it is not flushed.
#[test]
fn checkouts_of_what_another_server_received_survive_the_power() {
    cut_again_and_again("ext4", Servers::Two);
}

#[test]
fn on_xfs_every_promise_survives_the_power() {
    cut_again_and_again("xfs", Servers::One);
}

/// How many servers there are on the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Servers {
    One,
    /// One receives, the other checks out.
    Two,
}

/// After so many cuts all promises are compared, those of all cuts before, too; between them the
/// recent ones, or the time for it would grow with the square of the cuts.
const ALL_EVERY: u32 = 20;

fn cut_again_and_again(kind: &str, servers: Servers) {
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
    let other_folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut promises, mut recent) = (Promises::default(), Promises::default());
    let start = |storage: &Path| {
        let other = (servers == Servers::Two)
            .then(|| Server::start(storage, other_folder.path(), "reserve: 0"));
        (Server::start(storage, folder.path(), "reserve: 0"), other)
    };
    let (mut server, mut other) = start(&disk.storage());
    let mut lost = 0;
    for cut in 0..cuts {
        let uploads = other.as_ref().unwrap_or(&server).address();
        let load = Load::start(uploads, server.address(), cut);
        std::thread::sleep(Duration::from_millis(100 + random.u64(..700)));
        disk.cut();
        recent.add(load.stop());
        drop((server, other));
        disk.mount_again();
        (server, other) = start(&disk.storage());
        lost += recent.check(&server);
        if (cut + 1) % ALL_EVERY == 0 || cut + 1 == cuts {
            promises.add(std::mem::take(&mut recent));
            lost += promises.check(&server);
        }
    }
    eprintln!(
        "{kind}, {servers:?}: {cuts} cuts, {} checkouts and {} blobs promised, 0 broken; {lost} blobs without a checkout were lost and said to be",
        promises.checkouts(),
        promises.blobs(),
    );
    assert!(promises.checkouts() > 0, "the load got somewhere");
}
