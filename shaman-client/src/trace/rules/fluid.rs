//! Fluid modifier: the baked frames of gas and liquid.
//!
//! A cache directory may be any, also the one with the .blend; Blender's own files are in
//! directories of known names in it, see `folder`.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// Bit of `FluidModifierData.type`: it is the domain, not a flow or an obstacle.
const DOMAIN: i64 = 1;

/// `FluidsimSettings.type`: it is the domain.
const OLD_DOMAIN: i64 = 2;

pub(super) fn look(modifier: &Record<'_>, asks: &mut Asks) {
    if modifier.int("type").is_none_or(|kind| kind & DOMAIN == 0) {
        return;
    }
    let domain = modifier.follow("domain");
    let Some(domain) = domain else { return };
    if let Some(path) = domain.text("cache_directory") {
        asks.at(domain.stored("cache_directory")).ask(Kind::Simulation, path, How::Fluid);
    }
}

/// The fluids of Blender before 2.82: one directory, no others in it.
pub(super) fn look_at_old(modifier: &Record<'_>, asks: &mut Asks) {
    let Some(settings) = modifier.follow("fss") else {
        return;
    };
    if settings.int("type") != Some(OLD_DOMAIN) {
        return;
    }
    if let Some(path) = settings.text("surfdataPath") {
        asks.at(settings.stored("surfdataPath")).ask(Kind::Simulation, path, How::Folder);
    }
}
