//! Figures: what the programs cost. One word picks the figure.
//!
//! `cargo run --bin shaman-benches -- delta`: bytes and time of a 1 GiB file of which 1 % changed; with a
//! directory that `scripts/make_saves.py` filled, what is new in a later save of a .blend.
//!
//! `cargo run --bin shaman-benches -- deps`: time and memory of `shaman deps`, against the floor and
//! against Blender Asset Tracer 1.23.
//!
//! `cargo run --bin shaman-benches -- memory`: growth of server and client while a 2 GiB file is
//! submitted, against the limit of 64 MiB.
//!
//! `cargo run --bin shaman-benches -- store`: what the server costs, against what disk, hash and JSON
//! cost without it, and its memory; with a further word (stream, blobs, questions, checkouts, memory,
//! sweep) a part of it.
//!
//! `cargo run --bin shaman-benches -- submit`: a submit and a fetch of 990 files, against reading,
//! hashing and writing them, and against `cp`.
//!
//! `cargo run --bin shaman-benches -- unfold`: time of uploads with the adapter that unfolds request
//! heads, against the same server without it.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod delta;
mod deps;
mod discard;
mod memory;
mod process;
mod project;
mod store;
mod submit;
mod unfold;

use std::process::ExitCode;

fn main() -> ExitCode {
    let ended = match std::env::args().nth(1).as_deref() {
        Some("delta") => delta::run(),
        Some("deps") => deps::run(),
        Some("memory") => memory::run(),
        Some("store") => store::run(std::env::args().nth(2).as_deref()),
        Some("submit") => submit::run(),
        Some("unfold") => unfold::run(),
        _ => Err(anyhow::anyhow!("say which figure: delta, deps, memory, store, submit or unfold")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
