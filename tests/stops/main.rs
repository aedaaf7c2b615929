//! The server ends right after each call that changes a file: whatever it was doing, nothing that
//! was promised is gone, nothing half-made is seen, and nothing is left over.
//!
//! For each thing that a server does, the real one is followed call by call (`ptrace`) while it does
//! it on a real file system, and ended after the first call that changes something, after the second
//! one, and so on until it is through. Then it is started again and everything is compared. What a disk
//! may hold is tried at its extremes: all that was done (the server is killed); only what was flushed
//! (the power of the file system is cut while the server stands still); all names, and of bytes only
//! what was flushed (the same, when the journal has been written). Each hides another mistake.
//!
//! `SHAMAN_STOPS=all` ends it after every call; else every seventh one is taken (of a start every
//! twenty-first), others in each test. `SHAMAN_STOPS_VERB` names the only verb to try. Cutting the
//! power needs root.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that looks at the disk, says what it did, and fails when a step does"
)]

mod calls;
mod tracer;
mod verbs;
mod world;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use shaman_tests::server::program;
use tracer::{Order, Traced, Tracer};
use verbs::{Act, Answered, Case, VERBS, Verb};
use world::{Rest, World};

/// More than any verb makes here: a loop that goes on is a defect of the test.
const CALLS_MAX: usize = 400;

#[test]
fn a_server_killed_after_any_call_keeps_every_promise() {
    stop_everywhere(Rest::Everything);
}

#[test]
fn on_ext4_a_power_cut_after_any_call_keeps_every_promise() {
    stop_everywhere(Rest::Flushed("ext4"));
}

#[test]
fn on_xfs_a_power_cut_after_any_call_keeps_every_promise() {
    stop_everywhere(Rest::Flushed("xfs"));
}

#[test]
fn on_ext4_a_power_cut_after_any_call_and_all_names_keeps_every_promise() {
    stop_everywhere(Rest::Named("ext4"));
}

#[test]
fn on_xfs_a_power_cut_after_any_call_and_all_names_keeps_every_promise() {
    stop_everywhere(Rest::Named("xfs"));
}

/// After which calls it ends: the first of them, and how many further on the next one is.
#[derive(Debug, Clone, Copy)]
struct Stride {
    first: usize,
    step: usize,
}

fn stride(rest: Rest, verb: &Verb) -> Stride {
    if std::env::var("SHAMAN_STOPS").is_ok_and(|said| said == "all") {
        return Stride { first: 1, step: 1 };
    }
    let first = match rest {
        Rest::Everything => 1,
        Rest::Flushed("ext4") => 2,
        Rest::Flushed(_) => 3,
        Rest::Named("ext4") => 4,
        Rest::Named(_) => 5,
    };
    // A start makes a hundred calls, most of them to try the storage.
    let sparser = if matches!(verb.act, Act::Start) { 3 } else { 1 };
    Stride { first: first * sparser, step: 7 * sparser }
}

fn stop_everywhere(rest: Rest) {
    let only = std::env::var("SHAMAN_STOPS_VERB").ok();
    let (mut verbs, mut stops) = (0, 0);
    for verb in VERBS.iter().filter(|verb| only.as_ref().is_none_or(|only| only == verb.name)) {
        let Some(world) = World::new(rest, verb.yaml) else {
            eprintln!(
                "\n*** SKIPPED: no file system can be mounted and shut down here, so no power was cut. ***\n"
            );
            return;
        };
        let Some(done) = stop_after_each_call(world, verb, stride(rest, verb)) else {
            eprintln!(
                "\n*** SKIPPED: this process may not follow another one (ptrace), so no call was followed. ***\n"
            );
            return;
        };
        eprintln!("{rest:?}: {} was ended at {done} places", verb.name);
        verbs += 1;
        stops += done;
    }
    eprintln!("{rest:?}: {verbs} verbs, {stops} ends, nothing broken");
}

/// Gives how often it was ended; `None`: the system does not allow it.
fn stop_after_each_call(mut world: World, verb: &Verb, stride: Stride) -> Option<usize> {
    let mut ends = 0;
    let mut last = stride.first;
    loop {
        let case = prepare(&mut world, verb, last);
        let (answered, traced) = act(&mut world, verb, &case, last)?;
        ends += 1;
        let at = match traced.changes.last() {
            Some(change) if traced.stopped => format!("{}, after call {last}, {change}", verb.name),
            _ => format!("{}, when it was through", verb.name),
        };
        (verb.promise)(&mut world, &case, answered);
        world.mount_again();
        let wrong = world.wrong_at_rest();
        assert!(wrong.is_empty(), "{at}, before a start: {wrong:#?}\n{:#?}", traced.changes);
        world.start();
        let wrong = world.wrong_when_served();
        assert!(wrong.is_empty(), "{at}: {wrong:#?}\n{:#?}", traced.changes);
        (verb.again)(&mut world, &case);
        if !traced.stopped {
            assert!(traced.changes.len() > 1, "{} changes something", verb.name);
            return Some(ends);
        }
        assert!(last < CALLS_MAX, "{} does not end: {:#?}", verb.name, traced.changes);
        last += stride.step;
    }
}

fn prepare(world: &mut World, verb: &Verb, number: usize) -> Case {
    if matches!(verb.act, Act::Start) {
        world.is_ended();
    }
    (verb.prepare)(world, number)
}

/// Does it until it is over, or until the call after which it ends. Then there is no server.
fn act(world: &mut World, verb: &Verb, case: &Case, last: usize) -> Option<(Answered, Traced)> {
    let order = Order { below: world.storage.clone(), last, cut: world.cutter() };
    match verb.act {
        Act::Ask(ask) => {
            let tracer = Tracer::attach(world.server().id(), order).ok()?;
            let answered = ask(world, case);
            if tracer.is_stopping() {
                world.is_ended();
            } else {
                world.end();
            }
            Some((answered, tracer.end()))
        }
        Act::Start => {
            let mut child = waiting_server(world);
            let tracer = Tracer::attach(child.id(), order);
            let mut line = String::new();
            if tracer.is_ok() {
                drop(child.stdin.take().unwrap().write_all(b"go\n"));
                BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            }
            if !tracer.as_ref().is_ok_and(Tracer::is_stopping) {
                world.end();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            let answered = if line.is_empty() { Answered::No } else { Answered::Yes };
            Some((answered, tracer.ok()?.end()))
        }
    }
}

/// A server that starts when it gets a line.
fn waiting_server(world: &World) -> Child {
    Command::new("sh")
        .args(["-c", "read -r go && exec \"$0\" \"$@\""])
        .arg(program("shaman-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--storage"])
        .arg(&world.storage)
        .arg("--state")
        .arg(world.folder().join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
