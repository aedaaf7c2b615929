//! May workers read checkouts, and change nothing?

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use shaman_proto::Finding;

use super::own_uid;
use crate::store::Examined;

const ABOUT: &str = "workers";

const READ: &str = "let everybody read the storage and the directories above it (chmod o+rx), and start the server with umask 022";

const WRITE: &str = "give workers another user than the server's, and a mount that is read-only; whoever writes to a checkout writes to all jobs with that file";

/// Looks as the worker, when root asks; else at modes.
pub(super) fn look(examined: &Examined, worker: u32) -> Vec<Finding> {
    if worker == examined.owner {
        let seen = format!("workers run as uid {worker}, whom the storage belongs to");
        return vec![Finding::bad(ABOUT, seen, WRITE)];
    }
    if !examined.checkout_root.is_dir() {
        let seen = "there are no checkouts yet that they could read";
        return vec![Finding::doubtful(ABOUT, seen, "look again after the first submit")];
    }
    if own_uid() == 0 { as_worker(examined, worker) } else { by_modes(examined) }
}

fn as_worker(examined: &Examined, worker: u32) -> Vec<Finding> {
    let root = &examined.checkout_root;
    let reads = |path: &Path| try_as(worker, r#"cd / && ls -d "$1/." >/dev/null"#, path);
    if !reads(root) {
        let seen = format!("uid {worker} cannot enter {}", root.display());
        return vec![Finding::bad(ABOUT, seen, READ)];
    }
    if try_as(worker, r#"test -w "$1""#, root) {
        let seen = format!("uid {worker} can write to {}", root.display());
        return vec![Finding::bad(ABOUT, seen, WRITE)];
    }
    let Some(sample) = &examined.sample else {
        let seen = format!("uid {worker} can enter {}; there is no file to read", root.display());
        return vec![Finding::good(ABOUT, seen)];
    };
    let shown = sample.display();
    if !try_as(worker, r#"head -c 1 "$1" >/dev/null"#, sample) {
        return vec![Finding::bad(ABOUT, format!("uid {worker} cannot read {shown}"), READ)];
    }
    if try_as(worker, r#"test -w "$1""#, sample) {
        return vec![Finding::bad(ABOUT, format!("uid {worker} can write to {shown}"), WRITE)];
    }
    vec![Finding::good(ABOUT, format!("uid {worker} can read {shown}, and not write to it"))]
}

/// Runs a line of shell as somebody else, with a path; says whether it went well.
fn try_as(uid: u32, line: &str, path: &Path) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh"]).arg(path).current_dir("/").uid(uid).gid(uid);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

/// The last three bits of every directory above count for whoever is neither owner nor in the group.
fn by_modes(examined: &Examined) -> Vec<Finding> {
    let bits = |path: &Path| path.metadata().map_or(0, |meta| meta.permissions().mode() & 0o7);
    let advice = "look as root, who can try it as a worker: sudo shaman-server doctor --worker UID";
    if let Some(shut) = examined.checkout_root.ancestors().find(|dir| bits(dir) & 0o1 == 0) {
        let seen = format!("others than its owner cannot enter {}", shut.display());
        return vec![Finding::bad(ABOUT, seen, READ)];
    }
    if bits(&examined.checkout_root) & 0o2 != 0 {
        let seen = format!("everybody can write to {}", examined.checkout_root.display());
        return vec![Finding::bad(ABOUT, seen, WRITE)];
    }
    let seen = "by their modes, checkouts can be read by everybody and written by nobody";
    match &examined.sample {
        Some(sample) if bits(sample) & 0o4 == 0 => {
            let seen = format!("others than its owner cannot read {}", sample.display());
            vec![Finding::bad(ABOUT, seen, READ)]
        }
        Some(sample) if bits(sample) & 0o2 != 0 => {
            vec![Finding::bad(ABOUT, format!("everybody can write to {}", sample.display()), WRITE)]
        }
        _ => vec![Finding::doubtful(ABOUT, seen, advice)],
    }
}
