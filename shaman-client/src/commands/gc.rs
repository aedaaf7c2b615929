//! `shaman gc`: have a server remove what nothing uses.

use shaman_proto::wire::native::SweepRequest;

use super::reaching::api;
use super::sending::ask;
use super::show::human;
use crate::cli::GcArgs;

pub(super) fn run(args: &GcArgs) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    let request = SweepRequest {
        dry_run: args.dry_run,
        max_age: args.max_age.clone(),
        force: args.force,
        storage: args.storage,
    };
    let report = ask(api.sweep(&request))?;
    if args.json {
        say!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    for (what, weight) in report.lines() {
        say!("{what:<34} {:>10} blobs {:>12}", weight.blobs, human(weight.bytes));
    }
    Ok(())
}
