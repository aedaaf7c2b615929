//! Jobs: taken, shown, and deleted a moment after it was asked for.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Answer;
use super::deletion;
use super::incoming::Incoming;
use super::shared::{Shared, locked};

const TYPE: &str = "simple-blender-render";
const ETAG: &str = "a8a7b6c5d4";

pub(super) fn types() -> Answer {
    Answer::json(200, &json!({ "job_types": [description()] }))
}

pub(super) fn job_type(name: &str) -> Answer {
    if name == TYPE {
        Answer::json(200, &description())
    } else {
        Answer::error(404, "no such job type known")
    }
}

fn description() -> Value {
    let settings = json!([
        { "key": "frames", "type": "string", "required": true, "eval": "frame_range" },
        { "key": "chunk_size", "type": "int32", "default": 1 },
        { "key": "render_output_root", "type": "string", "subtype": "dir_path", "required": true },
        { "key": "render_output_path", "type": "string", "subtype": "file_path", "editable": false },
        { "key": "blendfile", "type": "string", "required": true, "visible": "web" },
        { "key": "fps", "type": "float", "eval": "fps" },
        { "key": "format", "type": "string", "required": true, "eval": "format" },
    ]);
    json!({ "name": TYPE, "label": "Simple Blender Render", "etag": ETAG, "settings": settings })
}

pub(super) fn check(incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let job = incoming.json()?;
    Ok(job.and_then(|job| acceptable(&job)).map_or_else(|refused| refused, |()| Answer::empty(204)))
}

/// Stores the job as it is. Whether the checkout or the .blend exist is not looked at.
pub(super) fn submit(shared: &Shared, incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let mut job = match incoming.json()?.and_then(|job| acceptable(&job).map(|()| job)) {
        Ok(job) => job,
        Err(refused) => return Ok(refused),
    };
    let now = Timestamp::now().to_string();
    for (name, value) in [
        ("id", uuid().as_str()),
        ("status", "queued"),
        ("activity", ""),
        ("created", &now),
        ("updated", &now),
        ("type_etag", ETAG),
    ] {
        job[name] = Value::from(value);
    }
    locked(&shared.jobs).push(job.clone());
    Ok(Answer::json(200, &job))
}

/// What validator and job compiler refuse.
fn acceptable(job: &Value) -> Result<(), Answer> {
    for name in ["name", "type", "submitter_platform"] {
        if !job[name].is_string() {
            return Err(Answer::message(
                400,
                &format!("request body has an error: property {name:?} is missing"),
            ));
        }
    }
    if !job["priority"].is_i64() {
        return Err(Answer::message(
            400,
            "request body has an error: property \"priority\" is missing",
        ));
    }
    if job["type"] != TYPE {
        return Err(Answer::error(400, &format!("job type unknown: {}", job["type"])));
    }
    if job.get("type_etag").is_some_and(|etag| etag != ETAG) {
        return Err(Answer::error(
            412,
            "rejecting job because its settings are outdated, refresh the job type",
        ));
    }
    Ok(())
}

pub(super) fn list(shared: &Shared) -> Answer {
    Answer::json(200, &json!({ "jobs": *locked(&shared.jobs) }))
}

pub(super) fn one(shared: &Shared, id: &str) -> Answer {
    find(shared, id).map_or_else(|| no_such_job(id), |job| Answer::json(200, &job))
}

/// True when stock would erase the job's checkout: its own Shaman is on and the job names one.
pub(super) fn what_would_delete_do(shared: &Shared, id: &str) -> Answer {
    let Some(job) = find(shared, id) else { return no_such_job(id) };
    let erases = shared.setup.shaman_enabled && deletion::checkout_of(&job).is_some();
    Answer::json(200, &json!({ "shaman_checkout": erases }))
}

/// 204 means queued: the job stays until the work in the background is done.
pub(super) fn delete(shared: &Arc<Shared>, id: &str) -> Answer {
    if find(shared, id).is_none() {
        return no_such_job(id);
    }
    deletion::queue(shared, &|job| job["id"] == id);
    Answer::empty(204)
}

pub(super) fn delete_many(shared: &Arc<Shared>, incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let body = match incoming.json()? {
        Ok(body) => body,
        Err(refused) => return Ok(refused),
    };
    let latest = body["last_updated_max"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let Some(latest) = latest else {
        return Ok(Answer::message(
            400,
            "request body has an error: property \"last_updated_max\" is missing",
        ));
    };
    let old_enough = |job: &Value| {
        job["updated"]
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok())
            .is_some_and(|time| time <= latest)
    };
    if deletion::queue(shared, &old_enough) == 0 {
        return Ok(Answer::error(416, "no jobs last modified on or before that date"));
    }
    Ok(Answer::empty(204))
}

fn find(shared: &Shared, id: &str) -> Option<Value> {
    locked(&shared.jobs).iter().find(|job| job["id"] == id).cloned()
}

fn no_such_job(id: &str) -> Answer {
    Answer::error(404, &format!("no such job: {id}"))
}

/// A random one of version 4.
fn uuid() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let mut rest = hex.as_str();
    let parts = [8, 4, 4, 4, 12].map(|length| {
        let (part, after) = rest.split_at(length);
        rest = after;
        part
    });
    parts.join("-")
}
