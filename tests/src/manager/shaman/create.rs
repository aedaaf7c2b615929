//! A checkout of relative links, made where workers can watch it grow.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::erase::{erase, is_valid};
use super::requirements::touch;
use super::{entries, is_name, panicked};
use crate::manager::answer::Answer;
use crate::manager::shared::{Shared, locked};
use crate::stock_store::{Blob, Links, Status, StockStore, clean};

/// After so many names that are taken, stock gives up.
const ATTEMPTS: usize = 10;

pub(super) fn answer(shared: &Shared, store: &StockStore, body: &Value) -> Answer {
    let Some(asked) = body["checkoutPath"].as_str() else {
        return Answer::message(
            400,
            "request body has an error: property \"checkoutPath\" is missing",
        );
    };
    let files = entries(body);
    if files.iter().any(|(blob, _)| !is_name(&blob.sha)) {
        return panicked();
    }
    if !is_valid(asked) {
        return unexpected(&format!("invalid checkout path {asked:?}"));
    }
    let (made, folder) = {
        let _one_at_a_time = locked(&shared.creating);
        match make(store, asked) {
            Ok(made) => made,
            Err(error) => return unexpected(&error.to_string()),
        }
    };
    if let Err(message) = fill(store, &folder, &files) {
        // Stock erases what was asked for, not what it made: somebody else's checkout, if the name
        // was taken.
        drop(erase(store.root(), asked));
        return unexpected(&message);
    }
    Answer::json(200, &json!({ "checkoutPath": made }))
}

/// Makes the directory, under a name with a suffix when the asked one is taken.
fn make(store: &StockStore, asked: &str) -> io::Result<(String, PathBuf)> {
    for attempt in 0..ATTEMPTS {
        let suffix: String =
            (0..4).map(|_| *fastrand::choice(SUFFIX).expect("not empty")).map(char::from).collect();
        let name = if attempt == 0 { asked.to_owned() } else { format!("{asked}-{suffix}") };
        let folder = store.jobs().join(&name);
        match fs::metadata(&folder) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&folder)?;
                return Ok((name, folder));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("a checkout with this ID already exists"))
}

const SUFFIX: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The first blob that is not stored ends it, and so does anything in the way of a link.
fn fill(
    store: &StockStore,
    folder: &std::path::Path,
    files: &[(Blob, String)],
) -> Result<(), String> {
    for (blob, path) in files {
        if store.status(blob) != Status::Stored {
            return Err("unknown files requested in checkout".to_owned());
        }
        let at = clean(&folder.join(path.trim_start_matches('/')));
        if !at.starts_with(store.root()) {
            return Err("symlinking outside of the storage is more than this model does".to_owned());
        }
        let parent_was_there = at.parent().is_some_and(std::path::Path::exists);
        let link_was_there = at.symlink_metadata().is_ok();
        store
            .link(&at, blob, Links::Relative)
            .map_err(|error| format!("symlinking {path:?} to checkout: {error}"))?;
        // In the ordinary case the blob is not touched.
        if !parent_was_there || link_was_there {
            touch(store, blob);
        }
    }
    Ok(())
}

fn unexpected(message: &str) -> Answer {
    Answer::error(500, &format!("unexpected error: {message}"))
}
