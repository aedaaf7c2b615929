//! `shaman-server man`: manual pages, made from the words of the command line.

use std::fs::File;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::Exit;
use crate::cli::{Cli, ManArgs};

pub(super) fn run(args: &ManArgs) -> anyhow::Result<()> {
    let cannot = || format!("cannot write manual pages into `{}`", args.into.display());
    std::fs::create_dir_all(&args.into).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), &args.into).with_context(cannot)?;
    let first = args.into.join("shaman-server.1");
    let page = File::options().append(true).open(first).with_context(cannot)?;
    statuses(page).with_context(cannot)
}

/// A section that the argument parser knows nothing of.
fn statuses(mut page: impl std::io::Write) -> std::io::Result<()> {
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for exit in Exit::ALL {
        let meaning = exit.meaning().replace('`', "").replace('-', "\\-");
        writeln!(page, ".TP\n\\fB{}\\fR\n{meaning}", exit as u8)?;
    }
    Ok(())
}
