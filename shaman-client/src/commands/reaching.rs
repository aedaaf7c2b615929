//! The server that was named, and the token for it.

use anyhow::{Context as _, bail};

use crate::api::Api;
use crate::cli::ServerArgs;
use crate::secret::Secret;

/// Longest file that can have a token in it.
const TOKEN_FILE_BYTES_MAX: usize = 4096;

/// That server. Connects to nobody yet.
pub(super) fn api(args: &ServerArgs) -> anyhow::Result<Api> {
    let api = Api::new(&args.server)?;
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
