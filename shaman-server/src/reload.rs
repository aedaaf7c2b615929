//! Another configuration for a server that runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::Door;
use crate::audit::Audit;
use crate::config::{Config, Counts, Current, Effective, Settings};

/// Sets what is logged; says why not.
pub type SetLog = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What of a server can be changed while it runs.
pub struct Reload {
    settings: Current<Settings>,
    door: Arc<Door>,
    audit: Audit,
    effective: Mutex<Vec<Effective>>,
}

/// What came of another configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Keys that count from now on.
    pub changed: Vec<&'static str>,
    /// Keys that count from the next start on.
    pub waiting: Vec<&'static str>,
}

impl Reload {
    /// For a server that was started with this configuration.
    pub fn new(
        config: &Config,
        settings: Current<Settings>,
        door: Arc<Door>,
        audit: Audit,
    ) -> Self {
        Self { settings, door, audit, effective: Mutex::new(config.effective.clone()) }
    }

    /// Takes what can be taken. Requests that run go on as they began.
    pub fn take(&self, config: Config, set_log: &SetLog) -> Reloaded {
        let mut effective = self.effective.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reloaded = Reloaded::default();
        for (old, new) in effective.iter_mut().zip(config.effective.clone()) {
            if old.text == new.text {
                continue;
            }
            match new.key.counts {
                Counts::AtReload => {
                    reloaded.changed.push(new.key.name);
                    *old = new;
                }
                // Told again at the next reload, too.
                Counts::AtStart => reloaded.waiting.push(new.key.name),
            }
        }
        drop(effective);
        if reloaded.changed.contains(&"log")
            && let Err(error) = set_log(&config.log)
        {
            tracing::error!(%error, "cannot change what is logged");
        }
        let old = self.settings.now();
        let mut rules = config.rules();
        rules.has_secret_path = self.door.rules().has_secret_path;
        self.door.change_rules(rules);
        self.settings.change(config.settings.with_fixed_of(&old));
        self.door.look();
        self.audit.reopen();
        reloaded
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").finish_non_exhaustive()
    }
}
