//! How a submission ended.

use serde_json::Value;

use super::client::Exchange;

/// What the artist, the Manager and the wire saw.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The checkout that was made, also when the submission failed after it.
    pub checkout: Option<String>,
    /// Whether a job was submitted.
    pub submitted_ok: bool,
    /// The job as the Manager answered it.
    pub job: Option<Value>,
    /// What went wrong, in order; BAT 2 goes on after some.
    pub failures: Vec<String>,
    /// How often requirements were asked for.
    pub rounds: usize,
    /// Of this submission, in order.
    pub requests: Vec<Exchange>,
}

impl Outcome {
    /// [`Exchange::brief`] of each request.
    pub fn steps(&self) -> Vec<String> {
        self.requests.iter().map(Exchange::brief).collect()
    }
}
