//! `shaman-server doctor`, against set-ups that are broken for real.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::support::{Blob, SmallDisk, TestServer};

struct Said {
    status: i32,
    findings: Vec<Value>,
}

impl Said {
    /// The worst that was said about something: health, what was seen, advice.
    fn about(&self, about: &str) -> (String, String, String) {
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let found = self.findings.iter().filter(|finding| finding["about"] == about);
        let rank = |finding: &&Value| {
            ["good", "doubtful", "bad"].iter().position(|h| finding["health"] == *h)
        };
        let worst = found
            .max_by_key(rank)
            .unwrap_or_else(|| panic!("nothing about {about}: {:?}", self.findings));
        (word(worst, "health"), word(worst, "seen"), word(worst, "advice"))
    }

    fn is(&self, about: &str, health: &str, words: &str) {
        let (found, seen, advice) = self.about(about);
        assert_eq!(found, health, "{about}: {seen}");
        assert!(format!("{seen} → {advice}").contains(words), "{about}: {seen} → {advice}");
        assert_eq!(advice.is_empty(), health == "good", "{about}: {seen}");
    }
}

fn command(program: &Path, storage: &Path, state: &Path, more: &[&str]) -> Command {
    let mut doctor = Command::new(program);
    doctor.args(["doctor", "--json"]).arg("--storage").arg(storage).arg("--state").arg(state);
    if !more.contains(&"--listen") {
        doctor.args(["--listen", "127.0.0.1:0"]);
    }
    doctor.args(more).stderr(Stdio::null());
    doctor
}

fn doctor(storage: &Path, state: &Path, more: &[&str]) -> Said {
    let program = Path::new(env!("CARGO_BIN_EXE_shaman-server"));
    read(&command(program, storage, state, more).output().unwrap())
}

fn read(output: &std::process::Output) -> Said {
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let status = output.status.code().unwrap();
    assert_eq!(answer["well"], status == 0);
    Said { status, findings: answer["findings"].as_array().unwrap().clone() }
}

/// Lets all users into a folder of a test.
fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_server_that_works_is_well_also_while_it_runs() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    open_to_all(folder.path());
    let server = TestServer::start_in(&folder, "state");
    let blob = Blob::new("a file");
    server.upload(&blob);
    server.checked_out("job", &[blob.entry("dir/a")]);
    let address = server.address.clone();
    let before = crate::support::files_below(&server.storage);
    let said = doctor(&server.storage, &server.state, &["--listen", &address]);
    assert_eq!(said.status, 0, "{:?}", said.findings);
    said.is("storage", "good", "a server runs on it");
    said.is("links", "good", "linked");
    said.is("clock", "good", "agree");
    said.is("room", "good", "free");
    said.is("state", "good", "disk");
    said.is("index", "good", "read");
    said.is("port", "good", "Shaman");
    assert_eq!(crate::support::files_below(&server.storage), before, "nothing is left");
    if rustix::process::geteuid().is_root() {
        said.is("workers", "good", "65534 can read");
        // As anybody else, who may not enter the folder of the build, it goes by modes.
        let program = folder.path().join("program");
        std::fs::copy(env!("CARGO_BIN_EXE_shaman-server"), &program).unwrap();
        let mut other = command(&program, &server.storage, &server.state, &["--listen", &address]);
        let said = read(&other.uid(65_534).gid(65_534).current_dir("/").output().unwrap());
        said.is("workers", "doubtful", "by their modes");
        said.is("links", "bad", "chown");
        said.is("state", "bad", "--state");
        let said = doctor(&server.storage, &server.state, &["--worker", "0"]);
        said.is("workers", "bad", "another user");
    }
}

#[test]
fn a_server_that_does_not_let_its_own_machine_in_is_no_other_program() {
    let server = TestServer::configured("trusted_networks: [10.0.0.0/8]\n");
    let said = doctor(&server.storage, &server.state, &["--listen", &server.address]);
    said.is("port", "good", "a server like this one");
}

#[test]
fn what_is_not_there_or_cannot_be_read_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let below = |name: &str| folder.path().join(name);
    let said = doctor(&below("none"), &below("state"), &[]);
    assert_eq!(said.status, 1);
    said.is("storage", "bad", "mount it");
    assert!(!below("none").exists() && !below("state").exists(), "nothing is made");

    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    // It hangs up on whoever asks for its name.
    std::thread::spawn(move || busy.incoming().for_each(drop));
    std::fs::create_dir(below("storage")).unwrap();
    let nobody = ["--listen", &address, "--upstream", "http://127.0.0.1:9"];
    let said = doctor(&below("storage"), &below("state"), &nobody);
    said.is("port", "bad", "another port");
    said.is("manager", "bad", "start the Manager");
    said.is("workers", "doubtful", "first submit");
    let said = doctor(&below("storage"), &below("state"), &["--listen", "192.0.2.1:80"]);
    said.is("port", "bad", "address of this machine");

    std::fs::create_dir_all(below("state/index")).unwrap();
    std::fs::write(below("state/index/CURRENT"), "MANIFEST-000099\n").unwrap();
    doctor(&below("storage"), &below("state"), &[]).is("index", "bad", "delete it");
}

#[test]
fn a_storage_that_workers_cannot_enter_or_can_change_is_bad_for_them() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("\n*** SKIPPED: only root can look as somebody else. ***\n");
        return;
    }
    let folder = Arc::new(tempfile::tempdir().unwrap());
    open_to_all(folder.path());
    let server = TestServer::start_in(&folder, "state");
    let blob = Blob::new("a file");
    server.upload(&blob);
    let checkout = server.checked_out("job", &[blob.entry("a")]);
    // All there is to see is the job's one file.
    std::fs::remove_file(checkout.join(".shaman-manifest.json")).unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let look = || doctor(&server.storage, &server.state, &["--worker", "4321"]);
    mode(&checkout.join("a"), 0o400);
    look().is("workers", "bad", "cannot read");
    mode(&checkout.join("a"), 0o666);
    look().is("workers", "bad", "can write to");
    mode(&checkout.join("a"), 0o444);
    mode(&server.jobs(), 0o777);
    look().is("workers", "bad", "can write to");
    mode(&server.jobs(), 0o755);
    look().is("workers", "good", "4321 can read");
    mode(folder.path(), 0o700);
    look().is("workers", "bad", "cannot enter");
}

#[test]
fn a_full_disk_and_a_mount_that_is_read_only_are_told_apart() {
    let Some(disk) = SmallDisk::mount("ext4") else { return };
    let state = tempfile::tempdir().unwrap();
    drop(TestServer::start_on(disk.path().join("storage")));
    let look = || doctor(&disk.path().join("storage"), state.path(), &[]);
    look().is("room", "good", "free");
    disk.fill();
    let said = look();
    said.is("links", "bad", "add space");
    said.is("room", "bad", "uploads are refused");
    disk.make_room();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.path()).status();
    assert!(remounted.unwrap().success());
    let said = look();
    said.is("mount", "bad", "`ro`");
    said.is("links", "bad", "ReadWritePaths");
}
