//! The server that was named, the token for it, and whom to trust.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::api::Api;
use crate::cli::ServerArgs;
use crate::secret::Secret;

/// Longest file that can have a token in it.
const TOKEN_FILE_BYTES_MAX: usize = 4096;

/// Longest file that can have certificates in it: those of all public authorities have 300 KiB.
const AUTHORITIES_BYTES_MAX: u64 = 16 << 20;

/// That server. Connects to nobody yet.
pub(super) fn api(args: &ServerArgs) -> anyhow::Result<Api> {
    let api = match &args.ca {
        Some(path) => Api::trusting(&args.server, &authorities(path)?)
            .with_context(|| format!("`{}`", path.display()))?,
        None => Api::new(&args.server)?,
    };
    let token = match (&args.token, &args.token_file) {
        (Some(token), _) => Some(token.clone()),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the token in `{}`", path.display()))?;
            if text.len() > TOKEN_FILE_BYTES_MAX || text.trim().is_empty() {
                bail!("`{}` has no token in it; put one there, and nothing else", path.display());
            }
            Some(Secret::from(text.trim().to_owned()))
        }
        (None, None) => None,
    };
    match token {
        Some(token) => Ok(api.with_token(&token)?),
        None => Ok(api),
    }
}

fn authorities(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(AUTHORITIES_BYTES_MAX).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read the certificates in `{}`", path.display()))?;
    Ok(bytes)
}
