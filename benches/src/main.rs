//! Figures: what the programs cost. One word picks the figure.
//!
//! `cargo run -p shaman-benches -- memory`: growth of server and client while a 2 GiB file is
//! submitted, against the limit of 64 MiB.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod memory;

use std::process::ExitCode;

fn main() -> ExitCode {
    let ended = match std::env::args().nth(1).as_deref() {
        Some("memory") => memory::run(),
        _ => Err(anyhow::anyhow!("say which figure: memory")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
