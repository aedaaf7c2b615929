//! `shaman deps`: the files a .blend needs, as a list or as JSON.

use std::io::{self, BufWriter, Write as _};

use super::show::human;
use crate::cli::DepsArgs;
use crate::trace::{self, Trace};

pub(super) fn run(args: &DepsArgs) -> anyhow::Result<()> {
    let trace = trace::trace(&args.blend, args.project.as_deref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if args.json { json(&trace, &mut out) } else { list(&trace, &mut out) };
    match written.and_then(|()| out.flush()) {
        // `shaman deps … | head` has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other?,
    }
    drop(out);
    complain(&trace);
    complain_of_outside(&trace);
    Ok(())
}

fn json(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, trace)?;
    writeln!(out)
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
