//! Shapes of requests and answers.

pub mod care;
pub mod failure;
pub mod flamenco;
pub mod jobs;
pub mod native;
