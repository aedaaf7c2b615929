//! Which files a client should send.

use std::collections::HashSet;
use std::fs;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{entries, is_name, panicked};
use crate::manager::answer::Answer;
use crate::stock_store::{Blob, Status, StockStore};

pub(super) fn answer(store: &StockStore, body: &Value) -> Answer {
    let mut told = HashSet::new();
    let mut wanted = Vec::new();
    for (blob, path) in entries(body) {
        if !is_name(&blob.sha) {
            return panicked();
        }
        let status = store.status(&blob);
        if status == Status::Stored {
            touch(store, &blob);
        } else if told.insert(blob.clone()) {
            // The first path that names a blob stands for all of them.
            wanted.push(json!({ "path": path, "sha": blob.sha, "size": blob.size, "status": status.word() }));
        }
    }
    Answer::json(200, &json!({ "files": wanted }))
}

/// Says that the blob was used now; failures are only logged by stock.
pub(super) fn touch(store: &StockStore, blob: &Blob) {
    let file = fs::File::options().write(true).open(store.blob_path(blob));
    drop(file.and_then(|file| file.set_modified(SystemTime::now())));
}
