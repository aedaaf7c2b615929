//! Released add-ons submit through us.

use shaman_tests::addon::{Addon, Approach, Bat, Force, Outcome, Project, Release, Spec};

use crate::house::{House, Way, assert_complete, project};

const RELEASES: [Release; 3] = [Release::Before36, Release::Folding, Release::Current];

fn submit(addon: &mut Addon, bat: Bat, project: &Project, name: &str) -> Outcome {
    match bat {
        Bat::One => addon.submit_with_bat1(project, name),
        Bat::Two => addon.submit_with_bat2(project, name),
    }
}

#[test]
fn every_release_submits_in_both_set_ups_and_the_job_names_its_checkout() {
    for way in [Way::A, Way::B] {
        for release in RELEASES {
            for bat in [Bat::One, Bat::Two] {
                let house = House::new(way);
                let case = format!("{way:?} {release:?} {bat:?}");
                let mut addon = house.addon(release);
                let force = if release == Release::Current { Force::No } else { Force::Yes };
                let started = addon.start(force).unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(started.location, house.server.jobs().to_str().unwrap(), "{case}");
                assert_eq!(started.approach(bat, "/home/artist/scene.blend"), Approach::Shaman);

                let outcome = submit(&mut addon, bat, &project(), "shot: 010");
                assert!(outcome.submitted_ok, "{case}: {:?}", outcome.failures);
                assert_eq!(outcome.checkout.as_deref(), Some("shot_ 010"), "{case}");
                let job = &house.manager.jobs()[0];
                assert_eq!(job["storage"]["shaman_checkout_id"], "shot_ 010", "{case}");
                let blend = job["settings"]["blendfile"].as_str().unwrap();
                let blend = blend.replace("{jobs}", house.server.jobs().to_str().unwrap());
                assert_eq!(std::fs::read(blend).unwrap(), b"BLENDER", "{case}");
                assert!(
                    outcome.requests.iter().all(|r| !matches!(r.status, Some(425 | 417) | None)),
                    "{case}: {:?}",
                    outcome.steps()
                );
            }
        }
    }
}

#[test]
fn backslashes_from_windows_become_directories() {
    let house = House::new(Way::B);
    let mut addon = house.addon(Release::Current).on_windows();
    let outcome = addon.submit_with_bat2(&project(), "shot");
    assert!(outcome.submitted_ok, "{:?}", outcome.failures);
    assert_complete(&house.server.jobs().join("shot"), &project());
}

#[test]
fn a_file_that_somebody_else_is_sending_does_not_fail_the_submission() {
    let house = House::new(Way::B);
    for (bat, name) in [(Bat::One, "one"), (Bat::Two, "two")] {
        let bytes = format!("a texture that {name} shares").into_bytes();
        let files = [("scene.blend", b"BLENDER".as_slice()), ("a.png", &bytes), ("b.png", b"b")];
        let shared = Project::new(&files);
        let other = house.addon(Release::Current);
        let half = other.begin_upload(&Spec::new("a.png", &bytes), true, 5).unwrap();
        let mut addon = house.addon(Release::Current);
        let outcome = submit(&mut addon, bat, &shared, name);
        assert!(outcome.submitted_ok, "{:?} {:?}", outcome.steps(), outcome.failures);
        assert_complete(&house.server.jobs().join(name), &shared);
        let status = half.finish().unwrap().status;
        assert!(matches!(status, 204 | 208), "{status}");
    }
}

#[test]
fn a_submission_that_fails_erases_no_earlier_checkout() {
    let house = House::new(Way::B);
    let (_, earlier) = house.submitted("shot");
    // The file is not what the add-on's cache remembers of it.
    let stale = project().remembering("tex/stone.png", b"older bytes");
    for bat in [Bat::One, Bat::Two] {
        let outcome = submit(&mut house.addon(Release::Current), bat, &stale, "shot");
        assert!(!outcome.submitted_ok);
        assert_complete(&earlier, &project());
        assert_eq!(std::fs::read_dir(house.server.jobs()).unwrap().count(), 1);
    }
}

#[test]
fn without_a_manager_the_storage_steps_work() {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("storage");
    let server = shaman_tests::server::Server::start(&storage, folder.path(), "");
    for release in RELEASES {
        let mut addon = Addon::new(&server.url, release);
        let version = addon.get_json("/api/v3/version").unwrap();
        assert_eq!(version["shortversion"], release.version());
        let about = addon.get_json("/api/v3/configuration/shared-storage/users/linux").unwrap();
        assert_eq!(about["location"], server.jobs().to_str().unwrap());
        let file = Spec::new("a_long_name_".repeat(9).as_str(), release.version().as_bytes());
        let files = std::slice::from_ref(&file);
        assert_eq!(addon.requirements(files).unwrap().len(), 1);
        addon.upload(&file, true).unwrap();
        assert!(addon.is_stored(&file).unwrap());
        let checkout = addon.create_checkout(files, release.version()).unwrap();
        assert_eq!(
            std::fs::read(server.jobs().join(checkout).join(&file.path)).unwrap(),
            file.bytes
        );
    }
}
