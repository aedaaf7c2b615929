//! Our own API, below `/v1`.

mod checkouts;
mod delta;
mod document;
mod events;
mod frames;
mod gather;
mod missing;
mod reading;
mod resuming;
