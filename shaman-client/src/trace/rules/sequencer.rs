//! `SC`: the strips of the video sequencer.
//!
//! A strip (struct `Sequence`) keeps its directory and its file names apart, in a struct `Strip`:
//! one name for a movie or a sound, one a frame for images. The frames of an image strip are
//! exactly those, whatever else lies in the directory.

use std::collections::HashSet;

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

/// `Sequence.type`.
const IMAGE: i64 = 0;
const META: i64 = 1;
const MOVIE: i64 = 3;
const SOUND: i64 = 4;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let Some(editing) = id.follow("ed") else {
        return;
    };
    let mut lists = vec![editing.list("seqbase")];
    // Damaged files may have a meta strip inside itself.
    let mut metas = HashSet::new();
    while let Some(mut list) = lists.pop() {
        let Some(strip) = list.next() else { continue };
        lists.push(list);
        match strip.int("type") {
            // A meta strip is a folder of strips.
            Some(META) if metas.insert(strip.identity()) => lists.push(strip.list("seqbase")),
            Some(IMAGE) => files(&strip, usize::MAX, asks),
            Some(MOVIE) => files(&strip, 1, asks),
            // The sound is a data-block of its own, unless it was lost.
            Some(SOUND) if !strip.has("sound") => files(&strip, 1, asks),
            _ => {}
        }
    }
}

fn files(strip: &Record<'_>, count: usize, asks: &mut Asks) {
    let Some(data) = strip.follow("strip") else {
        return;
    };
    let dir = data.text("dir").unwrap_or_default();
    for element in data.array("stripdata").take(count) {
        let Some(name) = element.text("name").filter(|name| !name.is_empty()) else {
            continue;
        };
        let slash: &[u8] = if dir.is_empty() || dir.ends_with(b"/") || dir.ends_with(b"\\") {
            b""
        } else {
            b"/"
        };
        asks.file(Kind::Strip, &[dir, slash, name].concat());
    }
}
