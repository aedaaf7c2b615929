//! `shaman status`: how the store of a server is.

use shaman_proto::wire::care::{ScrubAnswer, StatusAnswer};

use super::reaching::api;
use super::sending::ask;
use super::show::human;
use crate::cli::StatusArgs;

pub(super) fn run(args: &StatusArgs) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    let status = ask(api.store_status())?;
    if args.json {
        say!("{}", serde_json::to_string(&status)?);
        return Ok(());
    }
    let StatusAnswer { version, blobs, checkouts, logical_bytes, storage, .. } = &status;
    say!("Shaman {version} at {}", api.base());
    say!("blobs      {:>10}  {:>12}", blobs.blobs, human(blobs.bytes));
    say!("checkouts  {checkouts:>10}  {:>12} as copies", human(*logical_bytes));
    if !status.is_indexed {
        say!("the index is being filled; there is more than that");
    }
    say!(
        "free       {} of {}; {} are kept free",
        human(status.free_bytes),
        human(status.all_bytes),
        human(status.reserve_bytes)
    );
    say!(
        "storage    {}{}: {}",
        storage.file_system.as_deref().unwrap_or("unknown file system"),
        storage.link_limit.map(|limit| format!(", {limit} links a file")).unwrap_or_default(),
        storage.can.join(", ").replace('_', " ")
    );
    match &status.last_sweep {
        Some(sweep) => say!(
            "sweep      {}: {} blobs, {} into the trash",
            sweep.ended,
            sweep.report.swept.blobs,
            human(sweep.report.swept.bytes)
        ),
        None => say!("sweep      none since the server's start"),
    }
    say!("scrub      {}", words(&status.scrub));
    match status.damaged {
        0 => say!("damage     none"),
        some => say!("damage     {some} blobs; `shaman damage` names them"),
    }
    Ok(())
}

fn words(scrub: &ScrubAnswer) -> String {
    let ended = scrub.last.as_ref().and_then(|pass| pass.ended.as_deref().map(|at| (pass, at)));
    match (&scrub.current, ended) {
        (Some(pass), _) => {
            format!("{} % since {}, {} damaged", pass.percent, pass.began, pass.damaged)
        }
        (None, _) if scrub.is_running => "begins".to_owned(),
        (None, Some((pass, at))) => {
            format!("through at {at}: {} blobs, {} damaged", pass.blobs, pass.damaged)
        }
        (None, None) => "none yet".to_owned(),
    }
}
