//! `IM`: stills, sequences, movies and tiles.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `Image.source`.
const FILE: i64 = 1;
const SEQUENCE: i64 = 2;
const MOVIE: i64 = 3;
const TILED: i64 = 6;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let how = match id.int("source") {
        Some(FILE | MOVIE) => How::File,
        Some(SEQUENCE) => How::Frames,
        Some(TILED) => {
            let tiles = id.list("tiles").filter_map(|tile| tile.int("tile_number"));
            How::Tiles(tiles.collect())
        }
        // Generated, or the result of a render.
        _ => return,
    };
    if id.has("packedfile") || id.list("packedfiles").next().is_some() {
        return;
    }
    if let Some(path) = id.text("name") {
        asks.ask(Kind::Image, path, how);
    }
}
