//! A submit and a fetch of a project of 990 files, against what any program has to do for it.
#![expect(clippy::disallowed_methods, reason = "what the limit writes is nobody's")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shaman_tests::disk::Disk;

use crate::process::{self, Server};
use crate::project;
use crate::store::{DISK_BYTES, MEMORY, ROUNDS, Round, say};

/// How long a file must be unchanged until what it says, and its hash, is kept.
const SETTLED: Duration = Duration::from_secs(4);

pub(crate) fn run() -> anyhow::Result<()> {
    process::ensure_built(&["shaman", "shaman-server"])?;
    let blender = project::found("get-blender.sh")?;
    if Path::new(MEMORY).is_dir() {
        let folder = tempfile::tempdir_in(MEMORY)?;
        table("tmpfs", &blender, folder.path())?;
    }
    let Some(disk) = Disk::new("ext4", DISK_BYTES) else {
        println!("no ext4 can be mounted here (it takes root): no table of a disk");
        return Ok(());
    };
    let folder = disk.storage();
    std::fs::create_dir(&folder)?;
    table("ext4 in an image", &blender, &folder)
}

fn table(name: &str, blender: &Path, folder: &Path) -> anyhow::Result<()> {
    let blend = project::make(blender, &folder.join("made"), "")?;
    std::thread::sleep(SETTLED);
    let (mut cold, mut unchanged) = (Vec::new(), Vec::new());
    let (mut fetched, mut fetched_again) = (Vec::new(), Vec::new());
    let mut count = 0;
    for round in 0..ROUNDS {
        let at = folder.join(format!("round-{round}"));
        let storage = at.join("storage");
        let server = Server::start(&storage, &at.join("state"))?;
        let client = Client { server: &server.address, cache: at.join("client") };

        let start = Instant::now();
        let said = client.submit(&blend)?;
        let ours = start.elapsed();
        let checkout = said["checkout"].as_str().context("no checkout")?.to_owned();
        let made = storage.join("jobs").join(&checkout);
        let files = files_below(&made)?;
        count = files.len();
        cold.push(Round { ours, limit: copy_hashed(&files, &at.join("by-hand"))? });

        let start = Instant::now();
        client.submit(&blend)?;
        unchanged.push(Round { ours: start.elapsed(), limit: look_at(&files)? });

        let start = Instant::now();
        client.fetch(&checkout, &at.join("fetched"), "")?;
        let ours = start.elapsed();
        fetched.push(Round { ours, limit: copied("-r", &made, &at.join("copied"))? });
        let start = Instant::now();
        client.fetch(&checkout, &at.join("fetched-again"), "--link")?;
        let ours = start.elapsed();
        fetched_again.push(Round { ours, limit: copied("-al", &made, &at.join("linked"))? });
    }
    println!(
        "{name}, {count} files; medians of {ROUNDS} rounds, lowest and highest ratio behind them"
    );
    println!("{:44} {:>10} {:>10} {:>20} {:>8}", "", "ours", "limit", "limit / ours", "asked");
    say("submit / read + SHA-256 + write, one thread", &cold, "0.4");
    say("nothing changed / stat of the files", &unchanged, "100 ms");
    say("fetch / cp -r", &fetched, "0.5");
    say("fetch --link, all in the cache / cp -al", &fetched_again, "0.5");
    println!();
    Ok(())
}

/// The client, whole processes, with a cache of its own.
struct Client<'a> {
    server: &'a str,
    cache: PathBuf,
}

impl Client<'_> {
    fn submit(&self, blend: &Path) -> anyhow::Result<Value> {
        let project = blend.ancestors().nth(2).context("it lies in a project")?;
        let mut command = self.command("submit");
        command.arg(blend).arg("--project").arg(project);
        last_line(&mut command)
    }

    fn fetch(&self, checkout: &str, into: &Path, option: &str) -> anyhow::Result<Value> {
        let mut command = self.command("fetch");
        command.arg(checkout).arg("--into").arg(into);
        last_line(command.args(Some(option).filter(|option| !option.is_empty())))
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = process::program("shaman");
        command.arg(verb).arg("--json").env("SHAMAN_CACHE", &self.cache);
        command.env("SHAMAN_URL", format!("http://{}", self.server)).stderr(Stdio::inherit());
        command
    }
}

/// What a command says last, which has to end well.
fn last_line(command: &mut Command) -> anyhow::Result<Value> {
    let output = command.output()?;
    anyhow::ensure!(output.status.success(), "{command:?} failed");
    let said = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(said.lines().next_back().context("it said nothing")?)?)
}

fn files_below(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                dirs.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// Reads, hashes and writes each file, as anything has to that sends them.
fn copy_hashed(files: &[PathBuf], to: &Path) -> anyhow::Result<Duration> {
    std::fs::create_dir(to)?;
    let start = Instant::now();
    for (number, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file)?;
        let digest = Sha256::digest(&bytes);
        std::fs::write(to.join(format!("{number}-{:02x}", digest[0])), &bytes)?;
    }
    Ok(start.elapsed())
}

fn look_at(files: &[PathBuf]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for file in files {
        file.metadata()?;
    }
    Ok(start.elapsed())
}

fn copied(how: &str, from: &Path, to: &Path) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let status = Command::new("cp").arg(how).arg(from).arg(to).status()?;
    anyhow::ensure!(status.success(), "cp {how} failed");
    Ok(start.elapsed())
}
