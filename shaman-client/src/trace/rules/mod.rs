//! One file a kind of dependency.
//!
//! A rule is shown each data-block with its two letters, and asks for the files it needs. It knows
//! the fields of its struct by their DNA names, and nothing of disks and directories.

mod cache_file;
mod font;
mod image;
pub(super) mod library;
mod movie_clip;
mod sequencer;
mod sound;
mod volume;

use super::ask::Asks;
use crate::blend::Record;

type Rule = fn(&Record<'_>, &mut Asks);

/// Which rule a data-block meets, by its two letters.
const RULES: &[(&[u8; 2], Rule)] = &[
    (b"CF", cache_file::look),
    (b"IM", image::look),
    (b"MC", movie_clip::look),
    (b"SC", sequencer::look),
    (b"SO", sound::look),
    (b"VF", font::look),
    (b"VO", volume::look),
];

/// Shows a data-block to all rules that want to see it.
pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let code = id.code();
    for (_, rule) in RULES.iter().filter(|(wanted, _)| **wanted == code) {
        rule(id, asks);
    }
}
