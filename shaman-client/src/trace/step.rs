//! One path to look for.

use std::path::Path;
use std::sync::Arc;

use super::ask::{Also, How};
use super::disk::Disk;
use super::expand::{self, Hit};
use super::paths;
use crate::blend::Stored;

/// A path with all that is needed to find out what it leads to.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// As it is written.
    pub(super) path: Vec<u8>,
    /// How to understand it.
    pub(super) how: How,
    /// Directory that `//` stands for.
    pub(super) base: Arc<Path>,
    /// Where it is written, or the first part of it.
    pub(super) stored: Option<Stored>,
    /// What has to change with it.
    pub(super) also: Option<Also>,
    /// The directory that its files must not leave, since what asks for them cannot be changed.
    pub(super) within: Option<Arc<Path>>,
    /// It stands in a file that cannot be changed.
    pub(super) is_fixed: bool,
}

impl Step {
    /// Finds the files.
    pub(super) fn take(&self, disk: &Disk, warnings: &mut Vec<String>) -> Vec<Hit> {
        expand::expand(&self.path, &self.how, &self.base, disk, warnings)
    }

    /// Gives the highest directory that a relative path passes on its way.
    pub(super) fn climbs_to(&self) -> Option<&Path> {
        if !paths::is_relative(&self.path) {
            return None;
        }
        let (mut depth, mut top) = (0_usize, 0);
        for part in self.path.split(|byte| matches!(byte, b'/' | b'\\')) {
            match part {
                b"" | b"." => {}
                b".." if depth == 0 => top += 1,
                b".." => depth -= 1,
                _ => depth += 1,
            }
        }
        Some(self.base.ancestors().nth(top).unwrap_or(&self.base))
    }
}
