//! The audit log: who did what, a JSON object a line.
//!
//! Lines are written in order by a thread of their own, so that no request waits for a disk. When
//! more come than it can write, it says how many it had to leave out.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

/// Lines that wait to be written; 4 MB.
const WAITING_MAX: usize = 16_384;

/// One thing that was done.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// When, RFC 3339.
    time: String,
    /// Who: the name of a token, an address, `server` for what it does by itself, or `manager` for
    /// what follows from a job that is gone.
    who: String,
    /// From where the request came.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// What.
    what: &'static str,
    /// To what, and how much.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Takes entries. Cheap to clone; without a file it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    writing: Option<Arc<Writing>>,
}

#[derive(Debug)]
struct Writing {
    tell: Mutex<Option<SyncSender<Told>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    left_out: AtomicU64,
    clock: fn() -> SystemTime,
}

#[derive(Debug)]
enum Told {
    Entry(Box<Entry>),
    /// The file may have been renamed: begin another one.
    Reopen,
}

impl Audit {
    /// Appends to this file, which is made if it is not there.
    pub fn to(path: PathBuf, clock: fn() -> SystemTime) -> std::io::Result<Self> {
        let file = open(&path)?;
        let (tell, told) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("shaman-audit".into())
            .spawn(move || write(&path, file, &told))?;
        let writing = Writing {
            tell: Mutex::new(Some(tell)),
            thread: Mutex::new(Some(thread)),
            left_out: AtomicU64::new(0),
            clock,
        };
        Ok(Self { writing: Some(Arc::new(writing)) })
    }

    /// Notes that somebody did something.
    pub fn note(
        &self,
        who: &str,
        from: Option<String>,
        what: &'static str,
        more: Map<String, Value>,
    ) {
        let Some(writing) = &self.writing else { return };
        let now = jiff::Timestamp::try_from((writing.clock)()).unwrap_or_default();
        let time = now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let entry = Entry { time, who: who.to_owned(), from, what, more };
        writing.tell(Told::Entry(Box::new(entry)));
    }

    /// Begins the file anew, for whoever has renamed it.
    pub fn reopen(&self) {
        if let Some(writing) = &self.writing {
            writing.tell(Told::Reopen);
        }
    }

    /// Writes what was noted, to its end.
    pub fn end(&self) {
        let Some(writing) = &self.writing else { return };
        drop(writing.tell.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = writing.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the audit log met a bug; its last lines may be missing");
        }
    }
}

impl Writing {
    fn tell(&self, told: Told) {
        let tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tell) = tell.as_ref() else { return };
        match tell.try_send(told) {
            Ok(()) => {
                let left_out = self.left_out.swap(0, Ordering::Relaxed);
                if left_out > 0 {
                    tracing::error!(left_out, "the audit log was too slow; entries are missing");
                }
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

fn write(path: &Path, file: File, told: &Receiver<Told>) {
    let mut out = BufWriter::new(file);
    while let Ok(first) = told.recv() {
        // What waits goes with it, then all of it to the file.
        let mut next = Some(first);
        let mut written = Ok(());
        while let Some(told_) = next.take() {
            match told_ {
                Told::Entry(entry) => {
                    written = written.and_then(|()| {
                        serde_json::to_writer(&mut out, &entry)?;
                        out.write_all(b"\n")
                    });
                }
                Told::Reopen => match out.flush().and_then(|()| open(path)) {
                    Ok(file) => out = BufWriter::new(file),
                    Err(error) => tracing::error!(%error, "cannot begin the audit log anew"),
                },
            }
            next = told.try_recv().ok();
        }
        if let Err(error) = written.and_then(|()| out.flush()) {
            tracing::error!(%error, path = %path.display(), "cannot write the audit log");
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests look at files and give a clock")]
    use super::*;

    #[test]
    fn every_entry_is_a_line_also_after_the_file_was_renamed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let audit = Audit::to(path.clone(), SystemTime::now).unwrap();
        let note = |what| {
            let more = Map::from_iter([("blob".to_owned(), Value::from("x"))]);
            audit.note("alice", Some("10.0.0.1".into()), what, more);
        };
        note("upload");
        note("erase");
        let old = dir.path().join("old");
        // Whatever is written by now.
        std::fs::rename(&path, &old).unwrap();
        audit.reopen();
        note("sweep");
        audit.end();
        let [old, new] = [old, path].map(|path| std::fs::read_to_string(path).unwrap());
        let lines: Vec<Value> =
            (old + &new).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let whats: Vec<&str> = lines.iter().map(|line| line["what"].as_str().unwrap()).collect();
        assert_eq!(whats, ["upload", "erase", "sweep"]);
        assert_eq!(lines[0]["who"], "alice");
        assert_eq!(lines[0]["blob"], "x");
        assert!(new.contains("sweep"));
        note("nothing more");
    }
}
