//! The models of Flamenco's two ends, against each other and against what was seen of the
//! originals.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the disk behind the programs' backs, and a failed step is a failed test"
)]

mod encoded_words;
mod stock_store;
