//! `OB` and `SC`: particles, cloth, soft and rigid bodies, dynamic paint, baked to disk.
//!
//! Each has a `PointCache`. A disk cache lies beside the .blend in `blendcache_<its name>`, in files
//! named after the cache or, if that has no name, after the object in hexadecimal:
//! `7361696C_000001_00.bphys`. An external cache says where it is.

use crate::blend::Record;
use crate::trace::ask::{Absence, Asks, Base, How};
use crate::trace::kind::Kind;
use crate::trace::paths;

/// Bits of `PointCache.flag`.
const BAKED: i64 = 1;
const DISK: i64 = 64;
const EXTERNAL: i64 = 512;
/// A disk cache of something linked lies beside the .blend that is rendered, not beside its library.
const OF_MAIN: i64 = 2048;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    for cache in id.all_of(b"PointCache") {
        let Some(flag) = cache.int("flag") else {
            continue;
        };
        let name = cache.text("name").unwrap_or_default();
        if flag & EXTERNAL != 0 {
            let path = cache.text("path").filter(|path| !path.is_empty()).unwrap_or(b"//");
            let slash: &[u8] = if path.ends_with(b"/") { b"" } else { b"/" };
            let path = [path, slash, name].concat();
            asks.at(cache.stored("path")).ask(Kind::Simulation, &path, How::Simulated);
        } else if flag & DISK != 0 {
            let name = if name.is_empty() { hex(id) } else { name.to_vec() };
            let absence = if flag & BAKED == 0 { Absence::Fine } else { Absence::Missing };
            if flag & OF_MAIN != 0 {
                asks.unless(absence).from(Base::CachesOfMain);
                asks.ask(Kind::Simulation, &name, How::Simulated);
            } else if let Some(stem) = asks.blend().file_stem() {
                let dir = paths::caches(stem);
                let path = [b"//", dir.as_slice(), b"/", &name].concat();
                asks.unless(absence).ask(Kind::Simulation, &path, How::Simulated);
            }
        }
    }
}

/// The name of a data-block, without its two letters, as Blender writes it into file names.
fn hex(id: &Record<'_>) -> Vec<u8> {
    let name = id.id_name().get(2..).unwrap_or_default();
    name.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}
