#![expect(clippy::disallowed_methods, reason = "tests make files")]
use super::*;

struct Farm {
    _folder: tempfile::TempDir,
    location: PathBuf,
    inside: PathBuf,
    outside: PathBuf,
}

fn farm() -> Farm {
    let folder = tempfile::tempdir().unwrap();
    let (location, home) = (folder.path().join("farm"), folder.path().join("home"));
    std::fs::create_dir_all(location.join("shots")).unwrap();
    std::fs::create_dir(&home).unwrap();
    let (inside, outside) = (location.join("shots/a.blend"), home.join("a.blend"));
    std::fs::write(&inside, "").unwrap();
    std::fs::write(&outside, "").unwrap();
    Farm { _folder: folder, location, inside, outside }
}

impl Farm {
    fn choose(
        &self,
        asked: Option<Approach>,
        shaman: Shaman,
        blend: &Path,
    ) -> Result<Choice, String> {
        let location = Some(self.location.to_str().unwrap().to_owned());
        choose(asked, &Storage { location, shaman }, blend).map_err(|error| error.to_string())
    }
}

fn in_place(blend: &Path) -> Choice {
    Choice::InPlace { blend: blend.to_owned(), checkout: None }
}

#[test]
fn the_add_ons_table_is_followed() {
    let farm = farm();
    for shaman in [Shaman::On, Shaman::Off, Shaman::Nobody] {
        assert_eq!(farm.choose(None, shaman, &farm.inside), Ok(in_place(&farm.inside)));
    }
    assert_eq!(farm.choose(None, Shaman::On, &farm.outside), Ok(Choice::Shaman));
    for shaman in [Shaman::Off, Shaman::Nobody] {
        let copy = Choice::Copy(farm.location.clone());
        assert_eq!(farm.choose(None, shaman, &farm.outside), Ok(copy));
    }
}

#[test]
fn a_person_may_choose_what_is_possible() {
    let farm = farm();
    let choose = |asked, shaman, blend: &Path| farm.choose(Some(asked), shaman, blend);
    assert_eq!(choose(Approach::Shaman, Shaman::On, &farm.inside), Ok(Choice::Shaman));
    let copy = Choice::Copy(farm.location.clone());
    assert_eq!(choose(Approach::Copy, Shaman::On, &farm.inside), Ok(copy));
    for (asked, shaman, word) in [
        (Approach::InPlace, Shaman::Off, "does not lie in the storage"),
        (Approach::Shaman, Shaman::Off, "Shaman is off"),
        (Approach::Shaman, Shaman::Nobody, "--storage"),
    ] {
        let refused = choose(asked, shaman, &farm.outside).unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
}

#[test]
fn a_storage_that_is_not_here_takes_no_copies() {
    let farm = farm();
    for location in [r"F:\farm", "/mnt/shaman-storage-that-is-not-there"] {
        let storage = Storage { location: Some(location.to_owned()), shaman: Shaman::Off };
        let refused = choose(None, &storage, &farm.outside).unwrap_err().to_string();
        assert!(refused.contains(location) && refused.contains("--storage DIR"), "{refused}");
    }
    let storage = Storage { location: None, shaman: Shaman::Off };
    assert!(matches!(choose(None, &storage, &farm.outside), Err(ApproachError::NoLocation)));
}

#[test]
fn a_blend_in_a_checkout_is_known_to_be_in_one() {
    let farm = farm();
    std::fs::write(farm.location.join("shots").join(shaman_proto::MANIFEST_FILE), "{}").unwrap();
    let checkout = Some(farm.location.join("shots"));
    let choice = farm.choose(None, Shaman::On, &farm.inside);
    assert_eq!(choice, Ok(Choice::InPlace { blend: farm.inside.clone(), checkout }));
}

#[test]
fn a_manifest_above_the_storage_makes_no_checkout_of_it() {
    let farm = farm();
    let above = farm.location.parent().unwrap();
    std::fs::write(above.join(shaman_proto::MANIFEST_FILE), "{}").unwrap();
    assert_eq!(farm.choose(None, Shaman::On, &farm.inside), Ok(in_place(&farm.inside)));
}

#[cfg(unix)]
#[test]
fn links_lead_into_the_storage_from_either_side() {
    let farm = farm();
    let home = farm.outside.parent().unwrap();
    let link = home.join("link");
    std::os::unix::fs::symlink(&farm.location, &link).unwrap();
    let by_link = link.join("shots/a.blend");
    let choice = farm.choose(None, Shaman::Off, &by_link);
    assert_eq!(choice, Ok(in_place(&farm.inside)), "spelled as workers can map it");
    let storage =
        Storage { location: Some(link.to_str().unwrap().to_owned()), shaman: Shaman::Off };
    assert_eq!(choose(None, &storage, &farm.inside).unwrap(), in_place(&by_link));
}

#[cfg(unix)]
#[test]
fn what_lies_in_the_storage_by_name_is_in_it_though_links_lead_out() {
    // The files of a stock server's checkouts are links into its file store.
    let farm = farm();
    let linked = farm.location.join("linked.blend");
    std::os::unix::fs::symlink(&farm.outside, &linked).unwrap();
    assert_eq!(farm.choose(None, Shaman::On, &linked), Ok(in_place(&linked)));
}
