//! The server is killed where it stands: what was promised is still there, and nothing is left over.
//!
//! Clients submit, read and erase while sweeps run with a grace of seconds; `kill -9` ends the
//! server at a random moment, now and then also the one that starts after it. Then each promise is
//! compared byte for byte, every blob with its name, and the storage with what a server that has
//! nothing to do leaves there.
//!
//! `SHAMAN_KILLS` says how often (25 unless said).
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that looks at the disk, says what it did, and fails when a step does"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use shaman_tests::load::{
    Load, Outages, Plan, Promises, Sweeps, leftovers, torn_blobs, wait_until_clean,
};
use shaman_tests::server::{Server, program};
use shaman_tests::wire::ask;

const YAML: &str = "reserve: 0\ntrash_grace: 1s\nshaman: {garbageCollect: {maxAge: 3s}}\n";

/// As the configuration says.
const GRACE: Duration = Duration::from_secs(3);

#[test]
fn every_promise_survives_a_kill_and_nothing_is_left_over() {
    let kills: u32 =
        std::env::var("SHAMAN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25);
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("storage");
    let mut random = fastrand::Rng::with_seed(11);
    let mut clients: Vec<Promises> = (0..4).map(|_| Promises::default()).collect();
    let mut sweeps = Sweeps::default();
    let mut server = Server::start(&storage, folder.path(), YAML);
    let mut found_after_kills = 0;
    for kill in 0..kills {
        let plan = Plan {
            servers: vec![server.address()],
            grace: GRACE,
            keep: 10,
            outages: Outages::Expected,
            read_in: None,
        };
        let load = Load::start(&plan, u64::from(kill), clients);
        std::thread::sleep(Duration::from_millis(50 + random.u64(..500)));
        load.wind_down();
        server.kill();
        let (ended, swept) = load.stop();
        (clients, sweeps) = (ended, {
            sweeps.add(swept);
            sweeps
        });
        found_after_kills += leftovers(&storage, 0).len();
        if random.u8(..4) == 0 {
            kill_while_it_starts(&storage, folder.path(), Duration::from_millis(random.u64(..60)));
        }
        server = Server::start(&storage, folder.path(), YAML);
        let left = wait_until_clean(&storage, 1);
        assert!(left.is_empty(), "left over after kill {kill}: {left:#?}");
        let (torn, _) = torn_blobs(&storage);
        assert!(torn.is_empty(), "torn after kill {kill}: {torn:?}");
        for client in &mut clients {
            client.check(&server.jobs());
            assert!(client.complaints.is_empty(), "after kill {kill}: {:#?}", client.complaints);
        }
        assert!(sweeps.complaints.is_empty(), "after kill {kill}: {:#?}", sweeps.complaints);
        erase_what_nobody_was_told_of(&server, &clients);
    }
    let sum = |of: fn(&Promises) -> u64| clients.iter().map(of).sum::<u64>();
    eprintln!(
        "{kills} kills: {} checkouts promised and {} erased, {} compared, {} blobs sent; {} sweeps took {} blobs; \
         {found_after_kills} leftovers before the restarts, 0 after; 0 promises broken",
        sum(|client| client.made),
        sum(|client| client.taken_away),
        sum(|client| client.compared),
        sum(|client| client.sent),
        sweeps.ran,
        sweeps.swept,
    );
    assert!(sum(|client| client.taken_away) > 0, "the load got somewhere");
    assert!(kills < 25 || sweeps.swept > 0, "the sweeps got somewhere");
    assert!(kills < 25 || found_after_kills > 0, "kills leave something to be cleared");
}

/// Starts a server and kills it after this time, ready or not.
fn kill_while_it_starts(storage: &Path, folder: &Path, after: Duration) {
    let mut child = Command::new(program("shaman-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--storage"])
        .arg(storage)
        .arg("--state")
        .arg(folder.join("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A create whose answer was lost may have got a name with a suffix, which its client does not
/// know. All the server lists is either somebody's or erased here, so that the storage stays small.
fn erase_what_nobody_was_told_of(server: &Server, clients: &[Promises]) {
    for checkout in listed(server.address()) {
        assert!(server.jobs().join(&checkout).is_dir(), "{checkout} is listed and not there");
        if !clients.iter().any(|client| client.has(&checkout)) {
            let url = format!("/v1/checkouts/{checkout}");
            let answer = ask(server.address(), "DELETE", &url, &[], b"").unwrap();
            assert_eq!(answer.status, 204, "{checkout}: {}", answer.text());
        }
    }
}

fn listed(server: SocketAddr) -> Vec<String> {
    let answer = ask(server, "GET", "/v1/checkouts", &[], b"").unwrap();
    let list: Value = serde_json::from_slice(&answer.body).unwrap();
    let rows = list["checkouts"].as_array().unwrap();
    rows.iter().map(|row| row["checkout"].as_str().unwrap().to_owned()).collect()
}
