//! `shaman diff`: what differs between two checkouts?

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use shaman_proto::{BlobRef, CheckoutPath, Manifest};

use super::reaching::api;
use super::sending::ask;
use super::show::human;
use crate::cli::{DiffArgs, ServerArgs};
use crate::diff::{Amount, Difference, diff};
use crate::verify::read_manifest;

/// How `diff` ended.
pub(super) enum Ended {
    /// Both consist of the same files.
    Same,
    /// They do not.
    Differ,
}

pub(super) fn run(args: &DiffArgs) -> anyhow::Result<Ended> {
    let before = manifest(&args.before, &args.server)?;
    let after = manifest(&args.after, &args.server)?;
    let found = diff(&before, &after);
    if args.json {
        say!("{}", line(args, &found));
    } else {
        for line in lines(&found) {
            say!("{line}");
        }
    }
    Ok(if found.is_none() { Ended::Same } else { Ended::Differ })
}

/// The manifest in a directory, or that of a checkout of the server when there is no such directory.
fn manifest(name: &str, server: &ServerArgs) -> anyhow::Result<Manifest> {
    let dir = Path::new(name);
    if dir.is_dir() {
        return Ok(read_manifest(dir)?);
    }
    let checkout: CheckoutPath = name.parse().with_context(|| {
        format!("`{name}` is neither a directory nor the path of a checkout; name one of them")
    })?;
    Ok(ask(api(server)?.checkout(&checkout))?.manifest)
}

fn lines(found: &Difference) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in &found.removed {
        lines.push(format!("- {} ({})", entry.path, human(entry.size.bytes())));
    }
    for changed in &found.changed {
        let sizes = [changed.before, changed.after].map(|blob| human(blob.size.bytes()));
        lines.push(format!("* {} ({} → {})", changed.path, sizes[0], sizes[1]));
    }
    for entry in &found.added {
        lines.push(format!("+ {} ({})", entry.path, human(entry.size.bytes())));
    }
    let amount = |Amount { files, bytes }| format!("{files} ({})", human(bytes));
    lines.push(format!(
        "{} added, {} removed, {} changed, {} the same; {} new",
        amount(found.added_amount()),
        amount(found.removed_amount()),
        amount(found.changed_amount()),
        amount(found.same),
        human(found.new_blobs.bytes)
    ));
    lines
}

fn line(args: &DiffArgs, found: &Difference) -> serde_json::Value {
    let file = |path: &shaman_proto::FilePath, blob: BlobRef| json!({"path": path, "size": blob.size, "sha256": blob.digest});
    let amount = |Amount { files, bytes }| json!({"files": files, "bytes": bytes});
    json!({
        "a": args.before,
        "b": args.after,
        "equal": found.is_none(),
        "added": found.added.iter().map(|new| file(&new.path, new.blob())).collect::<Vec<_>>(),
        "removed": found.removed.iter().map(|old| file(&old.path, old.blob())).collect::<Vec<_>>(),
        "changed": found.changed.iter().map(|changed| json!({
            "path": changed.path,
            "before": {"size": changed.before.size, "sha256": changed.before.digest},
            "after": {"size": changed.after.size, "sha256": changed.after.digest},
        })).collect::<Vec<_>>(),
        "same": amount(found.same),
        "new_blobs": amount(found.new_blobs),
    })
}
