//! The client as a whole, against files that Blender saved and files made byte by byte.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail where it stands, and writes where it likes"
)]

mod build;
mod deps_cache;
mod deps_cli;
mod deps_fixtures;
mod deps_formats;
mod deps_hostile;
mod deps_links;
mod deps_names;
mod deps_nodes;
mod deps_reach;
mod deps_sequences;
mod deps_simulations;
mod deps_usd;
mod doctor;
mod layers;
mod manual;
mod pack_corners;
mod pack_fixtures;
mod pack_formats;
mod pack_frames;
mod pack_support;
mod seeds;
mod support;
mod table;
