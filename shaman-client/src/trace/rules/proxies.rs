//! Not a rule: smaller copies of footage, which Blender makes for its own display.
//!
//! They lie in `BL_proxy` beside the footage, or in a directory that the user chose; a movie has a
//! directory of its name in that, the pictures of strips are together in `images`. Renders do without.

use crate::trace::ask::{Absence, Asks, How};
use crate::trace::kind::Kind;

/// Directory for all pictures of image strips.
pub(super) const IMAGES: &[u8] = b"images";

/// Asks for the proxies of the footage `name` in `dir`, which move with it.
pub(super) fn beside(dir: &[u8], name: &[u8], asks: &mut Asks) {
    asks.within(if dir.is_empty() { b"//" } else { dir });
    push(&[dir, slash(dir), b"BL_proxy/", name].concat(), How::Folder, asks);
}

/// Asks for the proxies of the footage `name` in a directory that the user chose.
pub(super) fn in_own(dir: &[u8], name: &[u8], asks: &mut Asks) {
    push(&[dir, slash(dir), name].concat(), How::Folder, asks);
}

/// Asks for one file of proxies.
pub(super) fn file(path: &[u8], asks: &mut Asks) {
    push(path, How::File, asks);
}

fn push(path: &[u8], how: How, asks: &mut Asks) {
    asks.unless(Absence::Fine).ask(Kind::Proxy, path, how);
}

/// Gives the directory of a path, with its slash, and the name.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = path.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
    path.split_at(slash.map_or(0, |slash| slash + 1))
}

/// Gives what must stand between a directory and a name.
pub(super) fn slash(dir: &[u8]) -> &'static [u8] {
    let is_ended = dir.is_empty() || dir.ends_with(b"/") || dir.ends_with(b"\\");
    if is_ended { b"" } else { b"/" }
}
