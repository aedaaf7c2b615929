//! Stock Shaman: four operations, with the statuses that it really gives and the faults that it
//! really has. Its blobs, its links and its mistakes are on a real storage.
//!
//! What would leave the test's own folder is not copied: names with slashes (500 here), and what
//! an erased `..` takes beyond the storage. Nor is the crash when two equal uploads end at once.
#![expect(
    clippy::disallowed_methods,
    reason = "this is another program's server, which knows nothing of our layers"
)]

mod create;
mod erase;
mod requirements;
mod upload;

use std::io;

use serde_json::{Value, json};

use super::answer::Answer;
use super::incoming::Incoming;
use super::shared::Shared;
use crate::stock_store::{Blob, StockStore};

pub(super) use erase::erase;

/// Answers what comes after `/api/v3/shaman/`.
pub(super) fn answer(
    shared: &Shared,
    incoming: &mut Incoming<'_>,
    path: &[&str],
) -> io::Result<Answer> {
    let method = incoming.method.clone();
    let store = StockStore::open(&shared.setup.shared_storage);
    match (method.as_str(), path) {
        ("POST", ["checkout", "requirements"]) => {
            with_json(shared, incoming, |body| requirements::answer(&store, body))
        }
        ("POST", ["checkout", "create"]) => {
            with_json(shared, incoming, |body| create::answer(shared, &store, body))
        }
        ("GET" | "POST", ["files", sha, size]) => {
            let Ok(size) = size.parse() else {
                return Ok(Answer::message(
                    400,
                    "Invalid format for parameter filesize: error binding string parameter",
                ));
            };
            let blob = Blob { sha: (*sha).to_owned(), size };
            if method == "POST" {
                return upload::answer(shared, &store, incoming, &blob);
            }
            Ok(status(shared, &store, &blob))
        }
        ("OPTIONS", _) => Ok(Answer::empty(204)),
        ("GET" | "POST", _) => Ok(Answer::message(404, "Not Found")),
        _ => Ok(Answer::message(405, "Method Not Allowed")),
    }
}

fn status(shared: &Shared, store: &StockStore, blob: &Blob) -> Answer {
    if !shared.setup.shaman_enabled {
        return not_active();
    }
    if !is_name(&blob.sha) {
        return panicked();
    }
    Answer::json(200, &json!({ "status": store.status(blob).word() }))
}

/// The validator looks first, then whether Shaman is on.
fn with_json(
    shared: &Shared,
    incoming: &mut Incoming<'_>,
    then: impl FnOnce(&Value) -> Answer,
) -> io::Result<Answer> {
    let body = match incoming.json()? {
        Ok(body) => body,
        Err(refused) => return Ok(refused),
    };
    if let Some(what) = violation(&body) {
        return Ok(Answer::message(400, &format!("request body has an error: {what}")));
    }
    Ok(if shared.setup.shaman_enabled { then(&body) } else { not_active() })
}

/// What is common to the schemas of both operations.
fn violation(body: &Value) -> Option<String> {
    let Some(files) = body["files"].as_array() else {
        return Some("property \"files\" is missing".to_owned());
    };
    let mut bad = files.iter().filter(|file| {
        !(file["sha"].is_string() && file["path"].is_string() && file["size"].as_i64().is_some())
    });
    bad.next().map(|file| format!("doesn't match schema: {file}"))
}

/// The entries of a checked body: name and path.
fn entries(body: &Value) -> Vec<(Blob, String)> {
    let entry = |file: &Value| {
        let sha = file["sha"].as_str()?.to_owned();
        Some((Blob { sha, size: file["size"].as_i64()? }, file["path"].as_str()?.to_owned()))
    };
    body["files"].as_array().into_iter().flatten().filter_map(entry).collect()
}

/// Stock panics under two characters, and takes everything else.
fn is_name(sha: &str) -> bool {
    sha.is_char_boundary(2) && sha.len() > 1 && !sha.contains('/')
}

fn panicked() -> Answer {
    Answer::message(500, "Internal Server Error")
}

fn not_active() -> Answer {
    Answer::error(503, "shaman server not active")
}
