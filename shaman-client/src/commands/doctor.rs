//! `shaman doctor`: does this machine see a checkout as it should, and how fast?

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use shaman_proto::{Finding, Health, Manifest, MountUser, mount_of};

use super::sending::CLOCK;
use super::show::human;
use crate::cli::DoctorArgs;
use crate::hash::{HashCache, Hasher};
use crate::progress::Silence;
use crate::verify::{Depth, Problem, Report, Verifier};

/// What is read to see whether it is right and how fast it comes: until one of these is over.
const READ_BYTES_MAX: u64 = 1 << 30;
const READ_TIME_MAX: Duration = Duration::from_secs(10);

/// A storage that gives less than this makes workers wait.
const SLOW_BYTES_PER_SECOND: u64 = 20_000_000;

/// A sample smaller than this says nothing about speed.
const SPEED_BYTES_MIN: u64 = 1 << 20;

/// Files that are named.
const NAMED_MAX: usize = 3;

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<()> {
    let findings = look(&args.dir);
    let bad = findings.iter().filter(|finding| finding.health == Health::Bad).count();
    if args.json {
        say!("{}", serde_json::json!({ "well": bad == 0, "findings": findings }));
    } else {
        for finding in &findings {
            say!("{}", finding.text());
        }
    }
    if bad > 0 {
        anyhow::bail!("{bad} of {} things are bad; each has its advice above", findings.len());
    }
    Ok(())
}

fn look(dir: &Path) -> Vec<Finding> {
    let plain = match dir.canonicalize() {
        Ok(plain) => plain,
        Err(error) => return vec![invisible(dir, &error)],
    };
    let mut findings = vec![Finding::good("visible", format!("{} is there", plain.display()))];
    findings.extend(mount(&plain, MountUser::Worker));
    match Verifier::new(&plain, Depth::Sizes, CLOCK).look(&Silence) {
        Ok(report) => {
            findings.push(readable(&report));
            findings.extend(right(&plain, &report.manifest));
            findings.push(protected(&plain, &report.manifest));
        }
        Err(fault) => findings.push(Finding::bad(
            "readable",
            format!("{:#}", anyhow::Error::from(fault)),
            "name one checkout, as `shaman submit` says it; checkouts of Flamenco's own server have no manifest",
        )),
    }
    findings
}

/// Findings about the mount that a path without links is on; none where nobody knows.
fn mount(path: &Path, user: MountUser) -> Vec<Finding> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mount = path.to_str().and_then(|path| mount_of(&text, path));
    mount.map(|mount| mount.findings(user)).unwrap_or_default()
}

/// How far down the path leads, and where that is mounted from.
fn invisible(dir: &Path, error: &std::io::Error) -> Finding {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let there: PathBuf = absolute.ancestors().find(|dir| dir.exists()).unwrap_or(&absolute).into();
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mount = there.to_str().and_then(|path| mount_of(&text, path));
    let from =
        mount.map_or(String::new(), |mount| format!(", from {} ({})", mount.source, mount.kind));
    let seen =
        format!("{} cannot be seen ({error}); {} is there{from}", dir.display(), there.display());
    let is_empty = there.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    let advice = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "let this user into the directories above it, or run as the worker's user"
        }
        _ if is_empty => "mount the share: the last directory that is there is empty",
        _ => {
            "mount the share where the server says the storage is (`shaman ping`), or use a two-way variable for this platform"
        }
    };
    Finding::bad("visible", seen, advice)
}

fn readable(report: &Report) -> Finding {
    let about = "readable";
    let files = report.manifest.files.len();
    if report.wrong.is_empty() {
        let bytes = human(report.manifest.bytes());
        return Finding::good(about, format!("all {files} files are there, {bytes}"));
    }
    let named = report.wrong.iter().take(NAMED_MAX);
    let named: Vec<_> =
        named.map(|wrong| format!("{} ({})", wrong.path, wrong.problem.word())).collect();
    let more = report.wrong.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let seen =
        format!("of {files} files these are not as they should be: {}{more}", named.join(", "));
    let advice = match report.wrong[0].problem {
        Problem::Unreadable(_) => {
            "let everybody read it (chmod -R o+rX); the server's umask has to be 022, and on SMB the mount's `file_mode` 0444"
        }
        Problem::Arriving { .. } => "wait for it: shaman verify DIR --wait 10m",
        _ => {
            "submit again; if the server has it all (`shaman checkouts show`), this mount shows something old: mount it with `lookupcache=positive`, or without long `acdirmax`"
        }
    };
    Finding::bad(about, seen, advice)
}

/// Reads some of the files.
fn right(dir: &Path, manifest: &Manifest) -> Vec<Finding> {
    let cache = HashCache::none();
    let (began, mut files, mut bytes, mut wrong) = (Instant::now(), 0, 0_u64, Vec::new());
    for entry in &manifest.files {
        if bytes > READ_BYTES_MAX || began.elapsed() > READ_TIME_MAX {
            break;
        }
        let hasher = Hasher { cache: &cache, clock: CLOCK, progress: &Silence };
        match hasher.anew(&dir.join(entry.path.as_str())) {
            Ok(hashed) if hashed.blob == entry.blob() => {}
            Ok(_) => wrong.push(entry.path.as_str()),
            // It was told already.
            Err(_) => continue,
        }
        files += 1;
        bytes += entry.size.bytes();
    }
    let time = began.elapsed();
    let of = manifest.files.len();
    let what =
        if files == of { format!("all {of} files") } else { format!("{files} of {of} files") };
    let right = match wrong.as_slice() {
        [] => Finding::good("right", format!("{what} were read and are what the manifest says")),
        [first, ..] => Finding::bad(
            "right",
            format!("of {what} that were read, {} have other bytes: {first} …", wrong.len()),
            "ask the server (`shaman damage`), and submit again: that heals it; else this machine's mount or memory is at fault",
        ),
    };
    vec![right, speed(files, bytes, time)]
}

fn speed(files: usize, bytes: u64, time: Duration) -> Finding {
    let about = "speed";
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let rate = bytes.saturating_mul(1_000_000) / micros;
    let tenths = micros / 100 / (files as u64).max(1);
    let seen = format!(
        "{} a second, {}.{} ms a file (faster than the storage if this machine has read them before)",
        human(rate),
        tenths / 10,
        tenths % 10
    );
    if bytes >= SPEED_BYTES_MIN && rate < SLOW_BYTES_PER_SECOND {
        let advice = "look at the line (iperf3), at the storage's load, and at `rsize` and `nconnect` of the mount; or take files with `shaman fetch`, which keeps them here";
        return Finding::doubtful(about, seen, advice);
    }
    Finding::good(about, seen)
}

/// Tries to open a file for writing, and writes nothing.
fn protected(dir: &Path, manifest: &Manifest) -> Finding {
    let about = "protected";
    let Some(first) = manifest.files.first() else {
        return Finding::good(about, "there is no file to write to");
    };
    let opened = File::options().write(true).open(dir.join(first.path.as_str()));
    if opened.is_err() {
        return Finding::good(about, "this user cannot write to its files");
    }
    Finding::doubtful(
        about,
        format!("this user can write to {}, and with that to all jobs that have it", first.path),
        "run workers as a user that is neither root nor the server's, or mount the share `ro`",
    )
}
