//! What lies outside the project goes along.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
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

/// A farm, and a project that holds nothing of what its .blend needs.
fn apart() -> (Farm, String) {
    let farm = Farm::new();
    let empty = farm.path("empty");
    std::fs::create_dir(&empty).unwrap();
    (farm, empty.to_str().unwrap().to_owned())
}

/// Packs the farm's .blend, with everything outside of the project.
fn pack(farm: &Farm, project: &str, args: &[&str]) -> Output {
    let blend = farm.blend();
    let head = ["pack", blend.to_str().unwrap(), "--project", project, "--json"];
    farm.shaman(&[&head[..], args].concat())
}

fn line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn listed(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_pack_in_a_directory_is_complete_and_can_be_verified() {
    let (farm, project) = apart();
    let into = farm.path("pack");
    let end = line(&pack(&farm, &project, &["--into", into.to_str().unwrap(), "--name", "film"]));
    assert_eq!(
        (&end["files"], &end["outside"], &end["rewritten"]),
        (&2.into(), &2.into(), &1.into())
    );
    assert_eq!(end["pack"], into.to_str().unwrap());
    assert!(into.join(end["blend_in_pack"].as_str().unwrap()).is_file());
    let verified = farm.shaman(&["verify", into.to_str().unwrap(), "--json"]);
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    let said = (&verified["complete"], &verified["checkout"], &verified["blend"]);
    assert_eq!(said, (&true.into(), &"film".into(), &end["blend_in_pack"]));
}

#[test]
fn an_archive_has_the_same_files_and_is_the_same_every_time() {
    let (farm, project) = apart();
    let dir = farm.path("dir");
    line(&pack(&farm, &project, &["--into", dir.to_str().unwrap()]));
    for deflate in [None, Some("--deflate")] {
        let made = |name: &str| {
            let zip = farm.path(name);
            let args: Vec<_> =
                ["--into", zip.to_str().unwrap()].into_iter().chain(deflate).collect();
            line(&pack(&farm, &project, &args));
            std::fs::read(zip).unwrap()
        };
        let (one, other) =
            (made(&format!("one{deflate:?}.zip")), made(&format!("other{deflate:?}.zip")));
        assert!(one == other, "{deflate:?}");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(one)).unwrap();
        assert_eq!(archive.len(), 3, "two files and the manifest");
        for at in 0..3 {
            let mut file = archive.by_index(at).unwrap();
            assert_eq!(file.compression() == zip::CompressionMethod::Stored, deflate.is_none());
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            let name = file.name().unwrap().into_owned();
            if name != ".shaman-manifest.json" {
                assert!(bytes == std::fs::read(dir.join(&name)).unwrap(), "{name}");
            }
        }
    }
}

#[test]
fn a_pack_replaces_nothing_and_leaves_nothing_half_made() {
    let (farm, project) = apart();
    let shelf = farm.path("shelf");
    std::fs::create_dir(&shelf).unwrap();
    std::fs::create_dir(shelf.join("dir")).unwrap();
    std::fs::write(shelf.join("file.zip"), "precious").unwrap();
    for name in ["dir", "file.zip", "none/dir"] {
        let refused = pack(&farm, &project, &["--into", shelf.join(name).to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
    }
    assert_eq!(listed(&shelf), ["dir", "file.zip"]);
    assert_eq!(std::fs::read(shelf.join("file.zip")).unwrap(), b"precious");
    assert!(listed(&shelf.join("dir")).is_empty());
}

#[test]
fn links_share_the_originals_but_never_the_cache() {
    let (farm, project) = apart();
    let into = farm.path("pack");
    let end = line(&pack(&farm, &project, &["--into", into.to_str().unwrap(), "--link"]));
    let wall = farm.path("home/plain/textures/wall.png");
    assert_eq!(wall.metadata().unwrap().nlink(), 2);
    let blend = into.join(end["blend_in_pack"].as_str().unwrap());
    assert_eq!(
        (blend.metadata().unwrap().nlink(), farm.blend().metadata().unwrap().nlink()),
        (1, 1)
    );
    for args in [&["--link", "--into", "a.zip"][..], &["--deflate", "--into", "a"]] {
        assert_eq!(pack(&farm, &project, args).status.code(), Some(1), "{args:?}");
    }
}
