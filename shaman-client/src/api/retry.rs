//! How often, how long.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::ApiError;
use crate::progress::{Event, Listener};

/// Tries of one request: with the pauses below they cover a server's restart (about 15 s).
const TRIES: u32 = 6;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause, whatever a server asks for: a person is waiting.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Counts the tries of one request.
#[derive(Debug, Default)]
pub struct Patience {
    tries: u32,
}

impl Patience {
    /// How long to wait before the next try; `None` when another one cannot help or was one too
    /// many.
    pub fn after(&mut self, error: &ApiError) -> Option<Duration> {
        let asked = match error {
            ApiError::Refused { wait, .. } => *wait,
            _ => None,
        };
        let pause = self.again().filter(|_| error.is_transient())?;
        Some(asked.unwrap_or(pause).min(PAUSE_MAX))
    }

    /// The same, whatever the reason for another try is.
    pub fn again(&mut self) -> Option<Duration> {
        self.tries += 1;
        if self.tries >= TRIES {
            return None;
        }
        // Many clients that broke off together do not come back together.
        let jitter = 0.75 + fastrand::f64() / 2.0;
        Some((FIRST_PAUSE * 2_u32.pow(self.tries - 1)).mul_f64(jitter))
    }
}

/// Makes a request that changes nothing, again and again while that may help.
pub async fn patiently<T, F: Future<Output = Result<T, ApiError>>>(
    progress: &Listener,
    request: impl Fn() -> F,
) -> Result<T, ApiError> {
    let mut patience = Patience::default();
    loop {
        match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => {
                let Some(wait) = patience.after(&error) else { return Err(error) };
                progress.tell(Event::Retrying { why: error.to_string(), wait });
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// What `Retry-After` says, in its form of seconds.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_help_is_not_tried_again() {
        let refused = |status| ApiError::refused("http://x", status, None, "");
        assert!(Patience::default().after(&refused(404)).is_none());
        let mut patience = Patience::default();
        let mut tries = 1;
        while patience.after(&refused(503)).is_some() {
            tries += 1;
        }
        assert_eq!(tries, TRIES);
    }
}
