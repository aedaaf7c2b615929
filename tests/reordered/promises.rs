//! What clients were promised, a line each; the number of a line is a mark in the log.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};

/// Path and SHA-256 of each file of a checkout.
pub(crate) type Files = BTreeMap<String, String>;

/// Where promises are noted as they are made.
#[derive(Debug)]
pub(crate) struct Book(Mutex<(std::fs::File, u64)>);

impl Book {
    pub(crate) fn new(path: &Path) -> Self {
        Self(Mutex::new((std::fs::File::create(path).unwrap(), 0)))
    }

    /// A checkout is there.
    pub(crate) fn made(&self, checkout: &str, files: &Files) {
        self.note(&json!({"made": checkout, "files": files}));
    }

    /// From here on it may be gone.
    pub(crate) fn is_erased(&self, checkout: &str) {
        self.note(&json!({"erased": checkout}));
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.lock().unwrap().1
    }

    fn note(&self, line: &Value) {
        let mut book = self.0.lock().unwrap();
        writeln!(book.0, "{line}").unwrap();
        book.1 += 1;
        let mark = book.1.to_string();
        // The number is in the log before anybody does anything more about it.
        let marked =
            Command::new("dmsetup").args(["message", "logged", "0", "mark", &mark]).status();
        assert!(marked.unwrap().success(), "a mark can be set");
    }
}

/// The checkouts that are promised after so many lines.
#[derive(Debug)]
pub(crate) struct Promises {
    lines: Vec<Value>,
}

impl Promises {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        Self { lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
    }

    pub(crate) fn after(&self, lines: usize) -> BTreeMap<String, Files> {
        let mut promised = BTreeMap::new();
        for line in &self.lines[..lines] {
            if let Some(checkout) = line["made"].as_str() {
                let files = serde_json::from_value(line["files"].clone()).unwrap();
                promised.insert(checkout.to_owned(), files);
            } else if let Some(checkout) = line["erased"].as_str() {
                promised.remove(checkout);
            }
        }
        promised
    }
}
