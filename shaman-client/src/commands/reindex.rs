//! `shaman reindex`: have a server compare its index with the storage.

use super::sending::ask;
use crate::api::Api;
use crate::cli::ServerArgs;

pub(super) fn run(args: &ServerArgs) -> anyhow::Result<()> {
    ask(Api::new(&args.server)?.reindex())?;
    println!("the server reads its storage; its log says when it is through");
    Ok(())
}
