//! `OB`: modifiers that read files. Each has its own rule.

use crate::blend::Record;
use crate::trace::ask::Asks;

use super::{fluid, geometry_bake, inputs, mesh_cache, ocean};

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    for modifier in id.list("modifiers") {
        match modifier.kind() {
            b"FluidModifierData" => fluid::look(&modifier, asks),
            b"FluidsimModifierData" => fluid::look_at_old(&modifier, asks),
            b"MeshCacheModifierData" => mesh_cache::look(&modifier, asks),
            b"NodesModifierData" => {
                geometry_bake::look(&modifier, asks);
                inputs::look(&modifier, asks);
            }
            b"OceanModifierData" => ocean::look(&modifier, asks),
            // MeshSequenceCache reads a `CF`, textures are `TE`: data-blocks with rules.
            _ => {}
        }
    }
}
