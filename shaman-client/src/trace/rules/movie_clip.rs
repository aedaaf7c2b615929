//! `MC`: footage for motion tracking, one movie or numbered frames; its proxies.

use super::proxies;
use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `MovieClip.source`: numbered frames.
const SEQUENCE: i64 = 1;

/// Bits of `MovieClip.flag`: there are proxies; in a directory of their own.
const USE_PROXY: i64 = 1;
const OWN_DIRECTORY: i64 = 1 << 1;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let Some(path) = id.text("name") else {
        return;
    };
    let how = if id.int("source") == Some(SEQUENCE) { How::Frames } else { How::File };
    asks.at(id.stored("name")).ask(Kind::MovieClip, path, how);
    let flag = id.int("flag").unwrap_or(0);
    if flag & USE_PROXY != 0 {
        let (dir, name) = proxies::split(path);
        match id.text("proxy.dir").filter(|_| flag & OWN_DIRECTORY != 0) {
            Some(own) if !own.is_empty() => {
                asks.at(id.stored("proxy.dir"));
                proxies::in_own(own, name, asks);
            }
            _ => proxies::beside(dir, name, asks),
        }
    }
}
