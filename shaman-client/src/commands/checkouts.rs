//! `shaman checkouts`: list, show, erase, pin, unpin.

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::json;
use shaman_proto::wire::care::CheckoutAnswer;
use shaman_proto::wire::native::{CheckoutSummary, Pin};

use super::reaching::api;
use super::sending::{CLOCK, ask};
use super::show::human;
use crate::api::Api;
use crate::cli::{CheckoutArgs, CheckoutsVerb, ListArgs, PinArgs};

pub(super) fn run(verb: &CheckoutsVerb) -> anyhow::Result<()> {
    match verb {
        CheckoutsVerb::List(args) => list(args),
        CheckoutsVerb::Show(args) => show(args),
        CheckoutsVerb::Erase(args) => told(args, "erased", |api| ask(api.erase(&args.checkout))),
        CheckoutsVerb::Pin(args) => pin(args),
        CheckoutsVerb::Unpin(args) => told(args, "unpinned", |api| {
            let was_pinned = ask(api.unpin(&args.checkout))?;
            anyhow::ensure!(was_pinned, "`{}` was not pinned", args.checkout.as_str());
            Ok(())
        }),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    let (mut after, mut count, mut bytes) = (String::new(), 0_u64, 0);
    loop {
        let page = ask(api.checkouts(&after))?;
        for checkout in &page.checkouts {
            count += 1;
            bytes += checkout.bytes;
            if args.json {
                say!("{}", serde_json::to_string(checkout)?);
            } else {
                say!("{}", words(checkout));
            }
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    if !args.json {
        say!("{count} checkouts, {} as copies", human(bytes));
    }
    Ok(())
}

fn words(checkout: &CheckoutSummary) -> String {
    let pin = checkout.pin.as_ref().map(|pin| match (&*pin.reason, &pin.until) {
        ("", None) => "  pinned".to_owned(),
        ("", Some(until)) => format!("  pinned until {until}"),
        (reason, None) => format!("  pinned: {reason}"),
        (reason, Some(until)) => format!("  pinned until {until}: {reason}"),
    });
    format!(
        "{}  {:>6} files {:>10}  {}{}",
        checkout.created,
        checkout.files,
        human(checkout.bytes),
        checkout.checkout,
        pin.unwrap_or_default()
    )
}

fn show(args: &CheckoutArgs) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    let answer = ask(api.checkout(&args.checkout))?;
    if args.json {
        say!("{}", serde_json::to_string(&answer)?);
        return Ok(());
    }
    let CheckoutAnswer { manifest, space } = answer;
    for entry in &manifest.files {
        say!("{:>14}  {}", entry.size.bytes(), entry.path.as_str());
    }
    say!("{} files, {}", manifest.files.len(), human(space.logical_bytes));
    match (space.shared_bytes, space.exclusive_bytes) {
        (Some(shared), Some(own)) => say!(
            "{} of them in other checkouts as well; erasing it frees {}, once that is swept",
            human(shared),
            human(own)
        ),
        _ => say!("what erasing it frees is known once the server's index is filled"),
    }
    Ok(())
}

fn pin(args: &PinArgs) -> anyhow::Result<()> {
    let until = args.time.map(|time| {
        let end = Timestamp::try_from(CLOCK()).and_then(|now| now.checked_add(time));
        end.map(|end| end.to_string()).context("that is too far ahead; pin without an end")
    });
    let pin = Pin { reason: args.reason.clone(), until: until.transpose()? };
    told(&args.checkout, "pinned", |api| ask(api.pin(&args.checkout.checkout, &pin)))
}

/// Does something to a checkout and says so.
fn told(
    args: &CheckoutArgs,
    done: &str,
    act: impl FnOnce(&Api) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let api = api(&args.server)?;
    act(&api)?;
    let checkout = args.checkout.as_str();
    if args.json {
        say!("{}", json!({ "checkout": checkout, "done": done }));
    } else {
        say!("{done} {checkout}");
    }
    Ok(())
}
