//! The server between released add-ons and a Flamenco Manager, and on a stock storage.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the disk behind the server's back, and a failed step is a failed test"
)]

mod access;
mod adopted;
mod house;
mod jobs;
mod passing;
mod setups;
mod submissions;
mod tls;
mod tunnels;
