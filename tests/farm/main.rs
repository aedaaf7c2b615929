//! Server, client and Blender together, as a studio has them: real programs, real projects.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the disk behind the programs' backs, and a failed step is a failed test"
)]

mod delta;
mod fetch;
mod ops;
mod pack;
mod render;
mod submit;
mod support;
mod wire;
