//! `shaman-server`: parse, run, exit status.

use std::process::ExitCode;

use clap::Parser as _;
use shaman_server::{cli::Cli, commands};

fn main() -> ExitCode {
    commands::run(Cli::parse())
}
