//! `Post`: the way to a collector.

use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use crate::config::Upstream;

/// How long an answer may take; what the standard's own clients wait.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How long an idle connection is kept: longer than a second, in which spans come, and shorter than
/// collectors keep theirs.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Most bytes of an answer that are read: it has a sentence at most.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// One of the two ways to a collector: that of spans or that of figures.
#[derive(Debug)]
pub struct Post {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    /// Whether the last one did not arrive; that is told once.
    is_failing: bool,
}

/// What was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    /// Nobody is there, or has time: the same may be taken later.
    #[error("{0}")]
    Yet(String),
    /// The same would be refused again.
    #[error("{0}")]
    Ever(String),
}

impl Post {
    /// The way for spans.
    pub fn of_spans(endpoint: &Upstream) -> Self {
        Self::to(endpoint, "v1/traces")
    }

    /// The way for figures.
    pub fn of_figures(endpoint: &Upstream) -> Self {
        Self::to(endpoint, "v1/metrics")
    }

    fn to(endpoint: &Upstream, path: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(ANSWER_TIME));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { client, url: format!("{endpoint}/{path}"), is_failing: false }
    }

    /// Sends a document; gives how many things in it were not taken, although it was. That it does
    /// not arrive is told in the log when it begins, and again when it is over.
    pub(super) async fn send(&mut self, document: &Value) -> Result<u64, NotTaken> {
        let answered = tokio::time::timeout(ANSWER_TIME, self.exchange(document)).await;
        let taken = answered.unwrap_or_else(|_| {
            let time = ANSWER_TIME.as_secs();
            Err(NotTaken::Yet(format!("no answer within {time} seconds")))
        });
        let why = match &taken {
            Ok((0, _)) => None,
            Ok((rejected, why)) => Some(format!("{rejected} rejected: {why}")),
            Err(error) => Some(error.to_string()),
        };
        let url = &self.url;
        match (&why, self.is_failing) {
            (Some(why), false) => tracing::warn!(
                url,
                why,
                "the collector does not take what it is sent; it is told when it does again"
            ),
            (None, true) => tracing::info!(url, "the collector takes what it is sent again"),
            _ => {}
        }
        self.is_failing = why.is_some();
        taken.map(|(rejected, _)| rejected)
    }

    async fn exchange(&self, document: &Value) -> Result<(u64, String), NotTaken> {
        let mut request = Request::new(Full::from(document.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.parse().map_err(|_| NotTaken::Ever("no such URL".into()))?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|e| NotTaken::Yet(format!("{:#}", anyhow::Error::from(e))))?;
        let status = answer.status();
        if !status.is_success() {
            let why = format!("it answered {status}");
            return Err(if is_passing(status) { NotTaken::Yet(why) } else { NotTaken::Ever(why) });
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok(body.map_or_else(|_| Default::default(), |body| rejected(&body.to_bytes())))
    }
}

/// Statuses after which the standard has clients try again.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How much of a document was rejected, and why, as the answer says.
fn rejected(body: &[u8]) -> (u64, String) {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let partial = &answer["partialSuccess"];
    let number = |name: &str| {
        let value = &partial[name];
        value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
    };
    let why = partial["errorMessage"].as_str().unwrap_or_default();
    (number("rejectedSpans") + number("rejectedDataPoints"), why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_what_was_rejected() {
        for (body, rejected_) in [
            ("{}", 0),
            ("", 0),
            ("<html>", 0),
            (r#"{"partialSuccess":{}}"#, 0),
            (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"full"}}"#, 3),
            (r#"{"partialSuccess":{"rejectedDataPoints":4}}"#, 4),
        ] {
            assert_eq!(rejected(body.as_bytes()).0, rejected_, "{body}");
        }
    }
}
