//! What ops do with a store: look at it, sweep, pin, erase, find damage and heal it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use shaman_tests::manager::{Manager, Setup};

use crate::support::{Farm, last_line};

fn shaman(farm: &Farm, words: &str) -> Output {
    farm.shaman().args(words.split_ascii_whitespace()).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Checks out two files, and gives the checkout.
fn filled(farm: &Farm) -> String {
    let dir = farm.path("textures");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("wood.png"), "wood").unwrap();
    std::fs::write(dir.join("rust.png"), "rusty").unwrap();
    let end =
        last_line(&shaman(farm, &format!("upload {} --name tex/tures --json", dir.display())));
    end["checkout"].as_str().unwrap().to_owned()
}

#[test]
fn who_stops_reading_has_read_enough() {
    let farm = Farm::start();
    filled(&farm);
    for words in ["status", "checkouts list", "gc", "ping"] {
        let (reading, writing) = std::io::pipe().unwrap();
        drop(reading);
        let ended = farm.shaman().args(words.split_ascii_whitespace()).stdout(writing).output();
        let ended = ended.unwrap();
        assert!(ended.status.success(), "{words}: {}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{words}");
    }
}

#[test]
fn checkouts_are_listed_shown_pinned_and_erased() {
    let farm = Farm::start();
    let checkout = filled(&farm);
    let list = last_line(&shaman(&farm, "checkouts list --json"));
    assert_eq!(
        (&list["checkout"], &list["files"], &list["bytes"]),
        (&Value::from(&*checkout), &2.into(), &9.into())
    );
    assert!(said(&shaman(&farm, "checkouts list")).contains("1 checkouts, 9 B as copies"));
    let shown = said(&shaman(&farm, &format!("checkouts show {checkout}")));
    assert!(shown.contains("wood.png") && shown.contains("2 files, 9 B"), "{shown}");

    said(&shaman(&farm, &format!("checkouts pin {checkout} --reason film --for 30d")));
    let list = said(&shaman(&farm, "checkouts list"));
    assert!(list.contains("pinned until 20") && list.contains(": film"), "{list}");
    said(&shaman(&farm, &format!("checkouts unpin {checkout}")));
    let again = shaman(&farm, &format!("checkouts unpin {checkout}"));
    assert!(refused(&again).contains("was not pinned"));

    let other = shaman(&farm, "checkouts erase tex");
    assert!(
        refused(&other).contains("there is no checkout `tex`"),
        "a directory of checkouts stays"
    );
    said(&shaman(&farm, &format!("checkouts erase {checkout}")));
    assert!(!farm.jobs().join(&checkout).exists());
    assert!(refused(&shaman(&farm, &format!("checkouts show {checkout}"))).contains("no checkout"));
}

#[test]
fn checkouts_are_compared_with_each_other_and_with_directories() {
    let farm = Farm::start();
    let first = filled(&farm);
    let dir = farm.path("textures");
    std::fs::write(dir.join("rust.png"), "rustier").unwrap();
    let second = last_line(&shaman(&farm, &format!("upload {} --name two --json", dir.display())));
    let second = second["checkout"].as_str().unwrap();
    let found = shaman(&farm, &format!("diff {first} {second} --json"));
    assert_eq!(found.status.code(), Some(3));
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(
        (&found["changed"][0]["path"], &found["same"]["files"], &found["new_blobs"]["bytes"]),
        (&"rust.png".into(), &1.into(), &7.into())
    );
    let place = farm.jobs().join(second);
    let same = shaman(&farm, &format!("diff {} {second}", place.display()));
    assert!(said(&same).contains("2 (11 B) the same"));
    assert!(refused(&shaman(&farm, &format!("diff {first} absent"))).contains("no checkout"));
}

#[test]
fn a_sweep_says_what_it_would_do_and_why_the_rest_stays() {
    let farm = Farm::start();
    filled(&farm);
    let report = last_line(&shaman(&farm, "gc --dry-run --json"));
    assert_eq!((&report["dry_run"], &report["all"]["blobs"]), (&true.into(), &2.into()));
    assert_eq!(report["swept"]["blobs"], 0);
    let text = said(&shaman(&farm, "gc --max-age 14d"));
    assert!(text.contains("swept into the trash") && text.contains("in the store"), "{text}");
    assert!(refused(&shaman(&farm, "gc --max-age soon")).contains("soon"));
    let status = said(&shaman(&farm, "status"));
    assert!(status.contains("blobs") && status.contains("damage     none"), "{status}");
}

#[test]
fn damage_is_told_and_the_next_submit_heals_it() {
    let farm = Farm::start();
    let checkout = filled(&farm);
    let wood = farm.jobs().join(&checkout).join("wood.png");
    assert_eq!(said(&shaman(&farm, "damage")).trim(), "nothing is damaged");
    let mut mode = wood.metadata().unwrap().permissions();
    mode.set_mode(0o644);
    std::fs::set_permissions(&wood, mode).unwrap();
    std::fs::write(&wood, "hood").unwrap();

    said(&shaman(&farm, "scrub --rate 1GB/s"));
    let end = Instant::now() + Duration::from_secs(30);
    let damage = loop {
        let damage = shaman(&farm, "damage");
        if damage.status.code() == Some(3) || Instant::now() > end {
            break damage;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(damage.status.code(), Some(3));
    let text = String::from_utf8(damage.stdout).unwrap();
    assert!(text.contains(&format!("damaged: {checkout}/wood.png")), "{text}");

    let dir = farm.path("textures");
    said(&shaman(&farm, &format!("upload {} --name again", dir.display())));
    assert_eq!(std::fs::read_to_string(&wood).unwrap(), "wood");
    assert_eq!(said(&shaman(&farm, "damage")).trim(), "nothing is damaged");
}

#[test]
fn a_server_of_flamenco_is_told_apart() {
    let farm = Farm::start();
    let manager = Manager::start(Setup::new(&farm.path("flamenco"))).unwrap();
    for words in ["status", "gc --dry-run", "checkouts list", "damage", "scrub"] {
        let mut shaman = farm.shaman();
        shaman.args(words.split_ascii_whitespace()).env("SHAMAN_URL", manager.url());
        let sentence = refused(&shaman.output().unwrap());
        assert!(sentence.contains("ask a Shaman server"), "{words}: {sentence}");
    }
}
