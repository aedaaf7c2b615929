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
mod upload;
mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs what was asked for and gives the exit status: 0 done, 1 failed (one sentence on stderr
/// says why), 2 wrong usage (by the argument parser).
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::Deps(args) => deps::run(&args),
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
