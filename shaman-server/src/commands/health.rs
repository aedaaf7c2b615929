//! `shaman-server health`: for whoever watches a container.

use anyhow::{Context as _, bail};

use super::{load, say};
use crate::cli::ServeArgs;
use crate::http::ask_whether_alive;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = load(args.said(), args.store.config.as_deref())?;
    let listens = config.listen;
    if listens.port() == 0 {
        bail!("`listen: {listens}` does not say which port it is; choose one");
    }
    let alive = ask_whether_alive(listens, &config.settings.path_prefix)
        .with_context(|| format!("the server that listens on {listens} does not answer"))?;
    say(&format!("alive at {}", alive.address))
}
