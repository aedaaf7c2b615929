//! From parsed words to one function each.

mod check;
mod check_config;
mod completions;
mod config;
mod doctor;
mod exit;
mod gc;
mod health;
mod man;
mod reindex;
mod serve;
mod token;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};

use crate::app;
use crate::cli::{Cli, Command, StoreArgs};
use crate::config::{Config, Said};
use crate::ops::Ops;

pub use exit::Exit;

/// Read when no file is named: ours, or an existing one of Flamenco's.
const USUAL_FILES: [&str; 2] = ["shaman.yaml", "flamenco-manager.yaml"];

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
        Command::Health(args) => health::run(&args),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Token(command) => token::run(&command),
    };
    match ended {
        Ok(()) => Exit::Done.into(),
        // Whoever reads has had enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Failed.into()
        }
    }
}

/// Opens a storage whose server is stopped; what goes on is told on stderr.
fn open_stopped(args: &StoreArgs) -> anyhow::Result<(Ops, Config)> {
    let config = load(args.said(), args.config.as_deref())?;
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

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let source = error.root_cause().downcast_ref::<io::Error>();
    error.is::<NobodyReads>()
        && source.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// What was said, the environment included, and what the file says.
fn load(said: Said, file: Option<&Path>) -> anyhow::Result<Config> {
    let said = Said { environment: environment()?, ..said };
    Ok(Config::load(&said, config_file(file).as_deref())?)
}

/// The configuration file: the one that was named, else one with a usual name where the program was
/// started.
fn config_file(named: Option<&Path>) -> Option<PathBuf> {
    let usual = || USUAL_FILES.iter().map(PathBuf::from).find(|path| path.is_file());
    named.map(Path::to_owned).or_else(usual)
}

/// The variables that are ours.
fn environment() -> anyhow::Result<BTreeMap<String, String>> {
    let ours = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with("SHAMAN_"));
    let texts = ours.map(|(name, value)| {
        let text = value.into_string();
        let text = text.map_err(|_| anyhow!("the variable {name} is no text in UTF-8"))?;
        Ok((name, text))
    });
    texts.collect()
}

/// A line for whoever asked.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{line}").context(NobodyReads)
}

/// What failed when a line could not be written.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("cannot write to standard output")]
struct NobodyReads;
