//! Whether a checkout or copy is complete where it stands, by its manifest alone.
//!
//! ```text
//!  DIR/.shaman-manifest.json ──► each file: there? its size? its bytes?
//!            ▲                                    │
//!            └──── not yet: look again ◄──────────┘   until complete, or the time is over
//! ```
//!
//! For workers whose storage is filled by somebody else (a sync client, a mirror): files come one
//! by one, the manifest among them. Nothing is written and no server is asked.

mod check;
mod manifest;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use shaman_proto::{FilePath, Manifest};

pub use check::Problem;
pub use manifest::{ManifestFault, read as read_manifest};

use crate::hash::Clock;
use crate::progress::{Event, Phase, Progress};
use check::{Checked, check};

/// The first pause between two looks; each further one is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause: who waits for files that come over a network notices no more than that.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One stat a file.
    Sizes,
    /// All bytes.
    Bytes,
}

/// A file that is not as the manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Its place.
    pub path: FilePath,
    /// Bytes that it should have.
    pub size: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What should be there.
    pub manifest: Manifest,
    /// What is not, in the manifest's order. Empty: the checkout is complete. Files that the
    /// manifest does not name are not looked at.
    pub wrong: Vec<Wrong>,
}

/// A directory to look at, and what is known of it from the last look.
#[derive(Debug)]
pub struct Verifier {
    dir: PathBuf,
    depth: Depth,
    clock: Clock,
    known: HashMap<FilePath, Checked>,
}

impl Verifier {
    /// Looks at nothing yet.
    pub fn new(dir: &Path, depth: Depth, clock: Clock) -> Self {
        Self { dir: dir.to_owned(), depth, clock, known: HashMap::new() }
    }

    /// Looks at every file, on all cores. What was right or wrong at the last look and has not been
    /// touched since is not read again.
    pub fn look(&mut self, progress: &dyn Progress) -> Result<Report, ManifestFault> {
        let manifest = manifest::read(&self.dir)?;
        let (phase, files) = (Phase::Hash, manifest.files.len() as u64);
        let bytes = if self.depth == Depth::Bytes { manifest.bytes() } else { 0 };
        progress.tell(Event::Began { phase, files, bytes });
        let checked: Vec<Checked> = manifest
            .files
            .par_iter()
            .map(|entry| {
                let known = self.known.get(&entry.path);
                check(&self.dir, entry, self.depth, self.clock, known, progress)
            })
            .collect();
        progress.tell(Event::Ended { phase });
        let entries = || manifest.files.iter().zip(&checked);
        let wrong = entries()
            .filter_map(|(entry, checked)| {
                let problem = checked.problem.clone()?;
                Some(Wrong { path: entry.path.clone(), size: entry.size.bytes(), problem })
            })
            .collect();
        self.known =
            entries().map(|(entry, checked)| (entry.path.clone(), checked.clone())).collect();
        Ok(Report { manifest, wrong })
    }

    /// Looks again and again until all is there, or the time is over; then gives what was found
    /// last. The directory and its manifest may come late, too.
    pub fn wait(
        &mut self,
        time: Duration,
        progress: &dyn Progress,
    ) -> Result<Report, ManifestFault> {
        let end = Instant::now() + time;
        let (mut pause, mut told) = (FIRST_PAUSE, None);
        loop {
            let found = self.look(progress);
            let is_settled = match &found {
                Ok(report) => report.wrong.is_empty(),
                Err(fault) => !fault.may_pass(),
            };
            let there = found.as_ref().ok().map(|report| {
                let files = report.manifest.files.len();
                (files - report.wrong.len(), files)
            });
            if let Some((right, files)) = there.filter(|there| told != Some(*there)) {
                progress.tell(Event::Note(format!("{right} of {files} files are right")));
                told = there;
            }
            let left = end.saturating_duration_since(Instant::now());
            if is_settled || left.is_zero() {
                return found;
            }
            thread::sleep(pause.min(left));
            pause = PAUSE_MAX.min(pause * 3 / 2);
        }
    }
}
