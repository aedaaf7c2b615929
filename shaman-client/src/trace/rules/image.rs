//! `IM`: stills, sequences, movies and tiles; for stereo, those of each eye.

use std::collections::BTreeSet;

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `Image.source`.
const FILE: i64 = 1;
const SEQUENCE: i64 = 2;
const MOVIE: i64 = 3;
const TILED: i64 = 6;

/// Bit of `Image.flag`: there is more than one view.
const USE_VIEWS: i64 = 1 << 14;

/// `Image.views_format`: each view has a file of its own.
const INDIVIDUAL: i64 = 0;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let how = match id.int("source") {
        // Before 2.43 all images were files.
        None | Some(FILE | MOVIE) => How::File,
        Some(SEQUENCE) => How::Frames,
        Some(TILED) => How::Tiles(tiles(id)),
        // Generated, or the result of a render.
        _ => return,
    };
    if id.has("packedfile") || id.list("packedfiles").next().is_some() {
        return;
    }
    let has_views = id.int("flag").is_some_and(|flag| flag & USE_VIEWS != 0)
        && id.int("views_format") == Some(INDIVIDUAL);
    let views = id.list("views").filter(|view| has_views && view.text("filepath") != Some(b""));
    let views: Vec<_> = views.collect();
    // With views, the name is where those were looked for.
    let own = if views.is_empty() { how.clone() } else { How::Nothing };
    asks.at(id.stored("name")).ask(Kind::Image, id.text("name").unwrap_or_default(), own);
    for view in views {
        let path = view.text("filepath").unwrap_or_default();
        asks.at(view.stored("filepath")).ask(Kind::Image, path, how.clone());
    }
}

/// The numbers of all tiles, which are between 1001 and 2000.
fn tiles(id: &Record<'_>) -> BTreeSet<u16> {
    let numbers = id.list("tiles").filter_map(|tile| tile.int("tile_number"));
    let numbers = numbers.filter_map(|number| u16::try_from(number).ok());
    numbers.filter(|number| (1001..=2000).contains(number)).collect()
}
