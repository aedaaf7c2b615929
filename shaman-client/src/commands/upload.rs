//! `shaman upload`: a directory as it is.

use anyhow::Context as _;

use crate::api::Api;
use crate::cli::UploadArgs;
use crate::progress::Event;
use crate::submit;

use super::sending;

pub(super) fn run(args: &UploadArgs) -> anyhow::Result<()> {
    let api = Api::new(&args.server.server)?;
    let listener = sending::listener(args.json);
    let dir = args
        .dir
        .canonicalize()
        .with_context(|| format!("cannot find `{}`; name a directory", args.dir.display()))?;
    let name = args.name.clone().unwrap_or_else(|| {
        dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    });
    let (job, warnings) = submit::from_directory(&dir, name)?;
    for warning in warnings {
        listener.tell(Event::Warning(warning));
    }
    sending::send(&api, &job, &args.cache, &listener, 0, args.json)
}
