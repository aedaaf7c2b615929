//! `shaman completions`: what a shell needs to complete these commands.

use std::io::Write as _;

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "shaman", &mut script);
    std::io::stdout().lock().write_all(&script).context("cannot write to standard output")
}
