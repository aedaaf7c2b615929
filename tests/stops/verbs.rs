//! What a server does, each as a case that is made ready, done, and looked at afterwards.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use shaman_tests::wire::sha256_hex;

use super::world::{Files, PIN, World, below, entries, placed, url, waited};

/// One thing that a server does.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// What the configuration says besides.
    pub(crate) yaml: &'static str,
    /// Makes ready what it needs, with names that end in this number.
    pub(crate) prepare: fn(&mut World, usize) -> Case,
    pub(crate) act: Act,
    /// Notes what is promised now; the answer came or not.
    pub(crate) promise: fn(&mut World, &Case, Answered),
    /// Does it again when the server is there again: it has to end well, whatever was left.
    pub(crate) again: fn(&mut World, &Case),
}

pub(crate) enum Act {
    /// A request; gives whether it was answered well, and all that it starts is over.
    Ask(fn(&World, &Case) -> Answered),
    /// The server is not there yet.
    Start,
}

/// Whether somebody was told that it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    Yes,
    No,
}

/// What a case is about.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) checkout: String,
    pub(crate) files: Files,
}

impl Case {
    fn blobs(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.files.iter().map(|(_, bytes)| bytes)
    }
}

const NOTHING: Verb = Verb {
    name: "",
    yaml: "",
    prepare: |_, _| Case::default(),
    act: Act::Start,
    promise: |_, _, _| (),
    again: |_, _| (),
};

