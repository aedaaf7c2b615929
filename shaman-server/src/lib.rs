//! A content-addressed file server for Blender render farms.
//!
//! ```text
//!    a request                     a timer                   a command line
//!        │                            │                            │
//!  5  http/  ─────────────────────  tasks/  ───────────────────  commands/      who asks
//!        └───────────────┬────────────┘────────────────────────────┘
//!  4                   ops/          one verb per file                           what is done
//!                 ┌──────┼───────────────┐
//!  3            live/    │               │      in memory, gone at exit          who is doing what now
//!                 │      │               │
//!  2              │    store/          index/   store: the truth, files on disk  what there is
//!                 │      │               │      index: derived, may be deleted
//!  0                shaman-proto                digests, sizes, paths, wire shapes
//! ```
//!
//! Lines point down; `tests/it/layers.rs` reads the source and says so. `app` builds everything
//! and hands it down, `access` decides who may do what, `cli` holds the words of the command line, `config` what they mean together
//! with `shaman.yaml`, and `tls` reads certificates.

pub mod access;
pub mod app;
pub mod audit;
pub mod cli;
pub mod commands;
pub mod config;
pub mod http;
pub mod index;
pub mod live;
pub mod manager;
pub mod ops;
pub mod otlp;
pub mod process;
pub mod reload;
pub mod store;
pub mod systemd;
pub mod tasks;
pub mod tls;
pub mod upkeep;
