//! `shaman-server reindex`: the index from the storage, anew.

use super::{open_stopped, say};
use crate::cli::StoreArgs;
use crate::ops::Ended;

pub(super) fn run(args: &StoreArgs) -> anyhow::Result<()> {
    let (mut ops, _) = open_stopped(args)?;
    match ops.reindex_anew()? {
        Ended::Complete(done) => {
            say(&format!("{} blobs and {} checkouts are in the index", done.blobs, done.checkouts))
        }
        Ended::WasComplete(_) | Ended::Stopped => Ok(()),
    }
}