/// All of them.
pub(crate) const VERBS: &[Verb] = &[
    Verb {
        name: "an upload",
        prepare: |world, _| Case { files: placed(&[world.fresh(40_000)]), ..Case::default() },
        act: Act::Ask(upload),
        promise: |world, case, answered| {
            let is_kept = answered == Answered::Yes && world.keeps_everything();
            let list = if is_kept { &mut world.kept } else { &mut world.loose };
            list.extend(case.blobs().cloned());
        },
        again: |world, case| send_all(world, case),
        ..NOTHING
    },
    Verb {
        name: "an upload that is flushed",
        yaml: "durability: blob\n",
        prepare: |world, _| Case { files: placed(&[world.fresh(40_000)]), ..Case::default() },
        act: Act::Ask(upload),
        promise: |world, case, answered| {
            let list = if answered == Answered::Yes { &mut world.kept } else { &mut world.loose };
            list.extend(case.blobs().cloned());
        },
        again: |world, case| send_all(world, case),
    },
    Verb {
        name: "a check-out",
        prepare: |world, number| {
            let blobs = [world.fresh(300), world.fresh(40_000), world.fresh(9), Vec::new()];
            uploaded(world, format!("film/shot{number}/job"), placed(&blobs))
        },
        act: Act::Ask(create),
        promise: promise_checkout,
        again: create_again,
        ..NOTHING
    },
    Verb {
        name: "a check-out without directories",
        prepare: |world, number| {
            let files = [("a", world.fresh(300)), ("b", world.fresh(40_000))];
            let files = files.map(|(path, bytes)| (path.to_owned(), bytes)).into();
            uploaded(world, format!("flat/shot{number}/job"), files)
        },
        act: Act::Ask(create),
        promise: promise_checkout,
        again: create_again,
        ..NOTHING
    },
    Verb {
        name: "a check-out of many blobs",
        prepare: |world, number| {
            let blobs: Vec<_> = (0..40).map(|_| world.fresh(5_000)).collect();
            uploaded(world, format!("film/shot{number}/job"), placed(&blobs))
        },
        act: Act::Ask(create),
        promise: promise_checkout,
        again: create_again,
        ..NOTHING
    },
    Verb {
        name: "a check-out of copies",
        yaml: "checkouts: {link_policy: copy}\n",
        prepare: |world, number| {
            let blobs = [world.fresh(300), world.fresh(40_000)];
            uploaded(world, format!("film/shot{number}/job"), placed(&blobs))
        },
        act: Act::Ask(create),
        promise: promise_checkout,
        again: create_again,
    },
    Verb {
        name: "an erase",
        prepare: |world, number| {
            let checkout = format!("film/shot{number}/job");
            let blobs = [world.fresh(300), world.fresh(40_000), world.fresh(9)];
            world.make_checkout(&checkout, &blobs);
            let files = world.checkouts.remove(&checkout).unwrap();
            world.kept.extend(blobs);
            Case { checkout, files }
        },
        act: Act::Ask(|world, case| {
            let url = format!("/v1/checkouts/{}", case.checkout);
            let answer = world.ask("DELETE", &url, b"");
            let is_quiet = || world.server().is_running().then(|| world.left_over().is_empty());
            told(answer, 204, || waited(is_quiet))
        }),
        promise: |world, case, answered| {
            // A power cut may bring it back, but then all of it.
            if answered == Answered::No || !world.keeps_everything() {
                world.open.insert(case.checkout.clone(), case.files.clone());
            }
        },
        again: |world, case| {
            let url = format!("/v1/checkouts/{}", case.checkout);
            let status = world.ask("DELETE", &url, b"").unwrap().0;
            assert!(matches!(status, 204 | 404), "an erase was answered {status}");
            world.checkouts.remove(&case.checkout);
        },
        ..NOTHING
    },
    Verb {
        name: "a pin",
        prepare: |world, number| {
            let checkout = format!("film/pinned{number}");
            let blobs = [world.fresh(300)];
            world.make_checkout(&checkout, &blobs);
            Case { checkout, files: placed(&blobs) }
        },
        act: Act::Ask(|world, case| told(pin(world, case), 204, || true)),
        promise: |world, case, answered| {
            if answered == Answered::Yes {
                world.pinned.push(case.checkout.clone());
            }
        },
        again: |world, case| {
            assert_eq!(pin(world, case).unwrap().0, 204);
            let url = format!("/v1/checkouts/{}", case.checkout);
            assert_eq!(world.ask("DELETE", &url, b"").unwrap().0, 409, "it is pinned");
        },
        ..NOTHING
    },
    Verb {
        name: "a sweep into the trash",
        prepare: |world, _| {
            let files = placed(&[world.fresh(300), world.fresh(40_000)]);
            for (_, bytes) in &files {
                put(&world.blob_path(bytes), bytes);
            }
            world.flush();
            Case { files, ..Case::default() }
        },
        act: Act::Ask(sweep),
        // Whoever asks for one brings it back, so nobody asks before the next sweep.
        promise: |_, _, _| (),
        again: |world, case| {
            sweep_again(world, case);
            for bytes in case.blobs() {
                assert!(world.is_stored(bytes), "{} comes back", url(bytes));
            }
            world.kept.extend(case.blobs().cloned());
        },
        ..NOTHING
    },
    Verb {
        name: "the emptying of the trash",
        prepare: |world, number| {
            let files = placed(&[world.fresh(300), world.fresh(40_000)]);
            let batch = format!("file-store/trash/000000001000-{number:016x}-0");
            for (_, bytes) in &files {
                put(&world.storage.join(&batch).join(below(bytes)), bytes);
            }
            world.flush();
            Case { files, ..Case::default() }
        },
        act: Act::Ask(sweep),
        promise: |world, case, _| world.loose.extend(case.blobs().cloned()),
        again: sweep_again,
        ..NOTHING
    },
    Verb {
        name: "the use of a swept blob",
        prepare: |world, number| {
            let files = placed(&[world.fresh(300), world.fresh(40_000)]);
            let batch = format!("file-store/trash/999999999999-{number:016x}-0");
            for (_, bytes) in &files {
                put(&world.storage.join(&batch).join(below(bytes)), bytes);
            }
            world.flush();
            Case { files, ..Case::default() }
        },
        act: Act::Ask(|world, case| {
            let list = json!({"files": entries(&case.files)}).to_string();
            let url = "/api/v3/shaman/checkout/requirements";
            let answer = world.ask("POST", url, list.as_bytes());
            if let Some((200, said)) = &answer {
                assert!(!said.contains("unknown"), "{said}");
            }
            told(answer, 200, || true)
        }),
        promise: |world, case, _| world.kept.extend(case.blobs().cloned()),
        again: |world, case| send_all(world, case),
        ..NOTHING
    },
    Verb {
        name: "a scrub that finds damage",
        prepare: damaged_checkout,
        act: Act::Ask(scrub),
        promise: |_, _, _| (),
        again: |world, case| {
            assert_eq!(scrub(world, case), Answered::Yes);
            heal(world, case);
        },
        ..NOTHING
    },
    Verb {
        name: "the healing of a checkout",
        prepare: |world, number| {
            let case = damaged_checkout(world, number);
            assert_eq!(scrub(world, &case), Answered::Yes);
            world.flush();
            case
        },
        act: Act::Ask(|world, case| told(world.upload(&case.files[1].1), 204, || true)),
        promise: |world, case, answered| {
            if answered == Answered::Yes && world.keeps_everything() {
                // Healed before the answer.
                world.damage.clear();
            }
            world.loose.push(case.files[1].1.clone());
        },
        again: heal,
        ..NOTHING
    },
    Verb {
        name: "a start after a crash",
        prepare: |world, number| {
            mess(&world.storage, number);
            world.flush();
            Case::default()
        },
        ..NOTHING
    },
    Verb {
        name: "the first start",
        prepare: |world, _| {
            world.forget();
            Case::default()
        },
        again: |world, _| world.make_checkout("film/first", &[vec![1; 300]]),
        ..NOTHING
    },
    Verb {
        name: "a stop",
        act: Act::Ask(|world, _| {
            world.server().ask_to_stop();
            waited(|| Some(!world.server().is_running()));
            Answered::Yes
        }),
        ..NOTHING
    },
];

