//! Geometry Nodes modifier: baked simulations and geometry.
//!
//! Each bake has a directory of its own or one in the modifier's; either may be packed instead.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `bake_target`: as the modifier says; in the .blend; on disk.
const INHERIT: i64 = 0;
const PACKED: i64 = 1;

/// Bit of `NodesModifierBake.flag`: it has its own directory.
const OWN_DIRECTORY: i64 = 1 << 1;

pub(super) fn look(modifier: &Record<'_>, asks: &mut Asks) {
    let target = modifier.int("bake_target").unwrap_or(INHERIT);
    let mut uses_shared = false;
    for bake in modifier.array("bakes") {
        let target = bake.int("bake_target").filter(|own| *own != INHERIT).unwrap_or(target);
        if target == PACKED || bake.has("packed") {
            continue;
        }
        if bake.int("flag").is_some_and(|flag| flag & OWN_DIRECTORY != 0) {
            let path = bake.string("directory").unwrap_or_default();
            asks.at(bake.stored_string("directory")).ask(Kind::Simulation, path, How::Folder);
        } else {
            uses_shared = true;
        }
    }
    if uses_shared || !modifier.has("bakes") {
        let path = modifier.string("simulation_bake_directory").unwrap_or_default();
        asks.at(modifier.stored_string("simulation_bake_directory"));
        asks.ask(Kind::Simulation, path, How::Folder);
    }
}
