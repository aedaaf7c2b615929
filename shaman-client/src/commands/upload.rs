//! `shaman upload`.

use crate::cli::UploadArgs;

pub(super) fn run(_args: &UploadArgs) -> anyhow::Result<()> {
    anyhow::bail!("`shaman upload` is not built yet")
}
