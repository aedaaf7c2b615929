//! Every command of `docs/guides/flamenco.md`, in order, in both set-ups.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use shaman_tests::addon::{Addon, Force, Release};
use shaman_tests::manager::{Manager, Setup};
use shaman_tests::server::program;
use shaman_tests::stock_store::StockStore;

use crate::house;

const GUIDE: &str = include_str!("../../docs/guides/flamenco.md");

/// The text of each `sh` block.
fn blocks() -> Vec<&'static str> {
    GUIDE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// A shell in a folder of its own, which knows what the guide's first block says.
struct Shell<'a> {
    folder: &'a Path,
    values: Vec<(&'static str, String)>,
}

impl Shell<'_> {
    fn command(&self, text: &str) -> Command {
        let programs = program("shaman").parent().unwrap().to_owned();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", text]).current_dir(self.folder).env("PATH", path);
        shell.env("SHAMAN_CACHE", self.folder.with_file_name("cache"));
        shell.envs(self.values.iter().map(|(name, value)| (*name, value)));
        shell
    }

    fn run(&self, text: &str) -> String {
        let output = self.command(text).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{out}\n{err}");
        out
    }
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn every_command_of_the_guide_works_in_both_set_ups() {
    for own_shaman in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("flamenco");
        StockStore::create(&storage).unwrap();
        let setup = if own_shaman {
            Setup { gc_period: "0s".into(), ..Setup::new(&storage).with_shaman() }
        } else {
            Setup::new(&storage.join("jobs"))
        };
        let manager = Manager::start(Setup { head_timeout: house::PATIENCE, ..setup }).unwrap();
        let studio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/studio");
        let project = folder.path().join("project");
        let copied = Command::new("cp").arg("-r").args([&studio, &project]).status().unwrap();
        assert!(copied.success());
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shell = Shell {
            folder: &project,
            values: vec![
                ("STORAGE", storage.to_str().unwrap().to_owned()),
                ("MANAGER", manager.url()),
                ("LISTEN", format!("127.0.0.1:{port}")),
                ("STATE", folder.path().join("state").to_str().unwrap().to_owned()),
            ],
        };
        let mut server = None;
        let mut said = Vec::new();
        for (position, block) in blocks().into_iter().enumerate() {
            if position == 0 {
                // The values are this test's; the names are the guide's.
                for line in block.lines() {
                    let name = line.split('=').next().unwrap();
                    assert!(shell.values.iter().any(|(known, _)| *known == name), "{line}");
                }
            } else if block.starts_with("shaman-server") {
                let mut child = shell
                    .command(&format!("exec {block}"))
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                let mut line = String::new();
                BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
                assert!(line.contains("listening"), "{line}");
                server = Some(Ended(child));
            } else {
                said.push(shell.run(block));
            }
        }
        assert!(server.is_some() && said.len() >= 5, "the guide has commands");
        assert!(said.last().unwrap().contains("shot_010"), "the checkout is there: {said:?}");
        assert_eq!(manager.jobs().len(), 1, "the job too");
        assert!(manager.jobs()[0]["storage"]["shaman_checkout_id"].is_string());

        let mut addon = Addon::new(&format!("http://127.0.0.1:{port}"), Release::Current);
        addon.start(Force::No).unwrap();
        assert!(addon.submit_with_bat2(&house::project(), "from Blender").submitted_ok);
    }
}
