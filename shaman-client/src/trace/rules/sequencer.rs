//! `SC`: the strips of the video sequencer.
//!
//! A strip (struct `Sequence`) keeps its directory and its file names apart, in a struct `Strip`:
//! one name for a movie or a sound, one a frame for images. The frames of an image strip are
//! exactly those, whatever else lies in the directory.

use std::collections::HashSet;

use super::{proxies, views};
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

/// Bit of `Sequence.flag`: there are proxies.
const USE_PROXY: i64 = 1 << 15;

/// Bits of `StripProxy.storage`: they are in a file, or a directory, that the user chose.
const OWN_FILE: i64 = 1;
const OWN_DIRECTORY: i64 = 1 << 1;

/// `Editing.proxy_storage`: one directory for all strips.
const SHARED_DIRECTORY: i64 = 1;

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
        // A damaged file may have thousands of strips with the same million pictures.
        if asks.is_full() {
            return;
        }
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
        proxies(&strip, &editing, asks);
    }
}

/// The proxies of a movie or of pictures, which are where the strip or the whole edit says.
fn proxies(strip: &Record<'_>, editing: &Record<'_>, asks: &mut Asks) {
    let is_used = strip.int("flag").is_some_and(|flag| flag & USE_PROXY != 0);
    let Some(data) = strip.follow("strip").filter(|_| is_used) else {
        return;
    };
    let Some(proxy) = data.follow("proxy") else {
        return;
    };
    let storage = proxy.int("storage").unwrap_or(0);
    let own = proxy.text("dir").filter(|_| storage & (OWN_DIRECTORY | OWN_FILE) != 0);
    if let Some(dir) = own.filter(|_| storage & OWN_FILE != 0) {
        let file = proxy.text("file").unwrap_or_default();
        asks.at(proxy.stored("dir"));
        proxies::file(&[dir, proxies::slash(dir), file].concat(), asks);
        return;
    }
    let shared = editing.text("proxy_dir");
    let shared = shared.filter(|_| editing.int("proxy_storage") == Some(SHARED_DIRECTORY));
    let first = data.array("stripdata").next();
    let name = match strip.int("type") {
        Some(MOVIE) => first.and_then(|element| element.text("name")).unwrap_or_default(),
        Some(IMAGE) => proxies::IMAGES,
        _ => return,
    };
    let shared = shared.map(|dir| (dir, editing.stored("proxy_dir")));
    let own = shared.or(own.map(|dir| (dir, proxy.stored("dir"))));
    if let Some((dir, stored)) = own.filter(|(dir, _)| !dir.is_empty()) {
        asks.at(stored);
        proxies::in_own(dir, name, asks);
    } else {
        asks.at(data.stored("dir"));
        proxies::beside(data.text("dir").unwrap_or_default(), name, asks);
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
    let slash = proxies::slash(dir);
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
