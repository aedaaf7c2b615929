//! `Settings`: where the servers work, and for how long.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// What a run is like.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The storage as each server sees it.
    pub(crate) storages: Vec<PathBuf>,
    /// How long each part lasts: `SHAMAN_SERVERS_SECONDS`.
    pub(crate) part: Duration,
    /// Parts in which a server is killed: `SHAMAN_SERVERS_KILLS`.
    pub(crate) kills: u32,
    /// How long blobs stay after their last use, in whole seconds: `SHAMAN_SERVERS_GRACE`.
    pub(crate) grace: Duration,
    /// Takes a machine away and brings it back, given its storage: `SHAMAN_SERVERS_LOSE`. Without,
    /// only the server is killed.
    pub(crate) lose: Option<PathBuf>,
    /// Clients at once: `SHAMAN_SERVERS_CLIENTS`.
    pub(crate) clients: usize,
}

impl Settings {
    /// Two servers on one directory.
    pub(crate) fn local(storage: &Path) -> Self {
        Self::on(vec![storage.to_owned(), storage.to_owned()])
    }

    /// A server on each of the mounts that the environment names; `None` when it names none.
    pub(crate) fn shared() -> Option<Self> {
        let mounts = std::env::var("SHAMAN_SHARED_STORAGES").ok()?;
        let lose = std::env::var("SHAMAN_SERVERS_LOSE").ok().map(PathBuf::from);
        Some(Self { lose, ..Self::on(mounts.split(':').map(PathBuf::from).collect()) })
    }

    fn on(storages: Vec<PathBuf>) -> Self {
        Self {
            storages,
            part: Duration::from_secs(said("SHAMAN_SERVERS_SECONDS", 5)),
            kills: said("SHAMAN_SERVERS_KILLS", 2),
            grace: Duration::from_secs(said("SHAMAN_SERVERS_GRACE", 3)),
            lose: None,
            clients: said("SHAMAN_SERVERS_CLIENTS", 4),
        }
    }
}

fn said<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|said| said.parse().ok()).unwrap_or(otherwise)
}
