//! One file a kind of dependency.
//!
//! A rule is shown each data-block with its two letters, and asks for the files it needs. It knows
//! the fields of its struct by their DNA names, and nothing of disks and directories.

mod cache_file;
mod camera;
mod fluid;
mod font;
mod geometry_bake;
mod image;
mod inputs;
pub(super) mod library;
mod mesh_cache;
mod modifiers;
mod movie_clip;
mod multires;
mod nodes;
mod ocean;
mod point_cache;
mod proxies;
mod sequencer;
mod sound;
mod text;
mod views;
mod volume;
mod voxels;

use super::ask::Asks;
use crate::blend::Record;

type Rule = fn(&Record<'_>, &mut Asks);

/// Which rule a data-block meets, by its two letters.
const RULES: &[(&[u8; 2], Rule)] = &[
    (b"CA", camera::look),
    (b"CF", cache_file::look),
    (b"IM", image::look),
    (b"LA", nodes::look),
    (b"LS", nodes::look),
    (b"MA", nodes::look),
    (b"MC", movie_clip::look),
    (b"ME", multires::look),
    (b"NT", nodes::look),
    (b"OB", modifiers::look),
    (b"OB", point_cache::look),
    (b"SC", nodes::look),
    (b"SC", point_cache::look),
    (b"SC", sequencer::look),
    (b"SO", sound::look),
    (b"TE", nodes::look),
    (b"TE", voxels::look),
    (b"TX", text::look),
    (b"VF", font::look),
    (b"VO", volume::look),
    (b"WO", nodes::look),
];

/// Shows a data-block to all rules that want to see it.
pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let code = id.code();
    for (_, rule) in RULES.iter().filter(|(wanted, _)| **wanted == code) {
        rule(id, asks);
    }
}
