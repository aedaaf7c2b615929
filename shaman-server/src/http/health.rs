//! `GET /healthz`: the process lives. `GET /readyz`: it can do its work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::time::timeout;

use super::Shared;
use super::failure::Failure;

/// How long storage and index may take to answer; whoever asks gives up a bit later.
const PATIENCE: Duration = Duration::from_secs(3);

/// Says that the process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// Says whether storage and index answer.
pub(super) async fn ready(State(shared): State<Shared>) -> Result<Response, Failure> {
    let not_ready = |sentence| Failure::new(StatusCode::SERVICE_UNAVAILABLE, sentence);
    let hangs = || {
        not_ready(format!(
            "the storage has not answered for {} seconds; is it mounted and reachable?",
            PATIENCE.as_secs()
        ))
    };
    // One try at a time: a storage that hangs must not take a thread for each question.
    let turn = Arc::clone(&shared.watch.trying).lock_owned();
    let Ok(turn) = timeout(PATIENCE, turn).await else { return Err(hangs()) };
    let tried = shared.run(move |ops| {
        let tried = ops.try_ready();
        drop(turn);
        tried
    });
    match timeout(PATIENCE, tried).await {
        Err(_) => Err(hangs()),
        Ok(Ok(Ok(()))) => Ok("ready\n".into_response()),
        Ok(Ok(Err(error))) => {
            let sentence = error.to_string();
            tracing::warn!("not ready: {:#}", anyhow::Error::from(error));
            Err(not_ready(sentence))
        }
        Ok(Err(failure)) => Err(failure),
    }
}
