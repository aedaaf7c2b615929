//! Everything at once: uploads, checkouts, erases, sweeps with a grace of seconds, scrubs, reindexes
//! and questions, from 16 clients. Every promise is kept, every answer is one that is documented,
//! and the server does not grow.
//!
//! On ext4 and on XFS, each in an image of its own; where neither can be mounted, loudly, on what
//! holds temporary files. `SHAMAN_STRESS_SECONDS` says how long on each (30 unless said).
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that reads what it is told, says what it did, and fails when a step does"
)]

mod growth;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use growth::Growth;
use shaman_tests::disk::Disk;
use shaman_tests::load::{Load, Outages, Plan, Promises, torn_blobs, wait_until_clean};
use shaman_tests::server::{Server, program};

/// Blobs and trash go as early as they may, so that sweeps and uses of one blob meet.
const YAML: &str = "reserve: 0\ntrash_grace: 1s\nshaman: {garbageCollect: {maxAge: 3s}}\n";

/// As the configuration says.
const GRACE: Duration = Duration::from_secs(3);

const CLIENTS: usize = 16;

/// More than ten minutes of load leave on it.
const DISK_BYTES: u64 = 4 << 30;

/// Between two looks at the server's size.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[test]
fn everything_at_once_keeps_every_promise_and_does_not_grow() {
    let seconds = std::env::var("SHAMAN_STRESS_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    for kind in ["ext4", "xfs"] {
        // One after the other: each is to be under stress, not to wait for the other's disk.
        if let Some(disk) = Disk::new(kind, DISK_BYTES) {
            stress(kind, &disk.storage(), Duration::from_secs(seconds));
        } else {
            let folder = tempfile::tempdir().unwrap();
            eprintln!("\n*** No {kind} can be mounted here; it runs in a temporary folder. ***\n");
            stress(
                "a temporary folder",
                &folder.path().join("storage"),
                Duration::from_secs(seconds),
            );
        }
    }
}

fn stress(kind: &str, storage: &Path, time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(storage, folder.path(), YAML);
    let clients = (0..CLIENTS).map(|_| Promises::default()).collect();
    let plan = Plan {
        servers: vec![server.address()],
        grace: GRACE,
        keep: 10,
        outages: Outages::Complained,
        read_in: None,
    };
    let mut growth = Growth::of(server.id());
    let load = Load::start(&plan, time.as_secs(), clients);
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::thread::sleep(LOOK_EVERY);
        growth.look();
    }
    let (mut clients, sweeps) = load.stop();
    assert!(sweeps.complaints.is_empty(), "{kind}: {:#?}", sweeps.complaints);
    let jobs = server.jobs();
    assert!(server.stop(Duration::from_secs(30)), "{kind}: it stops when it is asked to");
    // Empty directories of uploads are for the next start.
    let again = Server::start(storage, folder.path(), YAML);
    let left = wait_until_clean(storage, 1);
    assert!(left.is_empty(), "{kind}: left over {left:#?}");
    assert!(again.stop(Duration::from_secs(30)), "{kind}: it stops when it is asked to");
    for client in &mut clients {
        client.check(&jobs);
        assert!(client.complaints.is_empty(), "{kind}: {:#?}", client.complaints);
    }
    let (torn, blobs) = torn_blobs(storage);
    assert!(torn.is_empty(), "{kind}: torn {torn:?}");
    check_offline(storage, &folder.path().join("state"));
    let sum = |of: fn(&Promises) -> u64| clients.iter().map(of).sum::<u64>();
    eprintln!(
        "{kind}, {} s, {CLIENTS} clients: {} checkouts promised and {} erased, {} compared, {} blobs sent; \
         {} sweeps took {} blobs, {} scrubs and {} reindexes asked for; {blobs} blobs at the end, 0 promises broken; {growth}",
        time.as_secs(),
        sum(|client| client.made),
        sum(|client| client.taken_away),
        sum(|client| client.compared),
        sum(|client| client.sent),
        sweeps.ran,
        sweeps.swept,
        sweeps.scrubs,
        sweeps.reindexes,
    );
    assert!(sum(|client| client.taken_away) > 0, "{kind}: the load got somewhere");
    assert!(time < Duration::from_secs(20) || sweeps.swept > 0, "{kind}: sweeps got somewhere");
    growth.refuse();
}

/// `shaman-server check` has nothing to say either.
fn check_offline(storage: &Path, state: &Path) {
    let check = Command::new(program("shaman-server"))
        .args(["check", "--read-data", "100%", "--storage"])
        .arg(storage)
        .arg("--state")
        .arg(state)
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}
