//! How a Manager is set up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

/// What stands in `flamenco-manager.yaml`, and what only a test wants to choose.
#[derive(Debug, Clone)]
pub struct Setup {
    /// `version` and `shortversion` of `/api/v3/version`.
    pub version: String,
    /// `shared_storage_path`.
    pub shared_storage: PathBuf,
    /// `shaman.enabled`: then the four operations are stock Shaman's, else 503.
    pub shaman_enabled: bool,
    /// `shaman.garbageCollect.period`; shown, never acted upon.
    pub gc_period: String,
    /// `shaman.garbageCollect.maxAge`; shown, never acted upon.
    pub gc_max_age: String,
    /// What the web interface is told.
    pub first_run: bool,
    /// Put before every path, without a slash at its end: `/farm/flamenco`.
    pub prefix: String,
    /// What the storage's root is on other platforms: `("windows", r"S:\flamenco")`.
    pub other_roots: Vec<(String, String)>,
    /// How long a connection may take for a head: from its start, then from each head's first byte.
    pub head_timeout: Duration,
    /// How long a deleted job stays.
    pub deletion_delay: Duration,
    /// Size of `/flamenco-addon.zip`.
    pub addon_zip_bytes: usize,
}

impl Setup {
    /// Stock defaults on this storage, with Shaman disabled.
    pub fn new(shared_storage: &Path) -> Self {
        Self {
            version: "3.9-beta1".to_owned(),
            shared_storage: shared_storage.to_owned(),
            shaman_enabled: false,
            gc_period: "24h".to_owned(),
            gc_max_age: "744h".to_owned(),
            first_run: false,
            prefix: String::new(),
            other_roots: Vec::new(),
            head_timeout: Duration::from_secs(1),
            deletion_delay: Duration::from_millis(200),
            addon_zip_bytes: 3 << 20,
        }
    }

    /// The same with Shaman enabled.
    #[must_use]
    pub fn with_shaman(mut self) -> Self {
        self.shaman_enabled = true;
        self
    }

    /// The same below a path.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        prefix.trim_end_matches('/').clone_into(&mut self.prefix);
        self
    }

    /// As `/api/v3/configuration/file` shows it: durations are strings.
    pub(super) fn file(&self) -> Value {
        json!({
            "_meta": { "version": 3 },
            "manager_name": "Flamenco",
            "listen": ":8080",
            "shared_storage_path": self.shared_storage.to_string_lossy(),
            "shaman": {
                "enabled": self.shaman_enabled,
                "garbageCollect": { "period": self.gc_period, "maxAge": self.gc_max_age },
            },
            "variables": {},
        })
    }
}
