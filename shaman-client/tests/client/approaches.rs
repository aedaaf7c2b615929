//! In place, as a copy, or as a checkout: what is chosen, and what comes of it.

use std::path::Path;

use serde_json::Value;

use crate::farm::{BLEND, Farm, put_project, told};
use crate::peer::Peer;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn peer() -> Peer {
    Peer::start(|_, _| None)
}

#[test]
fn a_blend_in_the_storage_is_used_in_place() {
    let farm = Farm::new();
    let blend = put_project(&farm.storage().join("film"));
    let peer = peer().with_storage(farm.storage(), false);
    let end = farm.submit(&blend, &["--server", &peer.url]);
    assert_eq!((&end["approach"], &end["checkout"]), (&"in-place".into(), &Value::Null));
    let place = Path::new(end["location"].as_str().unwrap())
        .join(end["blend_in_checkout"].as_str().unwrap());
    assert_eq!(place, blend);
    assert_eq!((&end["files"], &end["uploaded_files"]), (&2.into(), &0.into()));
    assert_eq!(farm.stored(), ["film"], "nothing was copied");
    assert_eq!(peer.count("POST "), 0, "nothing was sent");
}

#[test]
fn what_a_blend_in_place_needs_from_elsewhere_draws_a_warning() {
    let farm = Farm::new();
    let set = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/5.0.1/project");
    let shots = format!("{set}/shots");
    let blend = format!("{shots}/shot_010.blend");
    let warned = |storage: &str| {
        let output = farm.try_submit(Path::new(&blend), &["--storage", storage]);
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(!printed.contains("outside the project"), "a pack is not made: {printed}");
        let warnings = told(&output, "warning");
        warnings.iter().filter(|warning| warning.contains("outside the storage")).count()
    };
    assert_eq!(warned(&shots), 1);
    let all = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/5.0.1");
    assert_eq!(warned(all), 0);
}

#[test]
fn a_blend_in_a_checkout_is_used_in_place_though_shaman_is_on() {
    let farm = Farm::new();
    let blend = put_project(&farm.storage().join("film/shot"));
    let peer = peer().with_storage(farm.storage(), true);
    let stock = farm.try_submit(&blend, &["--server", &peer.url]);
    assert!(stock.status.success());
    assert!(told(&stock, "note")[0].contains("lies in the shared storage"), "{stock:?}");
    std::fs::write(farm.storage().join("film/.shaman-manifest.json"), "{}").unwrap();
    let ours = farm.try_submit(&blend, &["--server", &peer.url]);
    let note = &told(&ours, "note")[0];
    assert!(note.contains("lies in the checkout") && note.contains("farm/film`"), "{note}");
    assert_eq!(peer.count("POST "), 0);
}

#[test]
fn a_blend_elsewhere_is_checked_out_when_shaman_is_on() {
    let farm = Farm::new();
    let peer = peer().with_storage(farm.storage(), true);
    let end = farm.submit(&farm.blend(), &["--server", &peer.url]);
    assert_eq!((&end["approach"], &end["checkout"]), (&"shaman".into(), &"plain".into()));
    assert_eq!(end["location"], text(&farm.storage().join("plain")));
    assert_eq!(peer.count("/create"), 1);
}

#[test]
fn a_blend_elsewhere_is_copied_when_shaman_is_off() {
    let farm = Farm::new();
    let peer = peer().with_storage(farm.storage(), false);
    let output = farm.try_submit(&farm.blend(), &["--server", &peer.url]);
    let out = String::from_utf8_lossy(&output.stdout);
    let end: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(end["approach"], "copy");
    let [dir] = &farm.stored()[..] else { panic!("{:?}", farm.stored()) };
    assert_eq!(end["checkout"], dir.as_str());
    let parts: Vec<usize> = dir.split('-').map(str::len).collect();
    assert_eq!(parts, [4, 2, 2, 6, 5], "{dir} is a date, a time and a name");
    let copy = farm.storage().join(dir);
    assert_eq!(end["location"], text(&copy));
    for name in [BLEND, "textures/wall.png"] {
        let original = std::fs::read(farm.path("home/plain").join(name)).unwrap();
        assert_eq!(std::fs::read(copy.join(name)).unwrap(), original, "{name}");
    }
    assert_eq!(peer.count("POST "), 0, "nothing was sent");
    assert!(told(&output, "warning").is_empty(), "{output:?}");
}

