//! Another configuration for a server that runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::Door;
use crate::audit::Audit;
use crate::config::{Config, Counts, Current, Effective, Settings};
use crate::tls::Tls;

/// Sets what is logged; says why not.
pub type SetLog = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What of a server can be changed while it runs.
pub struct Reload {
    settings: Current<Settings>,
    door: Arc<Door>,
    audit: Audit,
    tls: Option<Arc<Tls>>,
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

/// What became of the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certificate {
    /// New connections get what is in the files now.
    Read,
    /// The old one stays.
    Unreadable,
    /// TLS is not turned on and off while the server runs.
    AtStart,
}

impl Reload {
    /// For a server that was started with this configuration.
    pub fn new(
        config: &Config,
        settings: Current<Settings>,
        door: Arc<Door>,
        audit: Audit,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        Self { settings, door, audit, tls, effective: Mutex::new(config.effective.clone()) }
    }

    /// Takes what can be taken. Requests that run go on as they began.
    pub fn take(&self, config: Config, set_log: &SetLog) -> Reloaded {
        let mut effective = self.effective.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reloaded = Reloaded::default();
        let certificate = self.read_certificate_again(&config);
        for (old, new) in effective.iter_mut().zip(config.effective.clone()) {
            if old.text == new.text {
                continue;
            }
            match new.key.counts {
                Counts::AtReload if new.key.name.starts_with("tls.") => match certificate {
                    Certificate::Read => {
                        reloaded.changed.push(new.key.name);
                        *old = new;
                    }
                    Certificate::Unreadable => {}
                    Certificate::AtStart => reloaded.waiting.push(new.key.name),
                },
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

    /// Reads certificate and key, also when their names are the same: renewed ones have these. When
    /// that fails rules and limits count all the same.
    fn read_certificate_again(&self, config: &Config) -> Certificate {
        let (Some(tls), Some(files)) = (&self.tls, &config.tls) else {
            return Certificate::AtStart;
        };
        match tls.read_again(files) {
            Ok(()) => Certificate::Read,
            Err(error) => {
                tracing::error!("the certificate stays as it was: {error}");
                Certificate::Unreadable
            }
        }
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").finish_non_exhaustive()
    }
}
