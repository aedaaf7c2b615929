//! Jobs as the Manager writes them, and the checkouts that they have.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shaman_proto::CheckoutPath;

use crate::ops::{ListedJob, LookupError, Ops};

/// What stands for the checkout root in a job's settings.
const JOBS_VARIABLE: &str = "{jobs}";

/// Parts of a job whose texts may lead into a checkout.
const PARTS: &[&str] = &["settings", "metadata", "storage"];

/// A list of jobs that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It is none.
    #[error("the Manager's list of jobs is not one that this version understands")]
    NoList,
    /// A lookup failed.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

/// A submitted job that would do harm.
#[derive(Debug, thiserror::Error)]
pub enum BadJob {
    /// When the job is deleted, the Manager would erase whatever is at that path.
    #[error(
        "storage.shaman_checkout_id `{0}` names no checkout; send the checkoutPath that the create answered"
    )]
    Checkout(String),
    /// The Manager may read it in another way than we do.
    #[error("the job is not JSON that can be looked at: {0}")]
    Unreadable(serde_json::Error),
    /// A lookup failed.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

/// The answer to `GET /api/v3/jobs`. Each job is read for itself: as JSON all of them together
/// would take a multiple of their text.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    jobs: Vec<&'a RawValue>,
}

/// Reads the answer to `GET /api/v3/jobs`.
pub(super) fn listed(answer: &[u8], ops: &Ops) -> Result<Vec<ListedJob>, ListError> {
    let list: List<'_> = serde_json::from_slice(answer).map_err(|_| ListError::NoList)?;
    list.jobs
        .into_iter()
        .map(|job| {
            let text = job.get();
            let Ok(job) = serde_json::from_str::<Value>(text) else { return unread(text) };
            let id = job.get("id").and_then(Value::as_str).ok_or(ListError::NoList)?.to_owned();
            let mut texts = Vec::new();
            for part in PARTS {
                collect(job.get(part).unwrap_or(&Value::Null), &mut texts);
            }
            Ok(ListedJob { id, checkout: checkout_of(&job, ops)?, texts })
        })
        .collect()
}

/// A job that is nested too deeply to be read: whatever its text seems to name, it names.
fn unread(text: &str) -> Result<ListedJob, ListError> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let Id { id } = serde_json::from_str(text).map_err(|_| ListError::NoList)?;
    Ok(ListedJob { id, checkout: None, texts: vec![ListedJob::as_path(text)] })
}

/// The checkout of ours that a job was given: by its id, else by where its .blend lies.
pub(super) fn checkout_of(job: &Value, ops: &Ops) -> Result<Option<CheckoutPath>, LookupError> {
    let id = job.pointer("/storage/shaman_checkout_id").and_then(Value::as_str);
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        let found = ops.checkout_at(id)?;
        return Ok(found.filter(|checkout| checkout.as_str() == id));
    }
    match job.pointer("/settings/blendfile").and_then(Value::as_str) {
        Some(blend) => checkout_around(blend, ops),
        None => Ok(None),
    }
}

/// The checkout of ours that a path leads into.
fn checkout_around(path: &str, ops: &Ops) -> Result<Option<CheckoutPath>, LookupError> {
    let root = ops.checkout_root();
    let below = path
        .strip_prefix(JOBS_VARIABLE)
        .or_else(|| path.strip_prefix(root.to_str()?))
        .and_then(|rest| rest.strip_prefix(['/', '\\']));
    below.map_or(Ok(None), |below| ops.checkout_at(below))
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(ListedJob::as_path(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Looks at a job that is being submitted: gives the text to submit instead when it lacks the id
/// of the checkout that its .blend lies in (the add-on with BAT 2 leaves it out), `None` when it is
/// good as it is. JSON that is not a job is left for the Manager to refuse; what we cannot read (it
/// is nested too deeply, say) must not get past us, since the Manager's reader may be more lenient.
pub fn complete(body: &[u8], ops: &Ops) -> Result<Option<Vec<u8>>, BadJob> {
    let job: Value = serde_json::from_slice(body).map_err(BadJob::Unreadable)?;
    let id = job.pointer("/storage/shaman_checkout_id").and_then(Value::as_str);
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        refuse_harmful(id, ops)?;
        return Ok(None);
    }
    let Some(checkout) = checkout_of(&job, ops)? else { return Ok(None) };
    // Every other value stays as it was written.
    let mut fields: BTreeMap<String, Box<RawValue>> = match serde_json::from_slice(body) {
        Ok(fields) => fields,
        Err(_) => return Ok(None),
    };
    let mut storage = match job.get("storage") {
        Some(Value::Object(storage)) => storage.clone(),
        _ => serde_json::Map::new(),
    };
    storage.insert("shaman_checkout_id".to_owned(), checkout.as_str().into());
    let storage = serde_json::value::to_raw_value(&storage).expect("a map of texts is JSON");
    fields.insert("storage".to_owned(), storage);
    Ok(Some(serde_json::to_vec(&fields).expect("JSON stays JSON")))
}

/// A Manager erases what the id names, whatever that is: `..` would be all of the storage, a
/// directory of checkouts would be all of these, and a place in a checkout a part of it.
fn refuse_harmful(id: &str, ops: &Ops) -> Result<(), BadJob> {
    let harmful = || BadJob::Checkout(id.to_owned());
    let checkout: CheckoutPath = id.parse().map_err(|_| harmful())?;
    let is_inside = ops.checkout_at(id)?.is_some_and(|around| around != checkout);
    if checkout.as_str() != id || is_inside || ops.is_directory_of_checkouts(&checkout)? {
        return Err(harmful());
    }
    Ok(())
}
