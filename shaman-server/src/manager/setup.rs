//! Which way the Manager is set up, asked at the start and told to whoever reads the log.
//!
//! * **A**: its own Shaman is on, and its storage is ours: nothing has to be rewritten.
//! * **B**: its own Shaman is off, and its `shared_storage_path` is our checkout root: answers about
//!   the storage say that Shaman is on.

use std::time::Duration;

use serde_json::Value;

use super::{Manager, ManagerError};
use crate::config::Upstream;

/// Between two questions to a Manager that is away.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// What a Manager says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setup {
    /// Whether its own Shaman is on.
    has_shaman: bool,
    /// Where its jobs lie, as it sees them.
    storage: String,
    /// Whether its own garbage collection would run; `None` when it does not say.
    collects: Option<bool>,
    /// Its version, for the log.
    version: String,
}

impl Manager {
    /// Asks the Manager how it is set up, as often as it takes, and logs what that means for a
    /// server whose checkout root is this. Ends when it is known.
    pub async fn tell_setup(&self, checkout_root: &str) {
        let mut told_away = false;
        loop {
            match self.setup().await {
                Ok(setup) => {
                    setup.tell(self.upstream(), checkout_root);
                    return;
                }
                Err(error) if !told_away => {
                    told_away = true;
                    let error = anyhow::Error::from(error);
                    tracing::warn!("{error:#}; asking again until it does");
                }
                Err(_) => {}
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// What the Manager says of itself, in words, and what does not fit a server whose checkout root
    /// is this.
    pub async fn examine(
        &self,
        checkout_root: &str,
    ) -> Result<(String, Vec<String>), ManagerError> {
        let setup = self.setup().await?;
        Ok((setup.words(self.upstream()), setup.faults(checkout_root)))
    }

    async fn setup(&self) -> Result<Setup, ManagerError> {
        let configuration = self.ask("/api/v3/configuration").await?;
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let version = self.ask("/api/v3/version").await?;
        // Only newer Managers answer this.
        let file = self.ask("/api/v3/configuration/file").await.ok();
        let period = file.as_ref().and_then(|file| file.pointer("/shaman/garbageCollect/period"));
        Ok(Setup {
            has_shaman: configuration.get("shamanEnabled").and_then(Value::as_bool) == Some(true),
            storage: text(&configuration, "storageLocation"),
            collects: period.and_then(Value::as_str).map(|period| !is_zero(period)),
            version: text(&version, "version"),
        })
    }
}

impl Setup {
    fn tell(&self, upstream: &Upstream, checkout_root: &str) {
        tracing::info!("{}", self.words(upstream));
        for fault in self.faults(checkout_root) {
            tracing::warn!("{fault}");
        }
    }

    fn words(&self, upstream: &Upstream) -> String {
        let Self { has_shaman, storage, version, .. } = self;
        let (letter, shaman) = if *has_shaman { ("A", "on") } else { ("B", "off") };
        format!(
            "the Flamenco Manager {version} at {upstream} is set up as {letter}: its own Shaman is {shaman}, its jobs lie in {storage}"
        )
    }

    /// What does not fit, and what to do.
    fn faults(&self, checkout_root: &str) -> Vec<String> {
        let Self { has_shaman, storage, collects, .. } = self;
        let mut faults = Vec::new();
        if !is_same_place(storage, checkout_root) {
            faults.push(format!(
                "the Manager looks for jobs in {storage}, checkouts are in {checkout_root}; unless these are one directory, {}",
                if *has_shaman {
                    "set its shared_storage_path and this server's storage to the same"
                } else {
                    "set its shared_storage_path to the latter"
                }
            ));
        }
        if *has_shaman && *collects != Some(false) {
            faults.push(format!(
                "the Manager's own garbage collection {} run on this storage, and takes blobs that hard-link checkouts use for unused; set shaman.garbageCollect.period to 0 in its configuration",
                if collects.is_some() { "will" } else { "may" }
            ));
        }
        faults
    }
}

/// Says whether a Go duration is none at all.
fn is_zero(period: &str) -> bool {
    period.chars().all(|c| !c.is_ascii_digit() || c == '0')
}

/// Compares two spellings of a directory.
fn is_same_place(one: &str, other: &str) -> bool {
    let plain = |path: &str| path.trim_end_matches(['/', '\\']).replace('\\', "/");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_of_nothing_are_zero() {
        for (period, zero) in [("0s", true), ("0", true), ("0h0m0s", true), ("24h0m0s", false)] {
            assert_eq!(is_zero(period), zero, "{period}");
        }
    }
}
