//! The manifest of a copy.

use std::io;

use shaman_proto::{CheckoutPath, MANIFEST_FORMAT, Manifest, ManifestEntry};

use crate::pack::Job;

/// Gives the text of `.shaman-manifest.json` for a copy of that name.
pub(super) fn text(
    name: &CheckoutPath,
    job: &Job,
    files: Vec<ManifestEntry>,
    created: String,
) -> io::Result<Vec<u8>> {
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        checkout: name.clone(),
        blend: job.blend.as_ref().and_then(|blend| blend.parse().ok()),
        created,
        server: concat!("shaman ", env!("CARGO_PKG_VERSION"), " (copy)").to_owned(),
        owner: None,
        warnings: Vec::new(),
        files,
    };
    serde_json::to_vec(&manifest).map_err(io::Error::from)
}
