//! Ocean modifier: baked waves.
//!
//! Whether there is a bake cannot be told from the file alone: `cached` may be 0 although Blender
//! uses the frames that it finds in the directory. So what is there is taken.

use crate::blend::Record;
use crate::trace::ask::{Absence, Asks, How};
use crate::trace::kind::Kind;

/// How the baked pictures begin; the first one is always among them.
const PICTURES: [&[u8]; 5] = [b"disp", b"foam", b"normal", b"spray", b"spray_inverse"];

pub(super) fn look(modifier: &Record<'_>, asks: &mut Asks) {
    let Some(dir) = modifier.text("cachepath").filter(|dir| !dir.is_empty()) else {
        return;
    };
    let is_cached = modifier.int("cached").is_some_and(|cached| cached != 0);
    for picture in PICTURES {
        let is_needed = is_cached && picture == PICTURES[0];
        let absence = if is_needed { Absence::Missing } else { Absence::Fine };
        let path = [dir, b"/", picture].concat();
        asks.at(modifier.stored("cachepath")).unless(absence);
        asks.ask(Kind::Simulation, &path, How::Simulated);
    }
}
