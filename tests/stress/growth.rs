//! `Growth`: whether a process takes more and more memory and descriptors.

use std::fmt;
use std::path::PathBuf;

/// What memory may grow by from the first half of a run to the second, besides noise: caches and the
/// index's buffers fill in minutes. A leak of one byte in a thousand that are sent is more in ten.
const SLACK_KB: u64 = 24 << 10;

/// What descriptors may grow by: tables of the index, connections.
const SLACK_FILES: usize = 64;

/// Samples of a process.
#[derive(Debug)]
pub(crate) struct Growth {
    process: PathBuf,
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    resident_kb: u64,
    files: usize,
}

impl Growth {
    /// Of the process with this id.
    pub(crate) fn of(id: u32) -> Self {
        Self { process: PathBuf::from(format!("/proc/{id}")), samples: Vec::new() }
    }

    /// Takes a sample, where the system tells.
    pub(crate) fn look(&mut self) {
        let Ok(status) = std::fs::read_to_string(self.process.join("status")) else { return };
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        let files = std::fs::read_dir(self.process.join("fd")).map_or(0, Iterator::count);
        self.samples.extend(number.map(|resident_kb| Sample { resident_kb, files }));
    }

    /// The most in the first and in the second half; the first tenth is not counted.
    fn halves(&self) -> Option<(Sample, Sample)> {
        let warm = self.samples.get(self.samples.len() / 10..)?;
        let (first, second) = warm.split_at(warm.len() / 2);
        let most = |half: &[Sample]| {
            let resident_kb = half.iter().map(|sample| sample.resident_kb).max()?;
            let files = half.iter().map(|sample| sample.files).max()?;
            Some(Sample { resident_kb, files })
        };
        Some((most(first)?, most(second)?))
    }

    /// Fails when the second half took more than the first.
    pub(crate) fn refuse(&self) {
        let Some((first, second)) = self.halves() else { return };
        let memory = first.resident_kb + first.resident_kb / 4 + SLACK_KB;
        assert!(second.resident_kb <= memory, "memory grows: {self}");
        assert!(second.files <= first.files + SLACK_FILES, "descriptors grow: {self}");
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, second)) = self.halves() else { return write!(f, "size unknown") };
        write!(
            f,
            "at most {} MiB and {} descriptors in the first half, {} MiB and {} in the second",
            first.resident_kb >> 10,
            first.files,
            second.resident_kb >> 10,
            second.files
        )
    }
}
