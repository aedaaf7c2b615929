//! `shaman submit`.

use crate::cli::SubmitArgs;

pub(super) fn run(_args: &SubmitArgs) -> anyhow::Result<()> {
    anyhow::bail!("`shaman submit` is not built yet")
}
