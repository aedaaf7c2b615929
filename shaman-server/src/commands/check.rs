//! `shaman-server check`: every invariant, and what breaks it.

use anyhow::{Context as _, bail};

use super::{open_stopped, say};
use crate::cli::CheckArgs;

/// Broken things that are named; the rest is counted.
const NAMED_MAX: usize = 20;

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let share = args.read_data.strip_suffix('%').and_then(|share| share.trim().parse().ok());
    let share: u8 = share.filter(|share| *share <= 100).with_context(|| {
        format!("`--read-data {}` is no share; write it like `5%`", args.read_data)
    })?;
    let (ops, _) = open_stopped(&args.store)?;
    let checks = ops.check(share)?;
    let broken = checks.iter().filter(|check| !check.broken.is_empty()).count();
    if args.json {
        say(&serde_json::json!({ "holds": broken == 0, "checks": checks }).to_string())?;
    } else {
        for check in &checks {
            let holds = if check.broken.is_empty() { "holds " } else { "BROKEN" };
            say(&format!(
                "{} {holds} {} ({} looked at)",
                check.invariant, check.says, check.looked
            ))?;
            for line in check.broken.iter().take(NAMED_MAX) {
                say(&format!("            {line}"))?;
            }
            if check.broken.len() > NAMED_MAX {
                say(&format!("            and {} more", check.broken.len() - NAMED_MAX))?;
            }
        }
    }
    if broken > 0 {
        bail!(
            "{broken} of {} invariants are broken; start the server and `POST /v1/scrub` for M1 to M3, run `shaman-server reindex` for S1",
            checks.len()
        );
    }
    Ok(())
}
