//! The models of Flamenco's two ends, against each other and against what was seen of the
//! originals.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the disk behind the programs' backs, and a failed step is a failed test"
)]

mod addon_wire;
mod bat1;
mod bat2;
mod client_habits;
mod encoded_words;
mod jobs;
mod manager_faults;
mod manager_pages;
mod start;
mod stock_checkouts;
mod stock_shaman;
mod stock_store;
mod studio;
