//! `shaman ping`.

use crate::cli::PingArgs;

pub(super) fn run(_args: &PingArgs) -> anyhow::Result<()> {
    anyhow::bail!("`shaman ping` is not built yet")
}
