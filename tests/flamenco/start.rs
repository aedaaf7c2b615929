//! What the add-on asks first.

use shaman_tests::addon::{Addon, Approach, Bat, Force, Release, Stopped};
use shaman_tests::manager::{Fault, Setup};

use crate::studio::Studio;

#[test]
fn five_calls_come_in_order() {
    let studio = Studio::with_shaman();
    let started = studio.addon().start(Force::No).unwrap();
    assert!(started.shaman_enabled);
    assert_eq!(started.location, studio.root().join("jobs").to_str().unwrap());
    let calls: Vec<_> =
        studio.manager.seen().iter().map(|seen| (seen.brief(), seen.status.unwrap())).collect();
    let expected = [
        ("GET /api/v3/version", 200),
        ("GET /api/v3/configuration/shared-storage/users/linux", 200),
        ("GET /api/v3/jobs/types", 200),
        ("GET /api/v3/worker-mgt/tags", 200),
        ("POST /api/v3/jobs/check", 204),
    ]
    .map(|(call, status)| (call.to_owned(), status));
    assert_eq!(calls, expected);
    assert_eq!(studio.manager.jobs(), [] as [serde_json::Value; 0], "a check is no job");
}

#[test]
fn a_manager_of_another_version_stops_the_artist_unless_forced() {
    let studio = Studio::new(|setup| Setup { version: "3.8".to_owned(), ..setup });
    let error = studio.addon().start(Force::No).unwrap_err();
    assert!(matches!(error, Stopped::OtherVersion { .. }), "{error}");
    assert_eq!(studio.manager.seen().len(), 4);
    studio.addon().start(Force::Yes).unwrap();
    let old =
        Addon::new(&studio.manager.url(), Release::Folding).of_version("3.8").start(Force::No);
    assert!(old.is_ok());
}

#[test]
fn a_stale_job_type_and_a_refused_job_have_their_own_words() {
    let studio = Studio::without_shaman();
    for status in [412, 400, 500] {
        let fault = Fault::Instead { status, fields: Vec::new(), body: b"why".to_vec() };
        studio.manager.plan("POST", "/api/v3/jobs/check", fault, 1);
    }
    let mut addon = studio.addon();
    assert!(matches!(addon.start(Force::No), Err(Stopped::StaleJobType)));
    assert!(matches!(addon.start(Force::No), Err(Stopped::JobRefused(body)) if body == "why"));
    assert!(matches!(addon.start(Force::No), Err(Stopped::Api(_))));
}

#[test]
fn without_shaman_the_location_is_the_storage_itself_and_files_are_copied() {
    let studio = Studio::without_shaman();
    let started = studio.addon().start(Force::No).unwrap();
    assert_eq!(started.location, studio.root().to_str().unwrap());
    assert_eq!(started.approach(Bat::Two, "/home/artist/a.blend"), Approach::Copy);
    assert_eq!(
        started.approach(Bat::Two, &format!("{}/a.blend", started.location)),
        Approach::InPlace
    );
}

#[test]
fn with_shaman_only_bat_2_uses_a_blend_on_the_storage_in_place() {
    let started = Studio::with_shaman().addon().start(Force::No).unwrap();
    let inside = format!("{}/a.blend", started.location);
    assert_eq!(started.approach(Bat::One, &inside), Approach::Shaman);
    assert_eq!(started.approach(Bat::Two, &inside), Approach::InPlace);
    assert_eq!(started.approach(Bat::Two, "/home/artist/a.blend"), Approach::Shaman);
}

#[test]
fn windows_is_told_its_own_path_below_a_prefix() {
    let studio = Studio::new(|setup| {
        let other_roots = vec![("windows".to_owned(), r"S:\flamenco".to_owned())];
        Setup { other_roots, ..setup.with_shaman().below("/farm/flamenco/") }
    });
    let mut addon = studio.addon().on_windows();
    assert_eq!(addon.start(Force::No).unwrap().location, r"S:\flamenco\jobs");
    let seen = studio.manager.seen();
    assert_eq!(seen[1].target, "/farm/flamenco/api/v3/configuration/shared-storage/users/windows");
}
