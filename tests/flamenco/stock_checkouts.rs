//! Stock Shaman's checkouts: suffixes, what is touched, and what a failure takes along.

use std::time::{Duration, SystemTime};

use shaman_tests::addon::Spec;
use shaman_tests::stock_store::Blob;

use crate::studio::Studio;

/// Which of these blobs were used in the last minutes.
fn touched(studio: &Studio, blobs: &[&Blob]) -> Vec<bool> {
    let young = |blob: &&Blob| {
        let modified = std::fs::metadata(studio.store.blob_path(blob)).unwrap().modified().unwrap();
        modified.elapsed().unwrap() < Duration::from_hours(1)
    };
    blobs.iter().map(young).collect()
}

fn put_old(studio: &Studio, bytes: &[u8]) -> Blob {
    let blob = studio.store.put(bytes).unwrap();
    studio.store.last_used(&blob, Duration::from_hours(1000), SystemTime::now()).unwrap();
    blob
}

#[test]
fn requirements_touch_what_is_stored_and_an_upload_that_was_not_needed_does_not() {
    let studio = Studio::with_shaman();
    let (asked, sent) = (put_old(&studio, b"asked"), put_old(&studio, b"sent"));
    studio.addon().upload(&Spec::new("s", b"sent"), false).unwrap();
    studio.addon().requirements(&[Spec::new("a", b"asked")]).unwrap();
    assert_eq!(touched(&studio, &[&asked, &sent]), [true, false]);
}

#[test]
fn a_checkout_touches_only_the_first_file_of_each_new_folder() {
    let studio = Studio::with_shaman();
    let blobs = [b"a", b"b", b"c", b"d"].map(|bytes| put_old(&studio, bytes));
    let files = [("a", b"a"), ("b", b"b"), ("new/c", b"c"), ("new/d", b"d")];
    let files = files.map(|(path, bytes)| Spec::new(path, bytes));
    studio.addon().create_checkout(&files, "shot").unwrap();
    assert_eq!(touched(&studio, &blobs.each_ref()), [false, false, true, false]);
}

#[test]
fn a_taken_name_gets_a_suffix_of_four() {
    let studio = Studio::with_shaman();
    let file = Spec::new("a", b"wood");
    studio.store.put(b"wood").unwrap();
    let mut addon = studio.addon();
    assert_eq!(addon.create_checkout(std::slice::from_ref(&file), "shot").unwrap(), "shot");
    let second = addon.create_checkout(&[file], "shot").unwrap();
    let suffix = second.strip_prefix("shot-").unwrap();
    assert!(
        suffix.len() == 4
            && suffix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
    assert_eq!(studio.store.linked(&second, "a"), Some(Blob::of(b"wood")));
}

#[test]
fn a_failed_create_erases_the_earlier_checkout_of_that_name() {
    let studio = Studio::with_shaman();
    studio.store.put(b"wood").unwrap();
    let mut addon = studio.addon();
    addon.create_checkout(&[Spec::new("a", b"wood")], "shot").unwrap();
    let error = addon
        .create_checkout(&[Spec::new("a", b"wood"), Spec::new("b", b"missing")], "shot")
        .unwrap_err();
    assert_eq!(error.refused(), Some(500));
    let left: Vec<_> = std::fs::read_dir(studio.store.jobs())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left.len() == 1 && left[0].to_str().unwrap().starts_with("shot-"), "{left:?}");
}

#[test]
fn paths_that_stock_refuses_are_500() {
    let studio = Studio::with_shaman();
    let mut addon = studio.addon();
    for path in ["", "/abs", "c:/x", "a?", "a/../b", "x/..y", "a\\b"] {
        assert_eq!(addon.create_checkout(&[], path).unwrap_err().refused(), Some(500), "{path}");
    }
    for path in ["...", "a..b", " lead", "con", "a/b"] {
        assert_eq!(addon.create_checkout(&[], path).unwrap(), path);
    }
}
