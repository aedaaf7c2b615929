//! From parsed words to one function each. The only layer that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this layer talks to the person")]

mod copying;
mod creating;
mod deps;
mod ending;
mod pack;
mod packing;
mod ping;
mod sending;
mod show;
mod submit;
mod tree;
mod upload;
mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Exit status of `deps --missing-only` when something is missing.
const MISSING: u8 = 3;

/// Runs what was asked for and gives the exit status: 0 done, 1 failed (one sentence on stderr
/// says why), 2 wrong usage (by the argument parser), 3 files are missing and were asked about.
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::Deps(args) => match deps::run(&args) {
            Ok(deps::Ended::Missing) => return ExitCode::from(MISSING),
            other => other.map(|_| ()),
        },
        Command::Pack(args) => pack::run(&args),
        Command::Ping(args) => ping::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Upload(args) => upload::run(&args),
        Command::Verify(args) => verify::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
