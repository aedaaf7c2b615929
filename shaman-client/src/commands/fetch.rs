//! `shaman fetch`: a checkout as a directory here.

use anyhow::Context as _;
use serde_json::json;

use super::reaching::api;
use super::sending::{CLOCK, block_on, listener};
use super::show::human;
use super::stopping::stoppable;
use crate::cli::FetchArgs;
use crate::fetch::{self, BlobCache, Fetched, Means, Order};
use crate::places;
use crate::stop::Stop;

pub(super) fn run(args: &FetchArgs) -> anyhow::Result<()> {
    places::refuse_unc(&args.into)?;
    let api = api(&args.server)?;
    let dir = args
        .cache
        .dir()
        .context("there is no home to keep a cache in; name a directory with --cache")?;
    let cache = BlobCache::open(&dir, CLOCK)?;
    let into = std::path::absolute(&args.into).context("--into names no place")?;
    let order = Order {
        checkout: &args.checkout,
        into: &into,
        means: if args.link { Means::Link } else { Means::Copy },
        cache_bytes_max: args.cache_size,
    };
    let (stop, listener) = (Stop::default(), listener(args.json));
    let done = block_on(async {
        let fetching = fetch::fetch(&api, order, &cache, &stop, &listener);
        Ok(stoppable(&stop, fetching).await?)
    })?;
    let place = into.display().to_string();
    say!("{}", if args.json { line(&done, &place) } else { summary(&done, &place) });
    Ok(())
}

/// One JSON object, its fields in the order that users read.
fn line(done: &Fetched, place: &str) -> String {
    let Fetched { manifest, fetched_blobs, fetched_bytes, resumed_bytes } = done;
    // Not one `json!`, which would sort them.
    let fields = [
        ("checkout", json!(manifest.checkout)),
        ("directory", json!(place)),
        ("blend_in_checkout", json!(manifest.blend)),
        ("files", json!(manifest.files.len())),
        ("bytes", json!(manifest.bytes())),
        ("fetched_blobs", json!(fetched_blobs)),
        ("fetched_bytes", json!(fetched_bytes)),
        ("resumed_bytes", json!(resumed_bytes)),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\": {value}"));
    format!("{{{}}}", fields.join(", "))
}

/// A few lines for a person.
fn summary(done: &Fetched, place: &str) -> String {
    let Fetched { manifest, fetched_blobs, fetched_bytes, .. } = done;
    let (files, bytes) = (manifest.files.len(), human(manifest.bytes()));
    let fetched = human(*fetched_bytes);
    let mut text =
        format!("{files} files, {bytes}\n{fetched_blobs} fetched, {fetched}\ndirectory: {place}");
    if let Some(blend) = &manifest.blend {
        text = format!("{text}\nblend: {}", places::join(place, blend.as_str()));
    }
    text
}
