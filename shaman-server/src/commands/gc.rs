//! `shaman-server gc`: one sweep, without a server.

use shaman_proto::parse_duration;

use super::{open_stopped, say};
use crate::cli::GcArgs;
use crate::ops::{By, Dry};
use crate::upkeep;

pub(super) fn run(args: &GcArgs) -> anyhow::Result<()> {
    let max_age = args.max_age.as_deref().map(parse_duration).transpose()?;
    let (ops, config) = open_stopped(&args.store)?;
    let dry = if args.dry_run { Dry::Yes } else { Dry::No };
    let mut order = upkeep::order(&config.settings.sweeping, dry);
    order.max_age = max_age.unwrap_or(order.max_age);
    // Without a server nobody waits.
    order.by = By::Storage;
    if args.force {
        order.max_share = None;
    }
    let report = upkeep::report(&ops.sweep(&order, || true)?, dry);
    if args.json {
        return say(&serde_json::to_string(&report)?);
    }
    for (what, weight) in report.lines() {
        say(&format!("{what:<40} {:>10} blobs {:>16} bytes", weight.blobs, weight.bytes))?;
    }
    Ok(())
}
