//! Large files that resemble what the server has: what travels, and how long that takes.
//!
//! `delta` alone: a file of 1 GiB of which 1 % changes in ten places. `delta DIR`: what `scripts/
//! make_saves.py` saved with real Blender, cut in several ways.

mod changed;
mod frames;
mod saves;

use std::path::Path;

pub(crate) fn run() -> anyhow::Result<()> {
    match std::env::args().nth(2) {
        Some(dir) => saves::run(Path::new(&dir)),
        None => changed::run(),
    }
}
