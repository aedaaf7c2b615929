//! The client against a server that behaves as a test says: Flamenco's own, a broken one, a slow one.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests make files, and a failed step is a failed test"
)]

mod approaches;
mod blobs;
mod diffing;
mod farm;
mod faults;
mod fetching;
mod jobs;
mod library;
mod packs;
mod peer;
mod silence;
mod verifying;
mod words;
