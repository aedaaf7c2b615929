//! From parsed words to one function each. The only layer that prints.
#![expect(clippy::print_stderr, reason = "this layer talks to the person")]

/// A line on stdout, for whoever asked.
macro_rules! say {
    ($($words:tt)*) => { $crate::commands::say(format_args!($($words)*)) };
}

mod checkouts;
mod completions;
mod copying;
mod creating;
mod damage;
mod deps;
mod diff;
mod doctor;
mod ending;
mod exit;
mod fetch;
mod gc;
mod man;
mod pack;
mod packing;
mod ping;
mod reaching;
mod reindex;
mod scrub;
mod sending;
mod show;
mod status;
mod stopping;
mod submit;
mod tree;
mod upload;
mod verify;

use std::fmt::Arguments;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::cli::{Cli, Command};

pub use exit::Exit;

/// Runs what was asked for and gives the [`Exit`] status; when it failed, one sentence on stderr
/// says why.
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::Deps(args) => match deps::run(&args) {
            Ok(deps::Ended::Missing) => return Exit::Found.into(),
            other => other.map(|_| ()),
        },
        Command::Pack(args) => pack::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Checkouts(args) => checkouts::run(&args.verb),
        Command::Damage(args) => match damage::run(&args) {
            Ok(damage::Ended::Damaged) => return Exit::Found.into(),
            other => other.map(|_| ()),
        },
        Command::Diff(args) => match diff::run(&args) {
            Ok(diff::Ended::Differ) => return Exit::Found.into(),
            other => other.map(|_| ()),
        },
        Command::Fetch(args) => fetch::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Ping(args) => ping::run(&args),
        Command::Scrub(args) => scrub::run(&args),
        Command::Reindex(args) => reindex::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Upload(args) => upload::run(&args),
        Command::Verify(args) => verify::run(&args),
    };
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Failed.into()
        }
    }
}

/// Writes a line to stdout. Whoever stops reading, as `head` does, has read enough: what was asked for
/// goes on to its end, and its exit status says how that was.
fn say(line: Arguments<'_>) {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.expect("standard output takes what is written to it"),
    }
}
