//! `shaman deps`.

use crate::cli::DepsArgs;

pub(super) fn run(_args: &DepsArgs) -> anyhow::Result<()> {
    anyhow::bail!("`shaman deps` is not built yet")
}
