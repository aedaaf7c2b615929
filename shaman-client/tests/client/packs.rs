//! What lies outside the project goes along.

use std::path::Path;

use shaman_client::trace;

use crate::farm::{Farm, told};

#[test]
fn a_blend_outside_the_project_is_rendered_from_below_outside_project() {
    let farm = Farm::new();
    let (storage, textures) = (farm.storage(), farm.path("home/plain/textures"));
    let args = ["--storage", storage.to_str().unwrap(), "--project", textures.to_str().unwrap()];
    let end = farm.submit(&farm.blend(), &args);
    let blend = end["blend_in_checkout"].as_str().unwrap();
    assert!(blend.starts_with("_outside_project/") && blend.ends_with("/plain.blend"), "{blend}");
    let copy = Path::new(end["location"].as_str().unwrap());
    // The original is gone: whatever is found is found in the copy.
    std::fs::rename(farm.path("home"), farm.path("elsewhere")).unwrap();
    let trace = trace::trace(&copy.join(blend), Some(copy)).unwrap();
    let places: Vec<_> = trace.files.iter().filter_map(|file| file.in_pack.as_deref()).collect();
    assert_eq!(places, [blend, "wall.png"]);
    assert!(trace.missing.is_empty(), "{:?}", trace.missing);
}

#[test]
fn a_person_hears_what_is_other_than_in_the_project() {
    let farm = Farm::new();
    let (storage, textures) = (farm.storage(), farm.path("home/plain/textures"));
    let args = ["--storage", storage.to_str().unwrap(), "--project", textures.to_str().unwrap()];
    let output = farm.try_submit(&farm.blend(), &args);
    let notes = told(&output, "note");
    assert!(notes[0].contains("1 file outside") && notes[0].contains("1 .blend file"), "{notes:?}");
}
