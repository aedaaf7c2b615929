//! What ops ask of our server, below `/v1`: sweep, checkouts, pins, damage, status.

use std::fmt::Write as _;

use shaman_proto::CheckoutPath;
use shaman_proto::wire::care::{
    CheckoutAnswer, DamageAnswer, ScrubAnswer, ScrubRequest, StatusAnswer,
};
use shaman_proto::wire::native::{CheckoutsAnswer, Pin, SweepAnswer, SweepRequest};

use super::failure::NO_REASON;
use super::request::{Request, encode};
use super::{Api, ApiError, SILENCE};

/// A sweep says nothing until it is through; a million blobs take minutes.
const SWEEP_SILENCES: u32 = 30;

impl Api {
    /// Removes what nothing uses, or says what would be removed.
    pub async fn sweep(&self, request: &SweepRequest) -> Result<SweepAnswer, ApiError> {
        let request = Request::post("/v1/sweep", encode(request));
        self.native(request.silent_for(SILENCE * SWEEP_SILENCES)).await
    }

    /// Up to a thousand checkouts, by path; `after` is the last one of the page before, or empty.
    pub async fn checkouts(&self, after: &str) -> Result<CheckoutsAnswer, ApiError> {
        self.native(Request::get(&format!("/v1/checkouts?after={}", escape(after)))).await
    }

    /// What a checkout consists of and what it costs.
    pub async fn checkout(&self, path: &CheckoutPath) -> Result<CheckoutAnswer, ApiError> {
        self.native(Request::get(&at("checkouts", path))).await
    }

    /// Erases a checkout; it is out of sight when this returns.
    pub async fn erase(&self, path: &CheckoutPath) -> Result<(), ApiError> {
        self.told(Request::delete(&at("checkouts", path))).await
    }

    /// Keeps a checkout whatever becomes of its job.
    pub async fn pin(&self, path: &CheckoutPath, pin: &Pin) -> Result<(), ApiError> {
        self.told(Request::put(&at("pins", path), encode(pin))).await
    }

    /// Takes a pin away; `false` if there was none.
    pub async fn unpin(&self, path: &CheckoutPath) -> Result<bool, ApiError> {
        match self.answer(Request::delete(&at("pins", path))).await {
            // In few words, and not as something that is not known.
            Err(ApiError::Refused { status: 404, message, .. }) if message == NO_REASON => {
                Ok(false)
            }
            answer => answer.map(|_| true).map_err(|error| self.explained(error)),
        }
    }

    /// What is damaged and not healed yet.
    pub async fn damage(&self) -> Result<DamageAnswer, ApiError> {
        self.native(Request::get("/v1/damage")).await
    }

    /// How the store is.
    pub async fn store_status(&self) -> Result<StatusAnswer, ApiError> {
        self.native(Request::get("/v1/status")).await
    }

    /// Has every blob read again, from the beginning.
    pub async fn scrub(&self, request: &ScrubRequest) -> Result<ScrubAnswer, ApiError> {
        self.native(Request::post("/v1/scrub", encode(request))).await
    }

    /// Has the index compared with the storage.
    pub async fn reindex(&self) -> Result<(), ApiError> {
        self.told(Request::post("/v1/reindex", encode(&()))).await
    }

    async fn native<T: serde::de::DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<T, ApiError> {
        self.json(request).await.map_err(|error| self.explained(error))
    }

    async fn told(&self, request: Request<'_>) -> Result<(), ApiError> {
        self.answer(request).await.map(drop).map_err(|error| self.explained(error))
    }

    /// Flamenco knows nothing of `/v1`: it answers with a page of its own, or with 404 and no word
    /// of ours.
    fn explained(&self, error: ApiError) -> ApiError {
        let server = self.base.clone();
        match error {
            ApiError::Strange { .. } => ApiError::NotOurs { server },
            ApiError::Refused { status: 404 | 405, ref message, .. }
                if !message.contains("checkout") && !message.contains("pin") =>
            {
                ApiError::NotOurs { server }
            }
            other => other,
        }
    }
}

fn at(what: &str, path: &CheckoutPath) -> String {
    format!("/v1/{what}/{}", escape(path.as_str()))
}

/// Percent-encodes all that could mean something else in a URL; slashes stay.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("text takes text");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn names_of_checkouts_survive_a_url() {
        assert_eq!(escape("film/shot 1?#%ü"), "film/shot%201%3F%23%25%C3%BC");
    }
}
