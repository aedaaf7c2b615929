//! Progress as a person or a program reads it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
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

/// A bar a phase, on stderr; phases that run at the same time have theirs one below the other.
#[derive(Debug, Default)]
pub(super) struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<Phase, (ProgressBar, u64)>>,
}

impl Progress for Bars {
    fn tell(&self, event: Event) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Began { phase, files, bytes } => {
                let bar = self
                    .all
                    .add(ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr()));
                dress(&bar, phase, files);
                if let Some((old, _)) = bars.insert(phase, (bar, files)) {
                    old.finish();
                }
            }
            Event::Grew { phase, files, bytes } => {
                if let Some((bar, known)) = bars.get_mut(&phase) {
                    *known += files;
                    bar.inc_length(bytes);
                    dress(bar, phase, *known);
                }
            }
            Event::Advanced { phase, bytes, .. } => {
                if let Some((bar, _)) = bars.get(&phase) {
                    bar.inc(bytes);
                }
            }
            Event::Rewound { phase, bytes } => {
                if let Some((bar, _)) = bars.get(&phase) {
                    bar.dec(bytes);
                }
            }
            Event::Ended { phase } => {
                if let Some((bar, _)) = bars.remove(&phase) {
                    bar.finish();
                }
            }
            event => self.all.suspend(|| Plain.tell(event)),
        }
    }
}

/// What a bar looks like for a phase of so many files.
fn dress(bar: &ProgressBar, phase: Phase, files: u64) {
    let template = if bar.length().unwrap_or_default() > 0 {
        "{prefix:>9} {bar:32} {bytes}/{total_bytes} {msg} {bytes_per_sec} {eta}"
    } else {
        "{prefix:>9} {spinner} {msg} {elapsed}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_prefix(phase.word());
    if files > 0 {
        bar.set_message(format!("of {files} files"));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
}

/// A JSON object a line, on stdout; sums of a phase at most every 200 ms.
#[derive(Debug, Default)]
pub(super) struct Lines {
    sums: Mutex<HashMap<Phase, Sums>>,
}

#[derive(Debug)]
struct Sums {
    files: u64,
    bytes: u64,
    all_files: u64,
    all_bytes: u64,
    began: Instant,
    told: Option<Instant>,
}

impl Sums {
    fn begin(all_files: u64, all_bytes: u64) -> Self {
        let (files, bytes, began, told) = (0, 0, Instant::now(), None);
        Self { files, bytes, all_files, all_bytes, began, told }
    }

    /// Bytes a second since the phase began.
    fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let bytes = self.bytes as f64;
        let seconds = self.began.elapsed().as_secs_f64();
        if seconds > 0.0 { bytes / seconds } else { 0.0 }
    }

    /// How long the rest takes at that rate; nobody knows before something is done.
    fn seconds_left(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a time for people")]
        let left = self.all_bytes.saturating_sub(self.bytes) as f64;
        let rate = self.rate();
        (rate > 0.0 && self.all_bytes > 0).then(|| (left / rate * 10.0).round() / 10.0)
    }

    fn line(&self, event: &str, phase: Phase) -> serde_json::Value {
        json!({
            "event": event, "phase": phase.word(), "files": self.files, "bytes": self.bytes,
            "all_files": self.all_files, "all_bytes": self.all_bytes,
            "bytes_per_second": self.rate().round(), "seconds_left": self.seconds_left(),
        })
    }
}

impl Progress for Lines {
    fn tell(&self, event: Event) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Began { phase, files, bytes } => {
                sums.insert(phase, Sums::begin(files, bytes));
                json!({"event": "began", "phase": phase.word(), "files": files, "bytes": bytes})
            }
            Event::Grew { phase, files, bytes } => {
                if let Some(sums) = sums.get_mut(&phase) {
                    sums.all_files += files;
                    sums.all_bytes += bytes;
                }
                return;
            }
            Event::Advanced { phase, files, bytes } => {
                let sums = sums.entry(phase).or_insert_with(|| Sums::begin(0, 0));
                sums.files += files;
                sums.bytes += bytes;
                if sums.told.is_some_and(|told| told.elapsed() < LINE_EVERY) {
                    return;
                }
                sums.told = Some(Instant::now());
                sums.line("advanced", phase)
            }
            Event::Rewound { phase, bytes } => {
                if let Some(sums) = sums.get_mut(&phase) {
                    sums.bytes = sums.bytes.saturating_sub(bytes);
                }
                return;
            }
            Event::Ended { phase } => {
                let sums = sums.remove(&phase).unwrap_or_else(|| Sums::begin(0, 0));
                sums.line("ended", phase)
            }
            Event::Retrying { why, wait } => {
                json!({"event": "retrying", "why": why, "wait_seconds": wait.as_secs_f64()})
            }
            Event::Warning(text) => json!({"event": "warning", "text": text}),
            Event::Note(text) => json!({"event": "note", "text": text}),
        };
        say!("{line}");
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
