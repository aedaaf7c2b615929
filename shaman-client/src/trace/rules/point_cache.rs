//! `OB` and `SC`: particles, cloth, soft and rigid bodies, dynamic paint, baked to disk.
//!
//! Each has a `PointCache`. A disk cache lies beside the .blend in `blendcache_<its name>`, in files
//! named after the cache or, if that has no name, after the object in hexadecimal:
//! `7361696C_000001_00.bphys`. An external cache says where it is.

use crate::blend::Record;
use crate::trace::ask::{Absence, Asks, How};
use crate::trace::kind::Kind;
use crate::trace::paths;

/// Bits of `PointCache.flag`.
const BAKED: i64 = 1;
const DISK: i64 = 64;
const EXTERNAL: i64 = 512;

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
            asks.at(cache.stored("path"));
            asks.ask(Kind::Simulation, &path, How::Simulated(Absence::Missing));
        } else if flag & DISK != 0 {
            let Some(stem) = asks.blend().file_stem() else {
                continue;
            };
            let dir = [b"//blendcache_", paths::bytes(stem), b"/"].concat();
            let path = [dir, if name.is_empty() { hex(id) } else { name.to_vec() }].concat();
            let absence = if flag & BAKED == 0 { Absence::Fine } else { Absence::Missing };
            asks.ask(Kind::Simulation, &path, How::Simulated(absence));
        }
    }
}

/// The name of a data-block, without its two letters, as Blender writes it into file names.
fn hex(id: &Record<'_>) -> Vec<u8> {
    let name = id.id_name().get(2..).unwrap_or_default();
    name.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}
