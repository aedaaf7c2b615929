//! Flamenco's Blender add-on as an HTTP client.
//!
//! What it sends is what the generated API client, urllib3 2.2.3 and Python's `http.client` send:
//! the same fields in the same order and spelling, one request at a time over a kept connection,
//! bodies whole and with their length. What it does with answers is what the two transfers, BAT 1
//! and BAT 2, do: also where that is a fault of theirs.
//!
//! The original has no time-outs. Here a piece that does not come within [`Addon::patience`] fails
//! the call, so that a test ends.

mod answers;
mod bat1;
mod bat2;
mod calls;
mod client;
mod encoded_word;
mod failure;
mod half_upload;
mod job;
mod json;
mod outcome;
mod posix;
mod project;
mod release;
mod start;
mod url;

use std::time::Duration;

pub use calls::{Uploaded, Wanted};
pub use client::Exchange;
pub use encoded_word::{folded, unfolded};
pub use failure::ApiError;
pub use half_upload::HalfUpload;
pub use outcome::Outcome;
pub use posix::{join, posix_path};
pub use project::{Project, Spec};
pub use release::Release;
pub use start::{Approach, Bat, Force, Started, Stopped};

/// An add-on in one Blender, with its connection to the Manager.
#[derive(Debug)]
pub struct Addon {
    client: client::Client,
    release: Release,
    version: String,
    windows: bool,
    random: fastrand::Rng,
}

impl Addon {
    /// With this preference for the Manager's URL (`http://host:port/prefix`), on Linux.
    pub fn new(url: &str, release: Release) -> Self {
        let base = url::Url::base(url).expect("a test gives an address that begins with http://");
        let version = release.version().to_owned();
        let client = client::Client::new(base, user_agent(&version));
        Self { client, release, version, windows: false, random: fastrand::Rng::new() }
    }

    /// On Windows: other platform, and backslashes from BAT 2.
    #[must_use]
    pub fn on_windows(mut self) -> Self {
        self.windows = true;
        self
    }

    /// Of another version than its release's last.
    #[must_use]
    pub fn of_version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self.client.user_agent = user_agent(version);
        self
    }

    /// With the same order of uploads at each run.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.random = fastrand::Rng::with_seed(seed);
        self
    }

    /// How long a piece of an answer may take; 2 minutes, if it isn't said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.client.patience = patience;
        self
    }

    /// Requests so far, but for those that an [`Outcome`] took along.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.client.exchanges
    }

    fn platform(&self) -> &'static str {
        if self.windows { "windows" } else { "linux" }
    }
}

fn user_agent(version: &str) -> String {
    format!("Flamenco/{version} (Blender add-on)")
}
