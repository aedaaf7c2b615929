//! `shaman-server doctor`: what is wrong with a set-up, and what to do about it. Nothing is opened
//! or made, so that it can be asked while the server runs, and by another user than the server's.

mod network;
mod state;
mod storage;
mod workers;

use anyhow::bail;
use shaman_proto::{Finding, Health, Mount, mount_of};

use super::{load, say};
use crate::cli::DoctorArgs;

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<()> {
    let config = load(args.serve.said(), args.serve.store.config.as_deref())?;
    let mut findings = vec![who()];
    findings.extend(storage::look(&config, args.worker));
    findings.extend(state::look(&config));
    findings.extend(network::look(&config)?);
    let bad = findings.iter().filter(|finding| finding.health == Health::Bad).count();
    if args.json {
        say(&serde_json::json!({ "well": bad == 0, "findings": findings }).to_string())?;
    } else {
        findings.iter().try_for_each(|finding| say(&finding.text()))?;
    }
    if bad > 0 {
        bail!("{bad} of {} things are bad; each has its advice above", findings.len());
    }
    Ok(())
}

/// Who looks.
fn who() -> Finding {
    let about = "user";
    match own_uid() {
        0 => Finding::doubtful(
            about,
            "looked as root, who may do what the server may not",
            "look as the server's user, too: runuser -u shaman -- shaman-server doctor",
        ),
        uid => Finding::good(about, format!("looked as uid {uid}, which has to be the server's")),
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The mount that a path is on, which is without links.
fn mount(path: &std::path::Path) -> Option<Mount> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mount_of(&text, path.to_str()?)
}
