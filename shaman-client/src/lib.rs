//! Finds what a .blend needs, uploads what the server lacks, and asks for a checkout.
//!
//! ```text
//!  commands              what a person types; the only layer that prints
//!     │
//!   ┌─┴────┬───────┐
//! submit  copy  approach   submit: hash → ask → upload → check out · copy: a tree or an archive
//!   │      │    verify     approach: which of them, or neither · verify: is all of it there?
//!   │      │    diff       diff: what differs between two
//!   │      │    fetch      fetch: a checkout as a directory here
//!   │      │    job        job: what the Manager is told of it
//!   ├──────┼───────┐
//! upload  hash   pack      upload: blobs to the server · hash: files to blob refs
//!   │              │       pack: where each file lies in the checkout, and what .blends say there
//!   │      │     trace     which files a .blend needs; its cache knows files as `hash` does
//!   │      └───────┤
//!  api           blend     api: one method an endpoint · blend: bytes to blocks and fields
//!
//!  progress, places,       leaves; `progress` is told by all, and prints in `commands` only
//!  cli, stop, threads,     stop: ends work early · aside: what is built and not named yet
//!  aside
//! ```
//!
//! Lines point down: a module names only what stands below it.

pub mod api;
pub mod approach;
pub mod aside;
pub mod blend;
pub mod cli;
pub mod commands;
pub mod copy;
pub mod diff;
pub mod fetch;
pub mod hash;
pub mod job;
pub mod pack;
pub mod places;
pub mod progress;
pub mod stop;
pub mod submit;
mod threads;
pub mod trace;
pub mod upload;
pub mod verify;
