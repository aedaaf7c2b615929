//! Which path leads where.

use std::io;
use std::sync::Arc;

use serde_json::json;

use super::answer::Answer;
use super::incoming::Incoming;
use super::shared::Shared;
use super::{configuration, jobs, pages, shaman, socket_io};

/// The ordinary answer to a request. An error is the end of the connection.
pub(super) fn route(shared: &Arc<Shared>, incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let (method, path) = (incoming.method.clone(), incoming.path.clone());
    if let Some(rest) = path.strip_prefix("/api/v3/") {
        let parts: Vec<_> = rest.split('/').collect();
        return api(shared, incoming, &method, &parts);
    }
    match method.as_str() {
        "GET" | "POST" if path.starts_with("/socket.io/") => socket_io::answer(shared, incoming),
        "GET" | "HEAD" => Ok(pages::page(shared, &path)),
        _ => Ok(Answer::message(405, "Method Not Allowed")),
    }
}

fn api(
    shared: &Arc<Shared>,
    incoming: &mut Incoming<'_>,
    method: &str,
    parts: &[&str],
) -> io::Result<Answer> {
    let answer = match (method, parts) {
        ("GET", ["version"]) => version(shared),
        ("GET", ["openapi3.json"]) => {
            Answer::json(200, &json!({ "openapi": "3.0.0", "paths": {} }))
        }
        ("GET", ["configuration"]) => configuration::summary(shared),
        ("GET", ["configuration", "file"]) => configuration::file(shared),
        ("PUT", ["configuration", "file"]) => configuration::replace(shared, incoming)?,
        ("GET", ["configuration", "shared-storage", audience, platform]) => {
            configuration::shared_storage(shared, audience, platform)
        }
        ("POST", ["configuration", "check", "shared-storage"]) => configuration::check(incoming)?,
        ("GET", ["jobs", "types"]) => jobs::types(),
        ("GET", ["jobs", "type", name]) => jobs::job_type(name),
        ("GET", ["worker-mgt", "tags"]) => Answer::json(200, &json!({ "tags": [] })),
        ("POST", ["jobs", "check"]) => jobs::check(incoming)?,
        ("POST", ["jobs"]) => jobs::submit(shared, incoming)?,
        ("GET", ["jobs"]) => jobs::list(shared),
        ("DELETE", ["jobs", "mass-delete"]) => jobs::delete_many(shared, incoming)?,
        ("GET", ["jobs", id]) => jobs::one(shared, id),
        ("DELETE", ["jobs", id]) => jobs::delete(shared, id),
        ("GET", ["jobs", id, "what-would-delete-do"]) => jobs::what_would_delete_do(shared, id),
        (_, ["shaman", rest @ ..]) => shaman::answer(shared, incoming, rest)?,
        ("OPTIONS", _) => Answer::empty(204),
        ("GET" | "POST", _) => Answer::message(404, "Not Found"),
        _ => Answer::message(405, "Method Not Allowed"),
    };
    Ok(answer)
}

fn version(shared: &Shared) -> Answer {
    let version = &shared.setup.version;
    let git = "cf286e718977";
    let answer = json!({
        "name": "Flamenco", "version": format!("{version}-{git}"), "shortversion": version, "git": git,
    });
    Answer::json(200, &answer)
}