#[test]
fn the_approach_can_be_chosen_unless_it_is_impossible() {
    let farm = Farm::new();
    let (on, off) =
        (peer().with_storage(farm.storage(), true), peer().with_storage(farm.storage(), false));
    let inside = put_project(&farm.storage().join("film"));
    let end = farm.submit(&inside, &["--server", &on.url, "--approach", "shaman"]);
    assert_eq!((&end["approach"], on.count("/create")), (&"shaman".into(), 1));
    let end = farm.submit(&farm.blend(), &["--server", &on.url, "--approach", "copy"]);
    assert_eq!((&end["approach"], farm.stored().len()), (&"copy".into(), 2));
    for (approach, word) in
        [("in-place", "does not lie in the storage"), ("shaman", "Shaman is off")]
    {
        let refused = farm.refusal(&farm.blend(), &["--server", &off.url, "--approach", approach]);
        assert!(refused.contains(word), "{refused}");
    }
    assert_eq!(off.count("POST "), 0);
}

#[test]
fn a_storage_that_is_named_needs_no_server() {
    let farm = Farm::new();
    let (storage, nobody) = (farm.storage(), "http://127.0.0.1:9");
    let args = ["--server", nobody, "--storage", text(&storage)];
    assert_eq!(farm.submit(&farm.blend(), &args)["approach"], "copy");
    let inside = put_project(&storage.join("film"));
    assert_eq!(farm.submit(&inside, &args)["approach"], "in-place");
    let refused = farm.refusal(&inside, &[&args[..], &["--approach", "shaman"]].concat());
    assert!(refused.contains("--storage"), "{refused}");
}

#[test]
fn a_failed_copy_leaves_the_storage_as_it_was() {
    let farm = Farm::new();
    let storage = farm.storage();
    // The .blend lies outside, needs other paths in the copy, and there is no room to write it.
    std::fs::write(farm.path("cache"), b"a file").unwrap();
    let textures = farm.path("home/plain/textures");
    let args = ["--storage", text(&storage), "--project", text(&textures)];
    let refused = farm.refusal(&farm.blend(), &args);
    assert!(refused.contains("plain.blend") && refused.contains("cache"), "{refused}");
    assert!(farm.stored().is_empty());
    let absent = farm.path("absent");
    let refused = farm.refusal(&farm.blend(), &["--storage", text(&absent)]);
    assert!(refused.contains("not a directory") && refused.contains("absent"), "{refused}");
}

#[test]
fn unc_notation_is_refused_wherever_it_is_named() {
    let farm = Farm::new();
    let sentence =
        r"UNC notation is not supported; mount `\\server\share` as a drive letter instead";
    for location in [r"\\server\share\farm", "//server/share/farm"] {
        let peer = peer().with_storage(location, false);
        let refused = farm.refusal(&farm.blend(), &["--server", &peer.url]);
        assert!(refused.contains(sentence), "{refused}");
        let refused = farm.shaman(&["upload", text(&farm.path("home")), "--server", &peer.url]);
        assert!(String::from_utf8(refused.stderr).unwrap().contains(sentence));
    }
    let share = r"\\server\share\farm";
    for args in [["--storage", share], ["--project", share]] {
        let refused = farm.refusal(&farm.blend(), &args);
        assert!(refused.contains(sentence), "{refused}");
    }
    let refused = farm.refusal(Path::new(r"\\server\share\a.blend"), &[]);
    assert!(refused.contains(sentence), "{refused}");
}

#[test]
fn a_storage_that_a_sync_client_fills_draws_one_warning_and_copies_get_a_manifest() {
    let farm = Farm::new();
    let storage = farm.storage().join("Dropbox/farm");
    std::fs::create_dir_all(&storage).unwrap();
    let output = farm.try_submit(&farm.blend(), &["--storage", text(&storage)]);
    let warnings = told(&output, "warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for word in ["Dropbox", "at once", "shaman verify DIR --wait 10m"] {
        assert!(warnings[0].contains(word), "{warnings:?}");
    }
    let copy = std::fs::read_dir(&storage).unwrap().next().unwrap().unwrap().path();
    assert!(copy.join(".shaman-manifest.json").is_file());
}

#[cfg(unix)]
#[test]
fn a_copy_that_is_interrupted_leaves_nothing_behind() {
    use std::process::{Command, Stdio};
    let farm = Farm::new();
    let wall = farm.path("home/plain/textures/wall.png");
    let file = std::fs::File::options().write(true).open(&wall).unwrap();
    // 4 GiB of nothing take a while, whatever the disk.
    file.set_len(4 << 30).unwrap();
    let blend = farm.blend();
    let storage = farm.storage();
    let mut running = Command::new(env!("CARGO_BIN_EXE_shaman"))
        .args(["submit", text(&blend), "--storage", text(&storage)])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..2_000 {
        if !farm.stored().is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Command::new("kill").arg(running.id().to_string()).status().unwrap();
    if running.wait().unwrap().success() {
        // A file system that shares blocks was quicker; then the copy is whole.
        assert!(farm.stored()[0].ends_with("-plain"), "{:?}", farm.stored());
        return;
    }
    assert!(farm.stored().is_empty(), "{:?}", farm.stored());
}
