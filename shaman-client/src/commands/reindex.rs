//! `shaman reindex`: have a server compare its index with the storage.

use super::reaching::api;
use super::sending::ask;
use crate::cli::ServerArgs;

pub(super) fn run(args: &ServerArgs) -> anyhow::Result<()> {
    ask(api(args)?.reindex())?;
    say!("the server reads its storage; its log says when it is through");
    Ok(())
}
