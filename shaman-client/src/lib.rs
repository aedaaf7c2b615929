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
//!
//! # As a library
//!
//! What the program can do, others can: nothing outside of [`commands`] prints, reads the
//! environment or ends the process. Errors are types, each a sentence that says what to do.
//!
//! * **Progress** goes to a [`progress::Listener`]: a callback, or a channel
//!   ([`progress::channel`]).
//! * **Cancelling**: drop the future, or ask a [`stop::Stop`] where one is taken. What was half made
//!   goes away, what is worth keeping (names of files, blobs that were sent or fetched, parts of
//!   large ones) is kept, and the next run goes on from there.
//! * **Runtime**: futures run on any Tokio runtime with IO and time enabled; hashing and disks are on
//!   threads of their own.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::SystemTime;
//!
//! use shaman_client::api::Api;
//! use shaman_client::hash::HashCache;
//! use shaman_client::upload::Delta;
//! use shaman_client::{pack, progress, submit, trace};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let api = Api::new("http://farm:8080")?;
//! let (listener, events) = progress::channel();
//! std::thread::spawn(move || events.iter().for_each(|event| eprintln!("{event:?}")));
//!
//! let traced = trace::trace("shots/shot_010.blend".as_ref(), None)?;
//! let plan = pack::from_trace(&traced, "film/shot_010".to_owned())?;
//! let shelf = Arc::new(pack::Shelf::open(None));
//! let cache = Arc::new(HashCache::none());
//!
//! let clock = SystemTime::now;
//! let done =
//!     submit::submit_plan(&api, plan, shelf, &cache, clock, Delta::Auto, &listener).await?;
//! println!("{} with {} files", done.checkout, done.files);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/roundtrip.rs` submits a directory and fetches it again, with a progress line and an
//! end on Ctrl-C.

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
pub mod secret;
pub mod stop;
pub mod submit;
mod threads;
pub mod trace;
pub mod upload;
pub mod verify;
