//! What Manager says about its set-up. The file is read anew at each request, as in stock, while
//! its Shaman stays as it was started.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::answer::Answer;
use super::incoming::Incoming;
use super::shared::{Shared, locked};

pub(super) fn summary(shared: &Shared) -> Answer {
    let file = locked(&shared.file);
    Answer::json(
        200,
        &json!({
            "isFirstRun": shared.setup.first_run,
            "shamanEnabled": shaman_enabled(&file),
            "storageLocation": job_storage(&file),
        }),
    )
}

pub(super) fn file(shared: &Shared) -> Answer {
    Answer::json(200, &locked(&shared.file))
}

/// Takes the whole file; what is left out is off, or zero.
pub(super) fn replace(shared: &Shared, incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let mut file = match incoming.json()? {
        Ok(file) => file,
        Err(refused) => return Ok(refused),
    };
    if !file.is_object() {
        return Ok(Answer::message(400, "request body has an error: value must be an object"));
    }
    let collect = &file["shaman"]["garbageCollect"];
    if ["period", "maxAge"]
        .iter()
        .any(|name| collect.get(name).is_some_and(|value| !value.is_string()))
    {
        return Ok(Answer::message(400, "request body has an error: value must be a string"));
    }
    if file.get("shaman").is_none() {
        file["shaman"] =
            json!({ "enabled": false, "garbageCollect": { "period": "0s", "maxAge": "0s" } });
    }
    *locked(&shared.file) = file;
    Ok(Answer::empty(204))
}

pub(super) fn shared_storage(shared: &Shared, audience: &str, platform: &str) -> Answer {
    if !matches!(audience, "users" | "workers") {
        return Answer::message(
            400,
            "parameter \"audience\" in path has an error: value is not one of the allowed values",
        );
    }
    let file = locked(&shared.file);
    Answer::json(
        200,
        &json!({
            "audience": audience,
            "platform": platform,
            "location": for_platform(shared, &job_storage(&file), platform),
            "shamanEnabled": shaman_enabled(&file),
        }),
    )
}

/// Whether a path can be the storage; always 200.
pub(super) fn check(incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let body = match incoming.json()? {
        Ok(body) => body,
        Err(refused) => return Ok(refused),
    };
    let Some(path) = body["path"].as_str() else {
        return Ok(Answer::message(400, "request body has an error: property \"path\" is missing"));
    };
    let cause = unusable(path);
    Ok(Answer::json(200, &json!({ "path": path, "is_usable": cause.is_empty(), "cause": cause })))
}

fn unusable(path: &str) -> String {
    if path.is_empty() {
        return "An empty path is not suitable as shared storage".to_owned();
    }
    if path.starts_with("\\\\") {
        return "UNC notation is not supported. Mount as a drive letter instead.".to_owned();
    }
    match fs::metadata(Path::new(path)) {
        Err(error) => format!("This path does not exist. Choose an existing directory. ({error})"),
        Ok(meta) if !meta.is_dir() => "The given path is not a directory.".to_owned(),
        Ok(meta) if meta.permissions().readonly() => {
            "Unable to create a file in that directory.".to_owned()
        }
        Ok(_) => String::new(),
    }
}

/// What `{jobs}` stands for, on the Manager's own platform.
pub(super) fn job_storage(file: &Value) -> String {
    let root = file["shared_storage_path"].as_str().unwrap_or_default();
    if shaman_enabled(file) { format!("{root}/jobs") } else { root.to_owned() }
}

fn shaman_enabled(file: &Value) -> bool {
    file["shaman"]["enabled"].as_bool().unwrap_or_default()
}

/// Two-way variables: another root, and that platform's separators.
fn for_platform(shared: &Shared, path: &str, platform: &str) -> String {
    let root = shared.setup.shared_storage.to_string_lossy();
    let other = shared.setup.other_roots.iter().find(|(name, _)| name == platform);
    match (other, path.strip_prefix(root.as_ref())) {
        (Some((_, other)), Some(rest)) if other.contains('\\') => {
            format!("{other}{}", rest.replace('/', "\\"))
        }
        (Some((_, other)), Some(rest)) => format!("{other}{rest}"),
        _ => path.to_owned(),
    }
}
