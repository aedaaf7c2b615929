//! Several servers on one storage: no blob is lost, no checkout torn, and one sweeps at a time.
//!
//! Two servers with a state each, clients that talk to both, and sweeps on both without a pause.
//! First nobody goes away; then one server is killed in the middle and started again while the other
//! goes on. After each part every promise is compared byte for byte, every blob with its name, and
//! the storage with what servers that have nothing to do leave there.
//!
//! On a local directory, unless `SHAMAN_SHARED_STORAGES=/one/mount:/another/mount` names the ways
//! that two machines have to one storage; the storage is made there and stays. See
//! `docs/internals/crash-safety.md` for what else can be said.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that looks at the disk, says what it did, and fails when a step does"
)]

mod farm;
mod settings;

use farm::Farm;
use settings::Settings;

#[test]
fn servers_on_a_local_directory_lose_nothing_and_neither_does_a_killed_one() {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("storage");
    work_and_be_killed(&Settings::local(&storage));
}

#[test]
fn servers_on_a_shared_file_system_lose_nothing_and_neither_does_a_killed_one() {
    match Settings::shared() {
        Some(settings) => work_and_be_killed(&settings),
        None => eprintln!(
            "\n*** SKIPPED: SHAMAN_SHARED_STORAGES names no storage that is mounted twice. ***\n"
        ),
    }
}

fn work_and_be_killed(settings: &Settings) {
    let mut farm = Farm::start(settings);
    farm.work();
    for _ in 0..settings.kills {
        farm.work_with_a_kill();
    }
    farm.check_lists();
    farm.report();
}
