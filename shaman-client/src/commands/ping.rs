//! `shaman ping`: who is there?

use serde_json::json;

use super::reaching::api;
use super::sending::block_on;
use crate::cli::PingArgs;

pub(super) fn run(args: &PingArgs) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    let (version, storage) = block_on(async {
        let version = api.version().await?;
        Ok::<_, anyhow::Error>((version, api.shared_storage().await.ok()))
    })?;
    if args.json {
        let line = json!({
            "server": api.base(),
            "name": version.name,
            "version": version.version,
            "shaman": storage.as_ref().is_some_and(|storage| storage.shaman_enabled),
            "location": storage.map(|storage| storage.location),
        });
        say!("{line}");
        return Ok(());
    }
    say!("{} {} at {}", version.name, version.version, api.base());
    match storage {
        Some(storage) if storage.shaman_enabled => say!("checkouts: {}", storage.location),
        Some(storage) => {
            say!("makes no checkouts: Shaman is off there (storage: {})", storage.location);
        }
        None => say!("does not say where its checkouts are"),
    }
    Ok(())
}
