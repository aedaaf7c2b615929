//! `shaman deps`: the files a .blend needs, as a list, as a tree or as JSON.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::show::human;
use super::{sending, tree};
use crate::cli::{CacheArgs, DepsArgs};
use crate::trace::{self, Options, Proxies, Trace, TraceCache, TraceError};

/// How `deps` ended.
pub(super) enum Ended {
    /// It said what was asked.
    Done,
    /// What was asked is what is missing, and something is.
    Missing,
}

pub(super) fn run(args: &DepsArgs) -> anyhow::Result<Ended> {
    let (project, proxies) = (args.project.as_deref(), args.with_proxies);
    let mut trace = traced(&args.blend, project, proxies, &args.cache)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args {
        DepsArgs { json: true, missing_only, .. } => {
            if *missing_only {
                trace.files.clear();
            }
            json(&trace, &mut out)
        }
        DepsArgs { missing_only: true, .. } => missing(&trace, &mut out),
        DepsArgs { tree: true, .. } => tree::tree(&trace, &mut out),
        _ => list(&trace, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        // `shaman deps … | head` has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other?,
    }
    drop(out);
    if !args.missing_only {
        complain(&trace);
        complain_of_outside(&trace);
        return Ok(Ended::Done);
    }
    warn(&trace);
    Ok(if trace.missing.is_empty() { Ended::Done } else { Ended::Missing })
}

/// Finds what a .blend needs, with the cache.
pub(super) fn traced(
    blend: &Path,
    project: Option<&Path>,
    with_proxies: bool,
    cache: &CacheArgs,
) -> Result<Trace, TraceError> {
    let proxies = if with_proxies { Proxies::With } else { Proxies::Without };
    let cache = cache.dir().and_then(|dir| TraceCache::open(&dir, sending::CLOCK));
    trace::trace_with(blend, Options { project, proxies, cache: cache.as_ref() })
}

fn json(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, trace)?;
    writeln!(out)
}

/// One missing file a line, and under it who asks for it.
fn missing(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    for file in &trace.missing {
        writeln!(out, "{}  {}", file.kind.word(), file.path.display())?;
        for user in &file.users {
            writeln!(out, "    asked for by {user}")?;
        }
    }
    Ok(())
}

/// One file a line, then what that makes.
fn list(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    let kind_width = trace.files.iter().map(|file| file.kind.word().len()).max().unwrap_or(0);
    for file in &trace.files {
        let (kind, size) = (file.kind.word(), human(file.size));
        let path = file.path.display();
        match &file.in_pack {
            Some(inside) => writeln!(out, "{size:>10}  {kind:kind_width$}  {inside}")?,
            None => writeln!(out, "{size:>10}  {kind:kind_width$}  {path}")?,
        }
    }
    let bytes = trace.files.iter().map(|file| file.size).sum();
    let outside = trace.files.iter().filter(|file| file.in_pack.is_none()).count();
    let outside = if outside > 0 { format!(", {outside} outside") } else { String::new() };
    writeln!(
        out,
        "{} from {}, {}{outside}, {} missing",
        count(trace.files.len(), "file"),
        trace.root.display(),
        human(bytes),
        trace.missing.len()
    )
}

/// Says on stderr what is missing and what could not be followed, in both forms of output.
pub(super) fn complain(trace: &Trace) {
    for file in &trace.missing {
        let asked = asked_by(&file.users);
        eprintln!("missing: `{}` ({}){asked}", file.path.display(), file.kind.word());
    }
    warn(trace);
}

fn warn(trace: &Trace) {
    for warning in &trace.warnings {
        eprintln!("warning: {warning}");
    }
}

/// Says on stderr which files lie outside of the project.
fn complain_of_outside(trace: &Trace) {
    for file in trace.files.iter().filter(|file| file.in_pack.is_none()) {
        let asked = asked_by(&file.users);
        eprintln!("outside the project: `{}` ({}){asked}", file.path.display(), file.kind.word());
    }
}

fn asked_by(users: &[String]) -> String {
    match users {
        [] => String::new(),
        [one] => format!(", asked for by {one}"),
        [one, rest @ ..] => format!(", asked for by {one} and {} more", rest.len()),
    }
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
