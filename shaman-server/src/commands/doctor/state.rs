//! Can the index be kept where it shall be, and be read?

use std::path::Path;

use rustix::fs::{Access, access};
use shaman_proto::Finding;

use super::mount;
use crate::config::Config;
use crate::index::Index;

/// Open files that connections, uploads and the index take together.
const OPEN_FILES: u64 = 4_096;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![place(&config.state)];
    findings.extend(index(&config.state));
    findings.push(open_files());
    findings
}

fn place(state: &Path) -> Finding {
    let about = "state";
    let shown = state.display();
    let there = state.ancestors().find(|dir| dir.is_dir() || dir.as_os_str().is_empty());
    let there = there.filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return Finding::bad(
            about,
            format!("{shown} cannot be written to"),
            "give it to the server's user, or name another directory with --state or `state`",
        );
    }
    let Ok(plain) = there.canonicalize() else {
        return Finding::bad(about, format!("{shown} cannot be found"), "name another directory");
    };
    match mount(&plain) {
        Some(mount) if mount.is_shared() => Finding::bad(
            about,
            format!("{shown} is on {} from {}", mount.kind, mount.source),
            "name a directory on a disk of this machine; a database on a share breaks",
        ),
        _ => Finding::good(about, format!("{shown} is on a disk of this machine")),
    }
}

fn index(state: &Path) -> Option<Finding> {
    let about = "index";
    // One that is not there yet is made.
    state.join("index").is_dir().then(|| match Index::look(state) {
        Ok(true) => Finding::good(about, "it can be read"),
        Ok(false) => Finding::doubtful(
            about,
            "it is of another version",
            "nothing: the next start fills a new one from the storage, answering meanwhile",
        ),
        Err(error) => Finding::bad(
            about,
            format!("{:#}", anyhow::Error::from(error)),
            "look as the server's user; if that cannot read it either, stop the server and delete it: it is made anew",
        ),
    })
}

fn open_files() -> Finding {
    let about = "open files";
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(limit) if limit < OPEN_FILES => Finding::doubtful(
            about,
            format!("{limit} may be open at once here, {OPEN_FILES} may be needed"),
            "raise the limit: `ulimit -n 65536`, or `LimitNOFILE=65536` in the unit",
        ),
        _ => Finding::good(about, "enough may be open at once"),
    }
}
