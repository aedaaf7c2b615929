//! `shaman-server token`: make, list, revoke; a server that runs sees it within a second.
#![expect(
    clippy::disallowed_methods,
    reason = "a command takes the clock from the system and hands it down"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use super::{load, say};
use crate::access::{Kept, Keyring, Scope};
use crate::cli::{TokenArgs, TokenCommand, TokenCreateArgs, TokenListArgs};

pub(super) fn run(command: &TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create(args) => create(args),
        TokenCommand::List(args) => list(args),
        TokenCommand::Revoke(args) => {
            Keyring::revoke(&state(&args.tokens)?, &args.name, now_secs())?;
            say(&format!("revoked the token `{}`", args.name))
        }
    }
}

#[expect(clippy::print_stderr, reason = "standard output has the token alone")]
fn create(args: &TokenCreateArgs) -> anyhow::Result<()> {
    let (state, now) = (state(&args.tokens)?, now_secs());
    let was_on = Keyring::read(&state)?.is_on();
    let expires = args.expires.map(|time| now + time.as_secs());
    let mut scopes = args.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let token = Keyring::create(&state, &args.name, scopes, now, expires)?;
    eprintln!("This is shown once; whoever has it may do what it allows:");
    say(token.secret())?;
    if !was_on {
        eprintln!(
            "It is the first one: from now on the server asks for tokens. Guests from `trusted_networks` or below a secret path may do what `guests` says."
        );
    }
    Ok(())
}

fn list(args: &TokenListArgs) -> anyhow::Result<()> {
    let (keyring, now) = (Keyring::read(&state(&args.tokens)?)?, now_secs());
    if !args.json {
        say(&format!("{:<24} {:<18} {:<10} {:<20} EXPIRES", "NAME", "SCOPES", "IS", "MADE"))?;
    }
    for token in keyring.tokens() {
        let scopes: Vec<&str> = token.scopes.iter().copied().map(Scope::word).collect();
        let is = is(token, now);
        if args.json {
            say(&serde_json::json!({
                "name": token.name,
                "scopes": scopes,
                "is": is,
                "created": time(token.created),
                "expires": token.expires.map(time),
                "revoked": token.revoked.map(time),
            })
            .to_string())?;
            continue;
        }
        let expires = token.expires.map_or_else(|| "never".to_owned(), time);
        let (name, scopes, made) = (&token.name, scopes.join(","), time(token.created));
        say(&format!("{name:<24} {scopes:<18} {is:<10} {made:<20} {expires}"))?;
    }
    Ok(())
}

fn is(token: &Kept, now_secs: u64) -> &'static str {
    match (token.revoked, token.expires) {
        (Some(_), _) => "revoked",
        (None, Some(expires)) if expires <= now_secs => "expired",
        (None, _) => "good",
    }
}

fn state(args: &TokenArgs) -> anyhow::Result<std::path::PathBuf> {
    Ok(load(args.said(), args.config.as_deref())?.state)
}

fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Seconds since 1970, as RFC 3339.
fn time(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(0);
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}
