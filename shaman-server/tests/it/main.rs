//! The server as its clients see it: a real process, real sockets, real files.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the disk behind the server's back, and a failed step is a failed test"
)]

mod checkouts;
mod hostile;
mod layers;
mod restarts;
mod statuses;
mod support;
mod uploads;

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
