//! From parsed words to one function each. The only layer that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this layer talks to the person")]

mod checkouts;
mod copying;
mod creating;
mod damage;
mod deps;
mod diff;
mod ending;
mod fetch;
mod gc;
mod pack;
mod packing;
mod ping;
mod scrub;
mod sending;
mod show;
mod status;
mod stopping;
mod submit;
mod tree;
mod upload;
mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Exit status when what was asked about is there: `deps --missing-only` found something missing,
/// `damage` something damaged, `diff` something that differs.
const FOUND: u8 = 3;

/// Runs what was asked for and gives the exit status: 0 done, 1 failed (one sentence on stderr
/// says why), 2 wrong usage (by the argument parser), 3 what was asked about is there:
/// missing files, damage, a difference.
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::Deps(args) => match deps::run(&args) {
            Ok(deps::Ended::Missing) => return ExitCode::from(FOUND),
            other => other.map(|_| ()),
        },
        Command::Pack(args) => pack::run(&args),
        Command::Checkouts(args) => checkouts::run(&args.verb),
        Command::Damage(args) => match damage::run(&args) {
            Ok(damage::Ended::Damaged) => return ExitCode::from(FOUND),
            other => other.map(|_| ()),
        },
        Command::Diff(args) => match diff::run(&args) {
            Ok(diff::Ended::Differ) => return ExitCode::from(FOUND),
            other => other.map(|_| ()),
        },
        Command::Fetch(args) => fetch::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Ping(args) => ping::run(&args),
        Command::Scrub(args) => scrub::run(&args),
        Command::Status(args) => status::run(&args),
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
