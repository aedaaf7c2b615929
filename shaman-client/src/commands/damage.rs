//! `shaman damage`: what is damaged on a server and not healed yet.

use super::reaching::api;
use super::sending::ask;
use crate::cli::DamageArgs;

/// What was found.
pub(super) enum Ended {
    /// Nothing.
    Well,
    /// Something; it was printed.
    Damaged,
}

pub(super) fn run(args: &DamageArgs) -> anyhow::Result<Ended> {
    let api = api(&args.server)?;
    let answer = ask(api.damage())?;
    if args.json {
        say!("{}", serde_json::to_string(&answer)?);
    } else if answer.damaged.is_empty() {
        say!("nothing is damaged");
    }
    if answer.damaged.is_empty() {
        return Ok(Ended::Well);
    }
    if !args.json {
        for damage in &answer.damaged {
            say!("{} ({} bytes)", damage.sha256, damage.size.bytes());
            say!(
                "  found {}; {}",
                damage.found.as_deref().unwrap_or("some time ago"),
                if damage.missing {
                    "submit a file with these bytes again to heal it"
                } else {
                    "the blob is whole again, the files below are not yet"
                }
            );
            for touched in &damage.checkouts {
                for path in &touched.paths {
                    say!("  damaged: {}/{path}", touched.checkout);
                }
            }
        }
    }
    Ok(Ended::Damaged)
}
