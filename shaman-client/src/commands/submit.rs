//! `shaman submit`: a .blend with everything it needs.

use crate::api::Api;
use crate::cli::SubmitArgs;
use crate::progress::{Event, Phase};
use crate::{submit, trace};

use super::sending;

pub(super) fn run(args: &SubmitArgs) -> anyhow::Result<()> {
    let api = Api::new(&args.server.server)?;
    let listener = sending::listener(args.json);
    listener.tell(Event::Began { phase: Phase::Trace, files: 0, bytes: 0 });
    let traced = trace::trace(&args.blend, args.project.as_deref())?;
    listener.tell(Event::Ended { phase: Phase::Trace });
    super::deps::complain(&traced);
    let missing = traced.missing.len();
    if args.strict && missing > 0 {
        anyhow::bail!("{missing} files are missing and --strict was given; nothing was uploaded");
    }
    let name = args.name.clone().unwrap_or_else(|| {
        traced
            .blend
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    });
    let job = submit::from_trace(&traced, name)?;
    sending::send(&api, &job, &args.cache, &listener, missing, args.json)
}
