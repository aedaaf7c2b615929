//! `Promises`: what a client was told, compared with what is there.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use super::blob::Blob;

/// What a client was promised, and what it has to complain about.
#[derive(Debug, Default)]
pub struct Promises {
    /// Checkouts that were made and must be there, whole.
    pub(super) checkouts: BTreeMap<String, Vec<Blob>>,
    /// Checkouts whose making or erasing got no answer: whole or not there.
    pub(super) open: BTreeMap<String, Vec<Blob>>,
    /// Checkouts that were erased since the last check and must be gone.
    pub(super) erased: Vec<String>,
    /// When the client was last told that a blob is there.
    pub(super) told: HashMap<String, Instant>,
    /// What went wrong: empty, or the test fails.
    pub complaints: Vec<String>,
    /// Checkouts that were promised, ever.
    pub made: u64,
    /// Checkouts that were erased, ever.
    pub taken_away: u64,
    /// Blobs that were sent, ever.
    pub sent: u64,
    /// Checkouts compared byte for byte while the load ran, and after it.
    pub compared: u64,
    /// Names of jobs, so that no two are alike.
    pub(super) jobs: u64,
}

impl Promises {
    /// Notes what went wrong.
    pub(super) fn complain(&mut self, complaint: String) {
        // The first few say it all.
        if self.complaints.len() < 20 {
            self.complaints.push(complaint);
        }
    }

    pub(super) fn is_told(&mut self, blob: &Blob, at: Instant) {
        self.told.insert(blob.sha.clone(), at);
    }

    /// Notes that a server said it lacks a blob, at this moment: an untruth within the grace.
    pub(super) fn is_denied(&mut self, sha: &str, grace: Duration, by: &str) {
        // File systems and rows count whole seconds.
        let promised = grace.saturating_sub(Duration::from_secs(1));
        if let Some(told) = self.told.remove(sha)
            && told.elapsed() < promised
        {
            let ago = told.elapsed();
            self.complain(format!("{by}: blob {sha} is missing {ago:?} after we were told of it"));
        }
    }

    /// Compares every promise with what is below `jobs`, while nobody changes it. What got no
    /// answer is settled by what is there.
    pub fn check(&mut self, jobs: &Path) {
        for (checkout, files) in std::mem::take(&mut self.open) {
            if jobs.join(&checkout).exists() {
                self.checkouts.insert(checkout, files);
            }
        }
        let mut complaints = Vec::new();
        for (checkout, files) in &self.checkouts {
            complaints.extend(compare(&jobs.join(checkout), files).err());
        }
        self.compared += self.checkouts.len() as u64;
        for checkout in self.erased.drain(..) {
            if jobs.join(&checkout).exists() {
                complaints.push(format!("{checkout} was erased and is there"));
            }
        }
        for complaint in complaints {
            self.complain(complaint);
        }
    }

    /// Says whether this client has a checkout at this path.
    pub fn has(&self, checkout: &str) -> bool {
        self.checkouts.contains_key(checkout)
    }
}

/// Where the file with this number lies in a checkout.
pub(super) fn place(number: usize) -> String {
    format!("dir{}/{number}", number % 3)
}

/// Compares a checkout byte for byte: nothing is missing, nothing is there besides.
pub(super) fn compare(dir: &Path, files: &[Blob]) -> Result<(), String> {
    for (number, blob) in files.iter().enumerate() {
        let path = dir.join(place(number));
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if bytes != *blob.bytes {
            return Err(format!("{} is not what was promised", path.display()));
        }
    }
    let found = crate::load::leftovers::files_below(dir).len();
    // And its manifest.
    if found == files.len() + 1 {
        return Ok(());
    }
    Err(format!("{} has {found} files instead of {}", dir.display(), files.len() + 1))
}
