//! Pins: checkouts that stay whatever becomes of their jobs.
//!
//! ```text
//! pins/<SHA-256 of the path>.json        one file a pin
//! ```

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use serde::{Deserialize, Serialize};
use shaman_proto::CheckoutPath;

use super::Store;
use super::disk::{DiskError, During as _};
use super::flush::flush;

/// Why and until when a checkout stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPin {
    /// Which.
    pub checkout: CheckoutPath,
    /// Why.
    pub reason: String,
    /// Seconds since 1970 when it ends; never when there are none.
    pub until: Option<u64>,
}

impl Store {
    /// Reads a checkout's pin. One that cannot be understood is an error: better a checkout too
    /// many than one that somebody wanted to keep.
    pub fn read_pin(&self, checkout: &CheckoutPath) -> Result<Option<StoredPin>, DiskError> {
        let path = self.layout.pin(checkout);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(io::Error::from)
                .during("understand", &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            failed @ Err(_) => failed.map(|_| None).during("read", &path),
        }
    }

    /// Writes a pin, in place of an older one, and flushes it.
    pub fn write_pin(&self, pin: &StoredPin) -> Result<(), DiskError> {
        let path = self.layout.pin(&pin.checkout);
        let aside = self.layout.staging().join(format!("{}.pin", self.unique()));
        let text = serde_json::to_vec(pin).expect("a pin is JSON");
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o444)
            .open(&aside)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()?;
                std::fs::rename(&aside, &path)
            });
        if written.is_err() {
            drop(std::fs::remove_file(&aside));
        }
        written.during("write", &path)?;
        flush(&self.layout.pins())
    }

    /// Takes a pin away; `false` when there is none.
    pub fn remove_pin(&self, checkout: &CheckoutPath) -> Result<bool, DiskError> {
        let path = self.layout.pin(checkout);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed.map(|()| true).during("remove", &path),
        }
    }
}
