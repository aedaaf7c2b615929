//! From parsed words to one function each.

mod check;
mod completions;
mod doctor;
mod exit;
mod gc;
mod man;
mod reindex;
mod serve;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::app;
use crate::cli::{Cli, Command, StoreArgs};
use crate::config::Config;
use crate::ops::Ops;

pub use exit::Exit;

/// Runs what was asked for and gives the [`Exit`] status; when it failed, one sentence on stderr
/// says why.
#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
pub fn run(cli: Cli) -> ExitCode {
    let ended = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Reindex(args) => reindex::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Failed.into()
        }
    }
}

/// Opens a storage whose server is stopped; what goes on is told on stderr.
fn open_stopped(args: &StoreArgs) -> anyhow::Result<(Ops, Config)> {
    let config = Config::load(args.said(), args.config.as_deref())?;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(wants_colours())
        .with_max_level(tracing::Level::WARN)
        .init();
    let ops = app::open_stopped(&config)?;
    Ok((ops, config))
}

/// Says whether the log may have colours: on a terminal that has them, unless `NO_COLOR` is set.
fn wants_colours() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// A line for whoever asked.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("cannot write to standard output")
}
