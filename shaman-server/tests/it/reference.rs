//! What a configuration may say, and what is told of it.

use std::process::{Command, Output};

/// Runs `shaman-server` with a file of these lines.
fn ran(command: &[&str], file: &str, yaml: &str, variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, yaml).unwrap();
    Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .args(command)
        .arg("--config")
        .arg(file)
        .current_dir(folder.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_reference_page_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/configuration.md");
    let page = shaman_server::config::reference();
    if std::env::var_os("SHAMAN_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap();
    assert!(
        there == page,
        "docs/reference/configuration.md is old; SHAMAN_BLESS=1 cargo test --workspace --test it reference"
    );
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place_and_what_was_meant() {
    let yaml = "lisen: 127.0.0.1:80\nupload_wait: soon\nscrub:\n  rte: 5MB/s\ncheckouts: {link_policy: magic}\ntrusted_networks: [10.0.0.0/8, farm]\n";
    let told = ran(&["check-config"], "shaman.yaml", yaml, &[("SHAMAN_RESERVE", "much")]);
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told.stderr);
    for words in [
        "shaman.yaml:1:1: there is no key `lisen`; did you mean `listen`?",
        "shaman.yaml:2:14: `upload_wait`: `soon` is not a duration",
        "shaman.yaml:4:3: there is no key `scrub.rte`; did you mean `scrub.rate`?",
        "shaman.yaml:5:26: `checkouts.link_policy`: `magic` is none of",
        "shaman.yaml:6:32: `trusted_networks`: `farm` is no network",
        "SHAMAN_RESERVE: `reserve`: `much` is no share",
        "6 mistakes",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let good = ran(&["check-config"], "shaman.yaml", "reserve: 20GB\n", &[]);
    assert!(good.status.success(), "{}", text(&good.stderr));
    let open = ran(&["check-config"], "shaman.yaml", "listen: ':8080'\n", &[]);
    assert!(text(&open.stderr).contains("trusted_networks"), "{}", text(&open.stderr));
}

#[test]
fn without_a_name_a_file_with_a_usual_one_is_read_where_the_program_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let counts = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shaman-server"));
        let ran = command.args(["config", "--effective"]).args(more).current_dir(folder.path());
        text(&ran.output().unwrap().stdout)
    };
    assert!(!counts(&[]).contains(".yaml:"));
    let flamencos = "_meta: {version: 3}\nmanager_name: Farm\nlisten: ':9000'\n";
    std::fs::write(folder.path().join("flamenco-manager.yaml"), flamencos).unwrap();
    assert!(counts(&[]).contains("flamenco-manager.yaml:3:9"), "{}", counts(&[]));
    std::fs::write(folder.path().join("shaman.yaml"), "reserve: 1GB\n").unwrap();
    let ours = counts(&[]);
    assert!(ours.contains("shaman.yaml:1:10") && !ours.contains("flamenco-manager"), "{ours}");
    let named = counts(&["--config", "flamenco-manager.yaml"]);
    assert!(named.contains("flamenco-manager.yaml:3:9") && !named.contains("shaman.yaml"));
}

#[test]
fn a_misspelt_variable_is_a_mistake_and_who_stops_reading_is_no_failure() {
    let told = ran(&["check-config"], "shaman.yaml", "", &[("SHAMAN_LISTN", "127.0.0.1:1")]);
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told.stderr);
    assert!(told.contains("SHAMAN_LISTN") && told.contains("`SHAMAN_LISTEN`"), "{told}");
    let theirs = [("SHAMAN_TOKEN", "x"), ("SHAMAN_URL", "http://farm"), ("SHAMAN_CACHE", "/tmp/x")];
    let told = ran(&["check-config"], "shaman.yaml", "", &theirs);
    assert!(told.status.success(), "{}", text(&told.stderr));

    let (reading, writing) = std::io::pipe().unwrap();
    drop(reading);
    let mut command = Command::new(env!("CARGO_BIN_EXE_shaman-server"));
    let ended = command.arg("config").stdout(writing).output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{}", text(&ended.stderr));
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let yaml = "log: debug\nlisten: 127.0.0.1:1\nreserve: 1GB\npath_prefix: /0123456789abcdef\n";
    let variables = [("SHAMAN_LISTEN", "127.0.0.1:2"), ("SHAMAN_LOG", "trace")];
    let command = ["config", "--effective", "--listen", "127.0.0.1:3"];
    let told = text(&ran(&command, "shaman.yaml", yaml, &variables).stdout);
    let line = |key: &str| {
        let line = told.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("{key}: {told}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("listen"), ["listen", "127.0.0.1:3", "--listen"]);
    assert_eq!(line("log"), ["log", "trace", "SHAMAN_LOG"]);
    assert_eq!(line("reserve"), ["reserve", "1GB", "shaman.yaml:3:10"]);
    assert_eq!(line("trash_grace"), ["trash_grace", "3d", "default"]);
    assert!(!told.contains("0123456789abcdef"), "a secret is not told: {told}");
}

#[test]
fn a_managers_own_file_is_read_for_what_is_ours() {
    let yaml = "_meta:\n  version: 3\nmanager_name: Flamenco\ndatabase: x.sqlite\nlisten: ':8080'\nshared_storage_path: /mnt/farm\nshaman:\n  enabled: true\n  garbageCollect:\n    period: 12h0m0s\n    maxAge: 744h0m0s\n    extraCheckoutPaths: []\nvariables:\n  blender:\n    values:\n      - {platform: linux, value: blender}\n  storage:\n    is_twoway: true\n    values:\n      - {platform: windows, value: 'F:'}\n      - {platform: linux, value: /mnt/farm}\n";
    for file in ["flamenco-manager.yaml", "other.yaml"] {
        let told = ran(&["config", "--effective"], file, yaml, &[]);
        assert!(told.status.success(), "{}", text(&told.stderr));
        let told = text(&told.stdout);
        for words in ["/mnt/farm", "12h0m0s", ":8080"] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
    let told = ran(&["check-config"], "shaman.yaml", "manager_name: Flamenco\n", &[]);
    assert!(text(&told.stderr).contains("no key `manager_name`"));
    let unc = ran(
        &["check-config"],
        "flamenco-manager.yaml",
        "shared_storage_path: \\\\nas\\farm\n",
        &[],
    );
    assert!(text(&unc.stderr).contains("drive letter"), "{}", text(&unc.stderr));
}
