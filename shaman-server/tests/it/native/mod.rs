//! Our own API, below `/v1`.

mod frames;
mod missing;
mod reading;
