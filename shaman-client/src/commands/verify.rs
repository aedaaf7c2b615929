//! `shaman verify`: is a checkout complete where it stands?

use std::io::IsTerminal as _;

use serde_json::json;

use super::sending::CLOCK;
use super::show::{self, human};
use crate::cli::VerifyArgs;
use crate::progress::{Progress, Silence};
use crate::verify::{Depth, Problem, Report, Verifier, Wrong};

pub(super) fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let depth = if args.quick { Depth::Sizes } else { Depth::Bytes };
    let mut verifier = Verifier::new(&args.dir, depth, CLOCK);
    let bars = show::Bars::default();
    let progress: &dyn Progress = match args.wait {
        _ if args.json => &Silence,
        Some(_) => &show::Plain,
        None if std::io::stderr().is_terminal() => &bars,
        None => &Silence,
    };
    let report = match args.wait {
        Some(time) => verifier.wait(time, progress)?,
        None => verifier.look(progress)?,
    };
    let files = report.manifest.files.len();
    if args.json {
        say!("{}", line(&report));
    } else {
        report.wrong.iter().for_each(|wrong| say!("{}", words(wrong)));
        if report.wrong.is_empty() {
            say!("complete: {files} files, {}", human(report.manifest.bytes()));
        }
    }
    if !report.wrong.is_empty() {
        let (wrong, dir) = (report.wrong.len(), args.dir.display());
        let what = if args.wait.is_some() {
            "the time is over; look whether somebody still sends them"
        } else {
            "give --wait 10m if they are still on their way, else submit again"
        };
        anyhow::bail!("{wrong} of {files} files in `{dir}` are not as they should be: {what}");
    }
    Ok(())
}

fn words(wrong: &Wrong) -> String {
    let Wrong { path, size, problem } = wrong;
    match problem {
        Problem::Missing => format!("missing: {path}"),
        Problem::Arriving { bytes } => format!("still arriving: {path} ({bytes} of {size} bytes)"),
        Problem::WrongSize { bytes } => format!("wrong size: {path} ({bytes} of {size} bytes)"),
        Problem::WrongBytes => format!("wrong bytes: {path}"),
        Problem::NotAFile => format!("not a file: {path}"),
        Problem::Unreadable(why) => format!("unreadable: {path} ({why})"),
    }
}

fn line(report: &Report) -> serde_json::Value {
    let wrong: Vec<_> = report
        .wrong
        .iter()
        .map(|Wrong { path, size, problem }| {
            let bytes = match problem {
                Problem::Arriving { bytes } | Problem::WrongSize { bytes } => Some(bytes),
                _ => None,
            };
            json!({"path": path, "problem": problem.word(), "size": size, "bytes": bytes})
        })
        .collect();
    json!({
        "complete": report.wrong.is_empty(),
        "checkout": report.manifest.checkout,
        "blend": report.manifest.blend,
        "files": report.manifest.files.len(),
        "bytes": report.manifest.bytes(),
        "wrong": wrong,
    })
}
