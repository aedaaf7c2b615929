//! One file comes in.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{is_name, not_active, panicked};
use crate::manager::answer::Answer;
use crate::manager::incoming::Incoming;
use crate::manager::shared::Shared;
use crate::stock_store::{Blob, Status, StockStore, remove_empty_parents};

pub(super) fn answer(
    shared: &Shared,
    store: &StockStore,
    incoming: &mut Incoming<'_>,
    blob: &Blob,
) -> io::Result<Answer> {
    let Ok(can_defer) = can_defer(incoming) else {
        return Ok(Answer::message(400, "Invalid format for parameter X-Shaman-Can-Defer-Upload"));
    };
    if !shared.setup.shaman_enabled {
        return Ok(not_active());
    }
    if !is_name(&blob.sha) {
        return Ok(panicked());
    }
    match store.status(blob) {
        // Neither the body is read nor the blob touched.
        Status::Stored => return Ok(Answer::bytes(208, "text/plain; charset=UTF-8", Vec::new())),
        Status::Uploading if can_defer => {
            return Ok(Answer::bytes(425, "text/plain; charset=UTF-8", Vec::new()));
        }
        Status::Uploading | Status::Unknown => {}
    }
    let temporary = Temporary(store.new_upload(blob));
    receive(incoming, &temporary.0)?;
    let received = incoming.sum.length_bytes();
    if i64::try_from(received).ok() != Some(blob.size) {
        let message =
            format!("file size mismatched, declared {} but received {received} bytes", blob.size);
        return Ok(Answer::error(417, &message));
    }
    if incoming.sum.hex() != blob.sha {
        let message = format!(
            "file SHA256 mismatched, declared {} but received {}",
            blob.sha,
            incoming.sum.hex()
        );
        return Ok(Answer::error(417, &message));
    }
    Ok(match give_name(&temporary.0, &store.blob_path(blob)) {
        // Documented is 204.
        Ok(()) => Answer::empty(200),
        Err(error) => Answer::error(500, &format!("unexpected error: {error}")),
    })
}

/// Absent is no; else what Go's `ParseBool` takes.
fn can_defer(incoming: &Incoming<'_>) -> Result<bool, ()> {
    match incoming.head.text("X-Shaman-Can-Defer-Upload").as_deref() {
        Some("1" | "t" | "T" | "true" | "True" | "TRUE") => Ok(true),
        None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(false),
        Some(_) => Err(()),
    }
}

/// Everything up to the end of the body is written, also beyond the declared size.
fn receive(incoming: &mut Incoming<'_>, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.parent().expect("a name in a folder has a parent"))?;
    let mut file = File::create_new(to)?;
    let mut piece = vec![0; 32 << 10];
    loop {
        let read = incoming.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        file.write_all(piece.get(..read).unwrap_or_default())?;
    }
}

fn give_name(temporary: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().expect("a name in a folder has a parent"))?;
    fs::rename(temporary, path)
}

/// Gone at every exit, and its two directories as far as they are empty.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
        remove_empty_parents(&self.0, 2);
    }
}
