//! TLS: what a connection is shown, from its files, until they are read again.
//!
//! ```text
//!  tls.certificate ─┐
//!                   ├─► read ─► Tls ─► handshakes
//!  tls.key ─────────┘            ▲
//!                             SIGHUP
//! ```

mod read;
mod validity;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;

use crate::config::{Current, TlsFiles};

pub use read::{Identity, TlsError, read};
pub use validity::{Fault, Validity};

/// What new connections are shown. A connection keeps what it began with.
pub struct Tls {
    current: Current<ServerConfig>,
    clock: fn() -> SystemTime,
}

impl Tls {
    /// Reads the files for the first time.
    pub fn begin(files: &TlsFiles, clock: fn() -> SystemTime) -> Result<Self, TlsError> {
        let identity = read(files)?;
        tell(&identity.validity, clock());
        Ok(Self { current: Current::new(identity.config), clock })
    }

    /// Reads the files again. When that fails everything stays as it was.
    pub fn read_again(&self, files: &TlsFiles) -> Result<(), TlsError> {
        let identity = read(files)?;
        tell(&identity.validity, (self.clock)());
        self.current.change(identity.config);
        Ok(())
    }

    /// For the next handshake.
    pub fn now(&self) -> Arc<ServerConfig> {
        self.current.now()
    }
}

/// One that is over is shown all the same: only the clients' clocks count.
fn tell(validity: &Validity, now: SystemTime) {
    match validity.fault(now) {
        None => tracing::info!("the certificate is good {validity}"),
        Some(fault) => tracing::warn!("the certificate {fault}; it is good {validity}"),
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
