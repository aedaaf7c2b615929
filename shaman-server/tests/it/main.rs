//! The server as its clients see it: a real process, real sockets, real files.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests look at the disk behind the server's back, a failed step is a failed test, and a test that is skipped says so"
)]

mod access;
mod alone;
mod checkouts;
mod dashboard;
mod doctor;
mod expiring;
mod hostile;
mod indexing;
mod job_names;
mod layers;
mod limits;
mod manual;
mod native;
mod offline;
mod otlp;
mod placing;
mod quarantine;
mod reference;
mod restarts;
mod scrubbing;
mod status;
mod statuses;
mod support;
mod sweeping;
mod systemd;
mod taken;
mod tls;
mod uploads;
mod waiting;
mod watching;
mod wire;

#[test]
fn no_file_here_is_forgotten() {
    let listed = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || listed.contains(&format!("mod {module};")),
            "{name} is not in main.rs"
        );
    }
}
