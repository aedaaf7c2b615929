//! `shaman gc`: have a server remove what nothing uses.

use shaman_proto::wire::native::{SweepRequest, Weight};

use super::sending::ask;
use super::show::human;
use crate::api::Api;
use crate::cli::GcArgs;

pub(super) fn run(args: &GcArgs) -> anyhow::Result<()> {
    let api = Api::new(&args.server.server)?;
    let request =
        SweepRequest { dry_run: args.dry_run, max_age: args.max_age.clone(), force: args.force };
    let report = ask(api.sweep(&request))?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    let line = |what: &str, weight: Weight| {
        println!("{what:<34} {:>10} blobs {:>12}", weight.blobs, human(weight.bytes));
    };
    let (swept, deleted) = if args.dry_run {
        ("would be swept", "would be deleted from the trash")
    } else {
        ("swept into the trash", "deleted from the trash")
    };
    line("in the store", report.all);
    line(swept, report.swept);
    line("spared: used lately", report.spared.young);
    line("spared: in a checkout", report.spared.linked);
    line("spared: in a manifest", report.spared.named);
    line("spared: in a checkout of symlinks", report.spared.symlinked);
    line("spared: needed right now", report.spared.held);
    line(deleted, report.deleted);
    line("in the trash afterwards", report.trashed);
    Ok(())
}
