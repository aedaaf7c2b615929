//! `shaman-server check-config`: all mistakes at once.

use super::{load, say};
use crate::cli::ServeArgs;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = load(args.said(), args.store.config.as_deref())?;
    if let Some(refused) = crate::app::refusal(&config, config.listen)? {
        anyhow::bail!(refused);
    }
    if let Some(files) = &config.tls {
        crate::tls::read(files)?;
    }
    say("the configuration is good")
}
