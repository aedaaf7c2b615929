//! `shaman upload`: a directory as it is.

use anyhow::Context as _;

use super::reaching::api;
use super::sending;
use crate::approach::{ApproachError, Shaman};
use crate::cli::UploadArgs;
use crate::progress::Event;
use crate::{pack, places};

pub(super) fn run(args: &UploadArgs) -> anyhow::Result<()> {
    places::refuse_unc(&args.dir)?;
    let api = api(&args.server)?;
    let listener = sending::listener(args.json);
    let dir = args
        .dir
        .canonicalize()
        .with_context(|| format!("cannot find `{}`; name a directory", args.dir.display()))?;
    let name = pack::checkout_name(args.name.as_deref(), dir.file_name())?;
    let (job, warnings) = pack::from_directory(&dir, name.to_string())?;
    for warning in warnings {
        listener.tell(Event::Warning(warning));
    }
    let ending = sending::block_on(async {
        let storage = sending::storage(&api, &listener).await?;
        if storage.shaman == Shaman::Off {
            return Err(ApproachError::ShamanOff.into());
        }
        sending::warn_if_synced(&storage, &listener);
        sending::send(&api, job.into(), &storage, &args.cache, args.sending, &listener).await
    })?;
    say!("{}", if args.json { ending.line() } else { ending.summary() });
    Ok(())
}
