//! The operations that the add-on calls, one by one.

use serde_json::{Value, json};

use super::client::Sending;
use super::json::dumps;
use super::project::Spec;
use super::{Addon, ApiError, answers};
use crate::wire::Answer;

/// What stands in an answer about one file that is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As it was asked for.
    pub path: String,
    /// Whether somebody else is sending it.
    pub uploading: bool,
}

/// How an upload was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploaded {
    /// Any 2xx, 208 among them.
    Done,
    /// 425: somebody else is sending it.
    Deferred,
}

impl Addon {
    /// Asks which files to send.
    pub fn requirements(&mut self, files: &[Spec]) -> Result<Vec<Wanted>, ApiError> {
        let answer = self.post_json(
            "/api/v3/shaman/checkout/requirements",
            &json!({ "files": entries(files) }),
        )?;
        let wanted = answers::list(&answer, "files")?.iter().map(|file| {
            answers::text(file, "sha")?;
            answers::integer(file, "size")?;
            let status = answers::word(file, "status", &["unknown", "uploading", "stored"])?;
            if status == "stored" {
                // Legal by its type; both transfers stop at it.
                return Err(ApiError::Unexpected("a stored file is wanted".to_owned()));
            }
            Ok(Wanted { path: answers::text(file, "path")?, uploading: status == "uploading" })
        });
        wanted.collect()
    }

    /// Asks whether one file is stored.
    pub fn is_stored(&mut self, file: &Spec) -> Result<bool, ApiError> {
        let answer = self.get_json(&format!("/api/v3/shaman/files/{}/{}", file.sha, file.size))?;
        Ok(answers::word(&answer, "status", &["unknown", "uploading", "stored"])? == "stored")
    }

    /// Sends one file.
    pub fn upload(&mut self, file: &Spec, can_defer: bool) -> Result<Uploaded, ApiError> {
        let answer = self.client.request(self.sending(file, can_defer)?)?;
        match answers::success(answer) {
            Ok(_) => Ok(Uploaded::Done),
            Err(ApiError::Refused { status: 425, .. }) => Ok(Uploaded::Deferred),
            Err(error) => Err(error),
        }
    }

    pub(super) fn sending<'a>(
        &self,
        file: &'a Spec,
        can_defer: bool,
    ) -> Result<Sending<'a>, ApiError> {
        let name = self.release.file_name_header(&file.path);
        let name = name.ok_or_else(|| ApiError::NotLatin1(file.path.clone()))?;
        let can_defer = if can_defer { "True" } else { "False" };
        Ok(Sending {
            method: "POST",
            path: format!("/api/v3/shaman/files/{}/{}", file.sha, file.size),
            fields: vec![
                ("X-Shaman-Can-Defer-Upload", can_defer.as_bytes().to_vec()),
                ("X-Shaman-Original-Filename", name),
            ],
            body: Some(("application/octet-stream", &file.bytes)),
        })
    }

    /// Asks for a checkout, and gives the path it really got.
    pub fn create_checkout(&mut self, files: &[Spec], checkout: &str) -> Result<String, ApiError> {
        let body = json!({ "files": entries(files), "checkoutPath": checkout });
        let answer = self.post_json("/api/v3/shaman/checkout/create", &body)?;
        answers::text(&answer, "checkoutPath")
    }

    /// Any GET whose answer is JSON.
    pub fn get_json(&mut self, path: &str) -> Result<Value, ApiError> {
        let answer = self.client.request(Sending {
            method: "GET",
            path: path.to_owned(),
            ..Sending::default()
        })?;
        answers::json(answer)
    }

    /// Any POST of JSON whose answer is JSON.
    pub fn post_json(&mut self, path: &str, body: &Value) -> Result<Value, ApiError> {
        answers::json(self.post(path, body)?)
    }

    /// Any POST of JSON whose answer holds nothing of interest.
    pub fn post_for_nothing(&mut self, path: &str, body: &Value) -> Result<(), ApiError> {
        answers::success(self.post(path, body)?).map(drop)
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        let body = dumps(body);
        self.client.request(Sending {
            method: "POST",
            path: path.to_owned(),
            fields: Vec::new(),
            body: Some(("application/json", body.as_bytes())),
        })
    }
}

fn entries(files: &[Spec]) -> Vec<Value> {
    files
        .iter()
        .map(|file| json!({ "sha": file.sha, "size": file.size, "path": file.path }))
        .collect()
}
