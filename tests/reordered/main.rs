//! What a disk may hold when the power goes, if it writes in any order between two flushes.
//!
//! ```text
//!  record   in a machine whose disk keeps a log of its writes (dm-log-writes): a server, clients, and
//!           a mark in the log for each promise
//!  replay   elsewhere, later: for many flushes in that log, the disk as it was at the flush before,
//!           and any of the writes since; mounted, served, and compared with the promises until then
//! ```
//!
//! `scripts/reordered-writes.sh` does both.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that looks at the disk, says what it did, and fails when a step does"
)]

mod log;
mod promises;
mod record;
mod replay;

use std::path::Path;
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["record", folder, promises, seconds] => {
            let lasts = Duration::from_secs(seconds.parse().unwrap());
            record::record(Path::new(folder), Path::new(promises), lasts);
        }
        ["replay", image, log, promises, points] => {
            let [image, log, promises] = [image, log, promises].map(Path::new);
            replay::replay(image, log, promises, points.parse().unwrap());
        }
        _ => panic!("see scripts/reordered-writes.sh"),
    }
}
