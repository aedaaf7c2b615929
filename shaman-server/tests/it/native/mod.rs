//! Our own API, below `/v1`.

mod checkouts;
mod events;
mod frames;
mod missing;
mod reading;
mod resuming;
