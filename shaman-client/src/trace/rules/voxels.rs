//! `TE`: clouds of voxels, which Blender until 2.79 read from files.

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

/// `Tex.type`: voxel data.
const VOXELS: i64 = 15;

/// `VoxelData.file_format`: up to this one they are files; the others are images or simulations.
const LAST_FILE: i64 = 2;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let Some(voxels) = id.follow("vd").filter(|_| id.int("type") == Some(VOXELS)) else {
        return;
    };
    if voxels.int("file_format").is_some_and(|format| (0..=LAST_FILE).contains(&format)) {
        let path = voxels.text("source_path").unwrap_or_default();
        asks.at(voxels.stored("source_path")).file(Kind::Volume, path);
    }
}
