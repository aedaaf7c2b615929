//! Progress as a person or a program reads it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::progress::{Event, Phase, Progress};

/// Between two lines about the same phase.
const LINE_EVERY: Duration = Duration::from_millis(200);

/// Warnings, notes and retries on stderr, nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain;

impl Progress for Plain {
    fn tell(&self, event: Event) {
        match event {
            Event::Warning(text) => eprintln!("warning: {text}"),
            Event::Note(text) => eprintln!("{text}"),
            Event::Retrying { why, wait } => {
                eprintln!("{why}; trying again in {:.1} s", wait.as_secs_f64());
            }
            _ => {}
        }
    }
}

/// A bar a phase, on stderr.
#[derive(Debug, Default)]
pub(super) struct Bars {
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress for Bars {
    fn tell(&self, event: Event) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Began { phase, files, bytes } => *bar = Some(new_bar(phase, files, bytes)),
            Event::Advanced { bytes, .. } => {
                if let Some(bar) = bar.as_ref() {
                    bar.inc(bytes);
                }
            }
            Event::Rewound { bytes, .. } => {
                if let Some(bar) = bar.as_ref() {
                    bar.dec(bytes);
                }
            }
            Event::Ended { .. } => {
                if let Some(bar) = bar.take() {
                    bar.finish();
                }
            }
            event => {
                let print = || Plain.tell(event);
                match bar.as_ref() {
                    Some(bar) => bar.suspend(print),
                    None => print(),
                }
            }
        }
    }
}

fn new_bar(phase: Phase, files: u64, bytes: u64) -> ProgressBar {
    let template = if bytes > 0 {
        "{prefix:>9} {bar:32} {bytes}/{total_bytes} {msg} {bytes_per_sec} {eta}"
    } else {
        "{prefix:>9} {spinner} {msg} {elapsed}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_prefix(phase.word());
    if files > 0 {
        bar.set_message(format!("of {files} files"));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A JSON object a line, on stdout; sums at most every 200 ms.
#[derive(Debug, Default)]
pub(super) struct Lines {
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    files: u64,
    bytes: u64,
    told: Option<Instant>,
}

impl Progress for Lines {
    fn tell(&self, event: Event) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Began { phase, files, bytes } => {
                *sums = Sums::default();
                json!({"event": "began", "phase": phase.word(), "files": files, "bytes": bytes})
            }
            Event::Advanced { phase, files, bytes } => {
                sums.files += files;
                sums.bytes += bytes;
                if sums.told.is_some_and(|told| told.elapsed() < LINE_EVERY) {
                    return;
                }
                sums.told = Some(Instant::now());
                json!({"event": "advanced", "phase": phase.word(), "files": sums.files, "bytes": sums.bytes})
            }
            Event::Rewound { bytes, .. } => {
                sums.bytes = sums.bytes.saturating_sub(bytes);
                return;
            }
            Event::Ended { phase } => {
                json!({"event": "ended", "phase": phase.word(), "files": sums.files, "bytes": sums.bytes})
            }
            Event::Retrying { why, wait } => {
                json!({"event": "retrying", "why": why, "wait_seconds": wait.as_secs_f64()})
            }
            Event::Warning(text) => json!({"event": "warning", "text": text}),
            Event::Note(text) => json!({"event": "note", "text": text}),
        };
        println!("{line}");
    }
}

/// Gives bytes as a person reads them: `14.6 MB`.
pub(super) fn human(bytes: u64) -> String {
    let mut tenths = u128::from(bytes) * 10;
    for unit in ["B", "kB", "MB", "GB", "TB", "PB"] {
        if tenths < 10_000 {
            return match unit {
                "B" => format!("{bytes} B"),
                unit => format!("{}.{} {unit}", tenths / 10, tenths % 10),
            };
        }
        tenths = (tenths + 500) / 1000;
    }
    format!("{bytes} B")
}