fn told(answer: Option<(u16, String)>, good: u16, is_over: impl FnOnce() -> bool) -> Answered {
    match answer {
        Some((status, said)) => {
            assert_eq!(status, good, "{said}");
            is_over();
            Answered::Yes
        }
        None => Answered::No,
    }
}

fn upload(world: &World, case: &Case) -> Answered {
    told(world.upload(&case.files[0].1), 204, || true)
}

fn send_all(world: &mut World, case: &Case) {
    for bytes in case.blobs() {
        let (status, said) = world.upload(bytes).unwrap();
        assert!(matches!(status, 204 | 208), "an upload was answered {status}: {said}");
        assert!(world.is_stored(bytes), "{} is there", url(bytes));
    }
}

fn uploaded(world: &mut World, checkout: String, files: Files) -> Case {
    let case = Case { checkout, files };
    send_all(world, &case);
    world.loose.extend(case.blobs().cloned());
    case
}

fn create(world: &World, case: &Case) -> Answered {
    match world.create(&case.checkout, &case.files) {
        None => Answered::No,
        Some(checkout) => {
            assert_eq!(checkout.as_ref(), Ok(&case.checkout));
            Answered::Yes
        }
    }
}

fn promise_checkout(world: &mut World, case: &Case, answered: Answered) {
    let list = if answered == Answered::Yes { &mut world.checkouts } else { &mut world.open };
    list.insert(case.checkout.clone(), case.files.clone());
}

fn create_again(world: &mut World, case: &Case) {
    send_all(world, case);
    let checkout = world.create(&case.checkout, &case.files).unwrap().unwrap();
    world.checkouts.insert(checkout, case.files.clone());
}

fn pin(world: &World, case: &Case) -> Option<(u16, String)> {
    let url = format!("/v1/pins/{}", case.checkout);
    world.ask("PUT", &url, json!({"reason": PIN}).to_string().as_bytes())
}

