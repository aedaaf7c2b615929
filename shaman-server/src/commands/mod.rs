//! From parsed words to one function each.

mod check;
mod gc;
mod reindex;
mod serve;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::app;
use crate::cli::{Cli, Command, StoreArgs};
use crate::config::Config;
use crate::ops::Ops;

/// Runs what was asked for and gives the exit status: 0 done, 1 failed (one sentence on stderr
/// says why), 2 wrong usage (by the argument parser).
#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Reindex(args) => reindex::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Opens a storage whose server is stopped; what goes on is told on stderr.
fn open_stopped(args: &StoreArgs) -> anyhow::Result<(Ops, Config)> {
    let config = Config::load(args.said(), args.config.as_deref())?;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing::Level::WARN)
        .init();
    let ops = app::open_stopped(&config)?;
    Ok((ops, config))
}

/// A line for whoever asked.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("cannot write to standard output")
}
