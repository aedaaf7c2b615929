//! `Door`: the rules and tokens of a server that runs; both may change meanwhile.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::failures::{Failures, Next};
use super::keyring::{Keyring, KeyringError};
use super::principal::Principal;
use super::rules::{Refusal, Rules};
use super::scope::Access;

/// How old what is known of the tokens may be: a revoked one is good for so long.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Lets in, or not.
#[derive(Debug)]
pub struct Door {
    rules: RwLock<Arc<Rules>>,
    keyring: RwLock<Arc<Keyring>>,
    looked: Mutex<Instant>,
    failures: Failures,
    clock: fn() -> SystemTime,
}

impl Door {
    /// With these rules and the tokens of this state directory.
    pub fn new(
        rules: Rules,
        state: &Path,
        clock: fn() -> SystemTime,
    ) -> Result<Self, KeyringError> {
        Ok(Self {
            rules: RwLock::new(Arc::new(rules)),
            keyring: RwLock::new(Arc::new(Keyring::read(state)?)),
            looked: Mutex::new(Instant::now()),
            failures: Failures::default(),
            clock,
        })
    }

    /// Those that count now.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these. Who was let in stays in.
    pub fn change_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// Says whether tokens are on.
    pub fn asks_for_tokens(&self) -> bool {
        self.keyring().is_on()
    }

    /// Says whether it is time for [`Door::look`], and that somebody does it now.
    pub fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.elapsed() >= LOOK_EVERY;
        if is_due {
            *looked = Instant::now();
        }
        is_due
    }

    /// Reads the tokens again if their file changed. What cannot be read is told in the log, and
    /// what was known before still holds.
    pub fn look(&self) {
        match self.keyring().changed() {
            Ok(None) => {}
            Ok(Some(keyring)) => {
                tracing::info!(tokens = keyring.tokens().count(), "read the tokens again");
                *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
            }
            Err(error) => tracing::error!(%error, "cannot read the tokens again"),
        }
    }

    /// Lets somebody in to a route, or says why not. Wrong tokens are counted.
    pub fn admit(
        &self,
        access: Access,
        presented: Option<&str>,
        from: IpAddr,
    ) -> Result<Principal, Refusal> {
        let now = (self.clock)().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let rules = Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner));
        let admitted = rules
            .admit(&self.keyring(), presented, from, now)
            .and_then(|principal| rules.admit_to(access, principal));
        match admitted {
            Err(refusal @ (Refusal::WrongToken | Refusal::Over { .. })) => {
                match self.failures.count(from, Instant::now()) {
                    Next::Tell => {
                        tracing::warn!(%from, why = refusal.kind(), "refused a token");
                        Err(refusal)
                    }
                    Next::Wait(wait) => Err(Refusal::TooOften(wait)),
                }
            }
            admitted => admitted,
        }
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }
}