fn sweep(world: &World, _: &Case) -> Answered {
    let order = json!({"dry_run": false, "force": true, "storage": true}).to_string();
    told(world.ask("POST", "/v1/sweep", order.as_bytes()), 200, || true)
}

fn sweep_again(world: &mut World, case: &Case) {
    assert_eq!(sweep(world, case), Answered::Yes);
    let empty = world.empty_directories_of_blobs();
    assert!(empty.is_empty(), "a sweep leaves {empty:#?}");
}

fn damaged_checkout(world: &mut World, number: usize) -> Case {
    let checkout = format!("film/damaged{number}");
    let blobs = [world.fresh(300), world.fresh(40_000)];
    world.make_checkout(&checkout, &blobs);
    // Other bytes, at the time that is known.
    let path = world.blob_path(&blobs[1]);
    let modified = path.metadata().unwrap().modified().unwrap();
    let bytes = world.fresh(40_000);
    std::fs::write(&path, &bytes).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(modified)).unwrap();
    world.damage.push(bytes);
    world.flush();
    Case { checkout, files: placed(&blobs) }
}

fn scrub(world: &World, _: &Case) -> Answered {
    let answer = world.ask("POST", "/v1/scrub", br#"{"rate": "1TB/s"}"#);
    let is_over = || {
        let said: Value = serde_json::from_str(&world.ask("GET", "/v1/scrub", b"")?.1).unwrap();
        let damage: Value = serde_json::from_str(&world.ask("GET", "/v1/damage", b"")?.1).unwrap();
        let is_found = damage["damaged"].as_array().is_some_and(|found| !found.is_empty());
        Some(said["is_running"] == false && is_found)
    };
    match answer {
        Some((202, _)) if waited(is_over) => Answered::Yes,
        Some((202, _)) | None => Answered::No,
        Some((status, said)) => panic!("a scrub was answered {status}: {said}"),
    }
}

/// Sends the good bytes; the checkout has to be right from then on.
fn heal(world: &mut World, case: &Case) {
    send_all(world, case);
    let path = world.storage.join("jobs").join(&case.checkout).join(&case.files[1].0);
    let is_right = || std::fs::read(&path).is_ok_and(|bytes| bytes == case.files[1].1);
    assert!(waited(|| Some(is_right())), "{} is healed", path.display());
    world.damage.clear();
}

/// Puts a blob there as a server of old has left it.
fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = std::fs::File::open(path).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(old)).unwrap();
}

/// What a server leaves that was ended in the middle of several things.
fn mess(storage: &Path, number: usize) {
    let store = storage.join("file-store");
    let id = format!("{number:016x}");
    let manifest = |checkout: &str| {
        let text = json!({
            "format": 1, "checkout": checkout, "blend": null, "created": "2026-11-24T00:00:00Z",
            "server": "x", "files": [],
        });
        let path = store.join(format!("manifests/{}.json", sha256_hex(checkout.as_bytes())));
        std::fs::write(&path, text.to_string()).unwrap();
        path
    };
    put(&store.join(format!("uploading/ab/{}/5-{id}-0.tmp", "0".repeat(62))), b"half");
    // A tree whose manifest has claimed a place, with a parent; and a claim alone.
    let tree = store.join(format!("staging/{id}-1"));
    put(&tree.join("tex/a"), b"a");
    let begun = manifest(&format!("begun/shot{number}/job"));
    std::fs::hard_link(begun, tree.join(".shaman-manifest.json")).unwrap();
    std::fs::create_dir_all(storage.join(format!("jobs/begun/shot{number}"))).unwrap();
    manifest(&format!("claimed/shot{number}/job"));
    std::fs::create_dir_all(storage.join(format!("jobs/claimed/shot{number}"))).unwrap();
    std::fs::write(store.join(format!("staging/{id}-2.json")), "{}").unwrap();
    std::fs::write(store.join(format!("stored/.probe-{id}-3")), "probe").unwrap();
    std::fs::write(storage.join(format!("jobs/.probe-{id}-3")), "probe").unwrap();
}
