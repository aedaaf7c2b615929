//! `shaman scrub`: have a server read all its blobs again.

use shaman_proto::wire::care::ScrubRequest;

use super::reaching::api;
use super::sending::ask;
use crate::cli::ScrubArgs;

pub(super) fn run(args: &ScrubArgs) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    let answer = ask(api.scrub(&ScrubRequest { rate: args.rate.clone() }))?;
    if args.json {
        say!("{}", serde_json::to_string(&answer)?);
    } else {
        say!("the server reads all blobs; `shaman status` says how far it is");
    }
    Ok(())
}
