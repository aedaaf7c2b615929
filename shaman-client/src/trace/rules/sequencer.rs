//! `SC`: the strips of the video sequencer.
//!
//! A strip (struct `Sequence`) keeps its directory and its file names apart, in a struct `Strip`:
//! one name for a movie or a sound, one a frame for images. The frames of an image strip are
//! exactly those, whatever else lies in the directory.

use std::collections::HashSet;

use super::views;
use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `Sequence.type`.
const IMAGE: i64 = 0;
const META: i64 = 1;
const MOVIE: i64 = 3;
const SOUND: i64 = 4;

/// Bit of `Sequence.flag`: there is more than one view.
const USE_VIEWS: i64 = 1 << 29;

/// `Sequence.views_format`: each view has a file of its own.
const INDIVIDUAL: i64 = 0;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let Some(editing) = id.follow("ed") else {
        return;
    };
    let suffixes = views::suffixes(id);
    let mut lists = vec![editing.list("seqbase")];
    // Damaged files may have a meta strip inside itself.
    let mut metas = HashSet::new();
    while let Some(mut list) = lists.pop() {
        let Some(strip) = list.next() else { continue };
        lists.push(list);
        match strip.int("type") {
            // A meta strip is a folder of strips.
            Some(META) if metas.insert(strip.identity()) => lists.push(strip.list("seqbase")),
            Some(IMAGE) => files(&strip, usize::MAX, &suffixes, &How::File, asks),
            Some(MOVIE) => files(&strip, 1, &suffixes, &How::File, asks),
            // The sound is a data-block of its own, unless it was lost; then this is a copy.
            Some(SOUND) if strip.has("sound") => files(&strip, 1, &[], &How::Nothing, asks),
            Some(SOUND) => files(&strip, 1, &[], &How::File, asks),
            _ => {}
        }
    }
}

fn files(strip: &Record<'_>, count: usize, suffixes: &[&[u8]], how: &How, asks: &mut Asks) {
    let Some(data) = strip.follow("strip") else {
        return;
    };
    let has_views = strip.int("flag").is_some_and(|flag| flag & USE_VIEWS != 0)
        && strip.int("views_format") == Some(INDIVIDUAL);
    let suffixes = if has_views { suffixes } else { &[] };
    let dir = data.text("dir").unwrap_or_default();
    let is_ended = dir.is_empty() || dir.ends_with(b"/") || dir.ends_with(b"\\");
    let slash: &[u8] = if is_ended { b"" } else { b"/" };
    for element in data.array("stripdata").take(count) {
        let Some(name) = element.text("name").filter(|name| !name.is_empty()) else {
            continue;
        };
        for name in views::names(name, suffixes) {
            let path = [dir, slash, &name].concat();
            asks.at(data.stored("dir")).ask(Kind::Strip, &path, how.clone());
        }
    }
}
