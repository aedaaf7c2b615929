//! One method an endpoint. Speaks to our server and to Flamenco's own alike.

mod blobs;
mod chunks;
mod connect;
mod failure;
mod jobs;
mod native;
mod put;
mod request;
mod retry;
mod silence;
mod store;
mod trust;

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Body, Certificate, Client, StatusCode, header};
use serde::Serialize;
use shaman_proto::wire::flamenco::{
    CreateAnswer, CreateRequest, FileSpec, FileStatus, RequiredFile, RequirementsAnswer,
    SharedStorageAnswer, StatusAnswer, VersionAnswer,
};
use shaman_proto::{BlobRef, headers};

pub use blobs::BlobBytes;
pub use chunks::Length;
pub use failure::ApiError;
pub use native::CheckedOut;
pub use put::{Come, Part, Put};
pub use retry::{Patience, patiently};
pub use silence::Pulse;

use crate::secret::Secret;
use connect::Connect;
use request::{Request, encode};
use silence::unless_silent;

/// How long nothing may move in the middle of a request. There is no limit on the time of a whole
/// one: reqwest's counts from its start, and would end long uploads.
const SILENCE: Duration = Duration::from_mins(2);

/// A checkout may take so many times longer: servers wait for up to a minute for blobs that others
/// are sending, and say nothing while they link.
const CHECKOUT_SILENCES: f64 = 2.5;

/// And so much more for each file: storages of the slowest kind make 100 links a second.
const SILENCE_A_FILE: Duration = Duration::from_millis(10);

/// What became of a blob that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The server took it and verified it.
    Stored,
    /// The server says that it has it already; it need not have read what was sent.
    HadIt,
}

/// A server, by its address.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    connect: Connect,
    client: Client,
    silence: Duration,
}

impl Api {
    /// A server at this address; a path prefix in it is kept. Connects to nobody yet.
    pub fn new(server: &str) -> Result<Self, ApiError> {
        Self::by(Connect::default(), server)
    }

    /// The same, trusting these certificate authorities besides those of this machine: certificates
    /// in PEM, one at least.
    pub fn trusting(server: &str, pem: &[u8]) -> Result<Self, ApiError> {
        let authorities = Certificate::from_pem_bundle(pem).unwrap_or_default();
        if authorities.is_empty() {
            return Err(ApiError::NoAuthority);
        }
        Self::by(Connect { authorities, ..Connect::default() }, server)
    }

    fn by(connect: Connect, server: &str) -> Result<Self, ApiError> {
        let base = server.trim_end_matches('/').to_owned();
        let is_http = ["http://", "https://"].iter().any(|scheme| base.starts_with(scheme));
        if !is_http {
            return Err(ApiError::NoAddress { server: server.to_owned() });
        }
        let client = connect.client(&base)?;
        Ok(Self { base, connect, client, silence: SILENCE })
    }

    /// Shows this token with each request. It is in no error and no log.
    pub fn with_token(self, token: &Secret) -> Result<Self, ApiError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
            .map_err(|_| ApiError::NoToken)?;
        // Nothing prints it, and other hosts do not get it.
        bearer.set_sensitive(true);
        let mut connect = self.connect;
        connect.headers.insert(header::AUTHORIZATION, bearer);
        let client = connect.client(&self.base)?;
        Ok(Self { connect, client, ..self })
    }

    /// Ends requests in which nothing moves for this time, instead of two minutes.
    #[must_use]
    pub fn with_silence(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// The address, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What the server would have said, had it said this.
    pub(crate) fn refusal(&self, status: u16, message: &str) -> ApiError {
        let (server, message) = (self.base.clone(), message.to_owned());
        ApiError::Refused { server, status, message, wait: None }
    }

    /// Who answers there.
    pub async fn version(&self) -> Result<VersionAnswer, ApiError> {
        self.json(Request::get("/api/v3/version")).await
    }

    /// Where checkouts are as this machine sees them, and whether the server makes any.
    pub async fn shared_storage(&self) -> Result<SharedStorageAnswer, ApiError> {
        let path = format!("/api/v3/configuration/shared-storage/users/{}", platform());
        self.json(Request::get(&path)).await
    }

    /// Which of these the server lacks.
    pub async fn requirements(&self, files: &[FileSpec]) -> Result<Vec<RequiredFile>, ApiError> {
        #[derive(Serialize)]
        struct List<'a> {
            files: &'a [FileSpec],
        }
        let body = encode(&List { files });
        let path = "/api/v3/shaman/checkout/requirements";
        let silence = self.silence + silence_of(files.len());
        let request = Request::post(path, body).silent_for(silence);
        let answer: RequirementsAnswer = self.json(request).await?;
        Ok(answer.files)
    }

    /// Says whether the server has a blob.
    pub async fn has(&self, blob: &BlobRef) -> Result<bool, ApiError> {
        let path = format!("/api/v3/shaman/files/{}/{}", blob.digest, blob.size);
        let answer: StatusAnswer = self.json(Request::get(&path)).await?;
        Ok(answer.status == FileStatus::Stored)
    }

    /// Sends a blob. `name` is the file's, for the server's log; `pulse` beats as the body moves.
    pub async fn upload(
        &self,
        blob: &BlobRef,
        name: &str,
        body: Body,
        pulse: &Pulse,
    ) -> Result<Taken, ApiError> {
        let url = format!("{}/api/v3/shaman/files/{}/{}", self.base, blob.digest, blob.size);
        let sending = self
            .client
            .post(&url)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, blob.size.bytes())
            .header(headers::CAN_DEFER_UPLOAD, "false")
            .header(headers::ORIGINAL_FILENAME, encode_word(name))
            .body(body)
            .send();
        let sent = unless_silent(sending, pulse, self.silence).await;
        let response = self.accepted(sent, self.silence).await?;
        Ok(match response.status() {
            StatusCode::ALREADY_REPORTED => Taken::HadIt,
            _ => Taken::Stored,
        })
    }

    /// Asks for a checkout and gives the path it really got.
    pub async fn create(&self, request: &CreateRequest) -> Result<String, ApiError> {
        let path = "/api/v3/shaman/checkout/create";
        let silence = self.silence.mul_f64(CHECKOUT_SILENCES) + silence_of(request.files.len());
        let request = Request::post(path, encode(request)).silent_for(silence);
        let answer: CreateAnswer = self.json(request).await?;
        Ok(answer.checkout_path)
    }
}

/// How much longer a server may be silent over so many files.
fn silence_of(files: usize) -> Duration {
    SILENCE_A_FILE.saturating_mul(u32::try_from(files).unwrap_or(u32::MAX))
}

/// Flamenco's word for the system that this runs on.
pub fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Gives a file name as header text: as it is, or percent-encoded inside an RFC 2047 word.
fn encode_word(name: &str) -> String {
    use std::fmt::Write as _;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/._- ".contains(&b);
    if name.bytes().all(is_plain) && name.trim() == name {
        return name.to_owned();
    }
    let mut word = "=?utf-8?q?".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'/' {
            word.push(char::from(byte));
        } else {
            write!(word, "={byte:02X}").expect("text takes text");
        }
    }
    word.push_str("?=");
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_become_header_text() {
        assert_eq!(encode_word("tex/wood a.png"), "tex/wood a.png");
        assert_eq!(encode_word("ü\n.png"), "=?utf-8?q?=C3=BC=0A=2Epng?=");
    }

    #[test]
    fn an_address_needs_a_scheme() {
        assert!(Api::new("farm:8080").is_err());
        assert_eq!(
            Api::new("http://farm:8080/secret//").unwrap().base(),
            "http://farm:8080/secret"
        );
    }
}
