//! `shaman`: parse, run, exit status.

use std::process::ExitCode;

use clap::Parser as _;
use shaman_client::{cli::Cli, commands};

fn main() -> ExitCode {
    commands::run(Cli::parse())
}
