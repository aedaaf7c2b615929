//! From parsed words to one function each.

mod serve;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs what was asked for and gives the exit status: 0 done, 1 failed (one sentence on stderr
/// says why), 2 wrong usage (by the argument parser).
#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
