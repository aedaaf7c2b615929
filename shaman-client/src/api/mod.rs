//! One method an endpoint. Speaks to our server and to Flamenco's own alike.

mod failure;
mod jobs;
mod retry;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Client, Method, Response, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shaman_proto::wire::flamenco::{
    CreateAnswer, CreateRequest, FileSpec, RequiredFile, RequirementsAnswer, SharedStorageAnswer,
    VersionAnswer,
};
use shaman_proto::{BlobRef, headers};

pub use failure::ApiError;
pub use retry::{Patience, patiently};

/// How long a connection may take to stand.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How often a silent connection is asked whether the other side is still there. There is no limit
/// on the time of a request: reqwest's counts from its start, and would end long uploads.
const KEEPALIVE_TIME: Duration = Duration::from_secs(30);

/// A server, by its address.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    client: Client,
}

impl Api {
    /// A server at this address; a path prefix in it is kept. Connects to nobody yet.
    pub fn new(server: &str) -> Result<Self, ApiError> {
        let base = server.trim_end_matches('/').to_owned();
        let is_http = ["http://", "https://"].iter().any(|scheme| base.starts_with(scheme));
        if !is_http {
            return Err(ApiError::NoAddress { server: server.to_owned() });
        }
        let client = Client::builder()
            .connect_timeout(CONNECT_TIME)
            .tcp_keepalive(KEEPALIVE_TIME)
            .tcp_nodelay(true)
            // A farm is near; Flamenco's add-on looks at no proxy either.
            .no_proxy()
            .user_agent(concat!("shaman/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| ApiError::unreachable(&base, source))?;
        Ok(Self { base, client })
    }

    /// The address, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Who answers there.
    pub async fn version(&self) -> Result<VersionAnswer, ApiError> {
        self.json(Method::GET, "/api/v3/version", None).await
    }

    /// Where checkouts are as this machine sees them, and whether the server makes any.
    pub async fn shared_storage(&self) -> Result<SharedStorageAnswer, ApiError> {
        let path = format!("/api/v3/configuration/shared-storage/users/{}", platform());
        self.json(Method::GET, &path, None).await
    }

    /// Which of these the server lacks.
    pub async fn requirements(&self, files: &[FileSpec]) -> Result<Vec<RequiredFile>, ApiError> {
        #[derive(Serialize)]
        struct Request<'a> {
            files: &'a [FileSpec],
        }
        let body = encode(&Request { files });
        let path = "/api/v3/shaman/checkout/requirements";
        let answer: RequirementsAnswer = self.json(Method::POST, path, Some(body)).await?;
        Ok(answer.files)
    }

    /// Sends a blob. `name` is the file's, for the server's log. Any 2xx means that the server has
    /// the blob now.
    pub async fn upload(&self, blob: &BlobRef, name: &str, body: Body) -> Result<(), ApiError> {
        let url = format!("{}/api/v3/shaman/files/{}/{}", self.base, blob.digest, blob.size);
        let sent = self
            .client
            .post(&url)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, blob.size.bytes())
            .header(headers::CAN_DEFER_UPLOAD, "false")
            .header(headers::ORIGINAL_FILENAME, encode_word(name))
            .body(body)
            .send()
            .await;
        self.accepted(sent).await.map(drop)
    }

    /// Asks for a checkout and gives the path it really got.
    pub async fn create(&self, request: &CreateRequest) -> Result<String, ApiError> {
        let path = "/api/v3/shaman/checkout/create";
        let answer: CreateAnswer = self.json(Method::POST, path, Some(encode(request))).await?;
        Ok(answer.checkout_path)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<T, ApiError> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = self.accepted(request.send().await).await?;
        let bytes = response.bytes().await.map_err(|e| ApiError::unreachable(&self.base, e))?;
        serde_json::from_slice(&bytes)
            .map_err(|source| ApiError::Strange { server: self.base.clone(), source })
    }

    /// The response, if it is a good one.
    async fn accepted(&self, sent: reqwest::Result<Response>) -> Result<Response, ApiError> {
        let response = sent.map_err(|source| ApiError::unreachable(&self.base, source))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, wait) = (response.status().as_u16(), retry::retry_after(response.headers()));
        let text = response.text().await.unwrap_or_default();
        Err(ApiError::refused(&self.base, status, wait, &text))
    }
}

/// Flamenco's word for the system that this runs on.
pub fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn encode(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).expect("our shapes are JSON").into()
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
