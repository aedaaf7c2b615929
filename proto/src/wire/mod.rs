//! Shapes of requests and answers.

pub mod blobs;
pub mod care;
pub mod checkouts;
pub mod chunks;
pub mod event;
pub mod failure;
pub mod flamenco;
pub mod framing;
pub mod jobs;
pub mod native;
pub mod watch;
