//! `shaman-server gc`: one sweep, without a server.

use shaman_proto::parse_duration;
use shaman_proto::wire::native::Weight;

use super::{open_stopped, say};
use crate::cli::GcArgs;
use crate::ops::Dry;
use crate::upkeep;

pub(super) fn run(args: &GcArgs) -> anyhow::Result<()> {
    let max_age = args.max_age.as_deref().map(parse_duration).transpose()?;
    let (ops, config) = open_stopped(&args.store)?;
    let dry = if args.dry_run { Dry::Yes } else { Dry::No };
    let mut order = upkeep::order(&config.settings.sweeping, dry);
    order.max_age = max_age.unwrap_or(order.max_age);
    if args.force {
        order.max_share = None;
    }
    let report = upkeep::report(&ops.sweep(&order, || true)?, dry);
    if args.json {
        return say(&serde_json::to_string(&report)?);
    }
    let line = |what: &str, weight: Weight| {
        say(&format!("{what:<40} {:>10} blobs {:>16} bytes", weight.blobs, weight.bytes))
    };
    let spared = &report.spared;
    line("in the store", report.all)?;
    line(if args.dry_run { "would be swept" } else { "swept into the trash" }, report.swept)?;
    line("spared: used lately", spared.young)?;
    line("spared: in a checkout", spared.linked)?;
    line("spared: in a manifest", spared.named)?;
    line("spared: in a checkout of symlinks", spared.symlinked)?;
    line("spared: needed right now", spared.held)?;
    line(
        if args.dry_run { "would be deleted from the trash" } else { "deleted from the trash" },
        report.deleted,
    )?;
    line("in the trash afterwards", report.trashed)
}
