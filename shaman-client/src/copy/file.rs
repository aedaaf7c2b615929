//! One file, by sharing its blocks where the file system can, else by copying them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{CopyError, Means};
use crate::aside::share_blocks;
use crate::hash::{Fingerprint, HashError};
use crate::progress::{Event, Listener, Phase};

/// Bytes between two looks at whether to stop.
const PIECE_BYTES: u64 = 64 << 20;

/// How often a file that is written meanwhile is copied again before we give up on it.
const COPIES_MAX: u32 = 5;

/// Copies a file to a place that is free. Its time goes along, its rights do not: workers are other
/// users, and must be able to read it.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    means: Means<'_>,
    stop: &AtomicBool,
    progress: &Listener,
) -> Result<(), CopyError> {
    let reading = |source| HashError::reading(from, source);
    let writing = |source| CopyError::File { from: from.to_owned(), to: to.to_owned(), source };
    for _ in 0..COPIES_MAX {
        if stop.load(Ordering::Relaxed) {
            return Err(CopyError::Stopped);
        }
        let source = File::open(from).map_err(reading)?;
        let before = source.metadata().map_err(reading)?;
        if !before.is_file() {
            return Err(HashError::NotAFile(from.to_owned()).into());
        }
        if let Means::LinkUnlessBelow(dir) = means
            && !from.starts_with(dir)
            && link(from, to).is_ok()
        {
            tell(progress, before.len());
            return Ok(());
        }
        let target = File::create_new(to).map_err(writing)?;
        if share_blocks(&source, &target).is_ok() {
            tell(progress, before.len());
        } else if !pieces(&source, &target, stop, progress).map_err(writing)? {
            return Err(CopyError::Stopped);
        }
        let after = Fingerprint::of(&source.metadata().map_err(reading)?);
        let copied = target.metadata().map_err(writing)?.len();
        if after == Fingerprint::of(&before) && copied == after.size {
            // Not every file system keeps times, and nothing depends on them.
            drop(before.modified().and_then(|time| target.set_modified(time)));
            return Ok(());
        }
        progress.tell(Event::Rewound { phase: Phase::Copy, bytes: copied });
        drop(target);
        std::fs::remove_file(to).map_err(writing)?;
    }
    Err(HashError::Busy(from.to_owned()).into())
}

/// Gives the file another name; what a link leads to, not the link.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from.canonicalize()?, to)
}

/// Copies what is there; `false` when it was stopped.
fn pieces(
    source: &File,
    target: &File,
    stop: &AtomicBool,
    progress: &Listener,
) -> io::Result<bool> {
    let mut target = target;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        // On Linux from one file to the other, without coming by here.
        let copied = io::copy(&mut source.take(PIECE_BYTES), &mut target)?;
        if copied == 0 {
            return Ok(true);
        }
        tell(progress, copied);
    }
}

fn tell(progress: &Listener, bytes: u64) {
    progress.tell(Event::Advanced { phase: Phase::Copy, files: 0, bytes });
}
