//! The Flamenco Manager behind us: asked about itself and its jobs, and followed when jobs go.
//!
//! ```text
//!  http/upstream ── send ──► Manager ◄── ask ── setup    which set-up is it, at the start
//!                                     ◄── ask ── follow  which jobs are there, in the background
//! ```
//!
//! One pool of connections for all of it. Nothing here is needed for uploads and checkouts: they go
//! on while the Manager is away.

mod deletions;
mod follow;
mod job;
mod jobs;
mod setup;
mod submissions;

use std::error::Error as _;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::uri::{PathAndQuery, Scheme};
use axum::http::{HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::sync::{RwLockReadGuard, Semaphore};

use crate::config::Upstream;
use deletions::Deletions;
use submissions::Submissions;

pub use jobs::{BadJob, ListError, complete};

/// How long a connection to the Manager may take. It is near: a second is long already.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long an idle connection is kept. Short, so that after a restart of the Manager few of them
/// are dead.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// How long the Manager may take to answer a question of ours.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// Most bytes of a list of jobs: 100,000 of 1 KiB.
const LIST_BYTES_MAX: usize = 128 << 20;

/// Lists of jobs that are read for requests at once: each takes memory and time of the Manager.
const LISTS_AT_ONCE: usize = 2;

/// Most bytes of any other answer that we read ourselves; they have some KiB, and as JSON they
/// take a multiple of that.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// A Manager, by its address.
#[derive(Debug)]
pub struct Manager {
    upstream: Upstream,
    client: Client<HttpConnector, Body>,
    /// What we call ourselves in `Via`: a request that comes to us with it went in a circle.
    name: String,
    deletions: Deletions,
    submissions: Submissions,
    /// Lists of jobs that are read for requests; more wait.
    lists: Semaphore,
}

/// A Manager that did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum ManagerError {
    /// It did not answer.
    #[error("the Flamenco Manager at {upstream} does not answer; start it, or correct `upstream`")]
    Away {
        /// Its address.
        upstream: String,
        /// Why.
        source: hyper_util::client::legacy::Error,
    },
    /// The request that was passed on was cut off or malformed.
    #[error("the request's body cannot be read to its end; send it again")]
    BadBody,
    /// It is we ourselves.
    #[error("`upstream: {0}` leads back to this server; write the address of the Flamenco Manager")]
    Circle(String),
    /// It took too long.
    #[error("the Flamenco Manager at {0} took more than {t} seconds to answer", t = ANSWER_TIME.as_secs())]
    Slow(String),
    /// It answered something else than was asked for.
    #[error("the Flamenco Manager at {upstream} answered {path} with {what}")]
    Strange {
        /// Its address.
        upstream: String,
        /// What was asked.
        path: String,
        /// What came.
        what: String,
    },
}

impl Manager {
    /// The Manager at this address. Connects to nobody yet.
    pub fn new(upstream: Upstream) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIME));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector);
        Self {
            upstream,
            client,
            name: format!("shaman-{:016x}", fastrand::u64(..)),
            deletions: Deletions::default(),
            submissions: Submissions::default(),
            lists: Semaphore::new(LISTS_AT_ONCE),
        }
    }

    /// Its address.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Sends a request, whose path and query are as a client of the Manager would write them and
    /// whose version is that in which it came to us, and gives the answer as it begins. The body streams; there is no time limit.
    pub async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, ManagerError> {
        let passed = request.headers().get_all(header::VIA).iter().map(HeaderValue::as_bytes);
        if passed.into_iter().any(|via| via.ends_with(self.name.as_bytes())) {
            return Err(ManagerError::Circle(self.upstream.to_string()));
        }
        let via = format!("{} {}", spoken(request.version()), self.name);
        if let Ok(via) = HeaderValue::from_str(&via) {
            request.headers_mut().append(header::VIA, via);
        }
        *request.version_mut() = Version::HTTP_11;
        *request.uri_mut() = self.locate(request.uri().path_and_query());
        self.client.request(request).await.map_err(|source| {
            let inner = source.source().and_then(|inner| inner.downcast_ref::<hyper::Error>());
            // What hyper calls its user is the body that it was given.
            if inner.is_some_and(hyper::Error::is_user) {
                return ManagerError::BadBody;
            }
            ManagerError::Away { upstream: self.upstream.to_string(), source }
        })
    }

    /// Holds back erasing while a job is submitted.
    pub async fn submitting(&self) -> RwLockReadGuard<'_, ()> {
        self.submissions.begin().await
    }

    /// Has the jobs looked at now.
    pub fn look_now(&self) {
        self.deletions.look_now();
    }

    /// Notes that the Manager is deleting this job, or (`None`) nobody knows which.
    pub fn is_deleting(&self, id: Option<&str>) {
        match id {
            Some(id) => self.deletions.one(id.to_owned()),
            None => self.deletions.many(),
        }
    }

    /// Asks for a JSON document.
    pub async fn ask(&self, path: &str) -> Result<Value, ManagerError> {
        let bytes = self.fetch(path, ANSWER_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map_err(|e| self.strange(path, format!("no JSON: {e}")))
    }

    /// Asks for all jobs, and gives the answer as it is; reading it takes a blocking thread.
    pub async fn ask_jobs(&self) -> Result<Bytes, ManagerError> {
        self.fetch("/api/v3/jobs", LIST_BYTES_MAX).await
    }

    async fn fetch(&self, path: &str, most: usize) -> Result<Bytes, ManagerError> {
        let answer = tokio::time::timeout(ANSWER_TIME, self.fetch_patiently(path, most)).await;
        answer.unwrap_or_else(|_| Err(ManagerError::Slow(self.upstream.to_string())))
    }

    async fn fetch_patiently(&self, path: &str, most: usize) -> Result<Bytes, ManagerError> {
        let strange = |what| self.strange(path, what);
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = path.parse().map_err(|_| strange("nothing: no such path".into()))?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json);
        let answer = self.send(request).await?;
        if !answer.status().is_success() {
            return Err(strange(format!("status {}", answer.status())));
        }
        let body = Limited::new(answer.into_body(), most).collect().await;
        Ok(body.map_err(|error| strange(error.to_string()))?.to_bytes())
    }

    fn strange(&self, path: &str, what: String) -> ManagerError {
        ManagerError::Strange { upstream: self.upstream.to_string(), path: path.to_owned(), what }
    }

    /// The Manager's URI for a path and query.
    fn locate(&self, path: Option<&PathAndQuery>) -> Uri {
        let path = path.map_or("/", PathAndQuery::as_str);
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.upstream.authority())
            .path_and_query(format!("{}{path}", self.upstream.prefix()))
            .build()
            .unwrap_or_default()
    }
}

/// A version as `Via` has it (RFC 9110 section 7.6.3).
fn spoken(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2.0",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}
