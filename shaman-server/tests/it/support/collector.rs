//! Something that takes spans and figures, as an OpenTelemetry collector does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::eventually;

/// Takes documents until the test ends.
#[derive(Debug, Clone)]
pub(crate) struct Collector {
    address: SocketAddr,
    came: Arc<Mutex<Vec<(String, Value)>>>,
    /// What it answers to spans and to everything else.
    answers: Arc<AtomicU16>,
}

/// Answers nothing at all, and keeps whoever asks waiting.
pub(crate) const SILENCE: u16 = 0;

impl Collector {
    pub(crate) fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let collector =
            Self { address, came: Arc::default(), answers: Arc::new(AtomicU16::new(200)) };
        let taking = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let taking = taking.clone();
                std::thread::spawn(move || taking.take(stream.unwrap()));
            }
        });
        collector
    }

    /// From now on it answers this.
    pub(crate) fn answers(&self, status: u16) {
        self.answers.store(status, Ordering::Relaxed);
    }

    /// Lines of a configuration that name it.
    pub(crate) fn yaml(&self, interval: &str) -> String {
        format!("otlp: {{endpoint: 'http://{}/', interval: {interval}}}\n", self.address)
    }

    /// All spans that came so far.
    pub(crate) fn spans(&self) -> Vec<Value> {
        self.listed("/v1/traces", ["resourceSpans", "scopeSpans", "spans"]).concat()
    }

    /// Each list of figures that came so far.
    pub(crate) fn figures(&self) -> Vec<Vec<Value>> {
        self.listed("/v1/metrics", ["resourceMetrics", "scopeMetrics", "metrics"])
    }

    /// What was said of the server with the first document.
    pub(crate) fn resource(&self) -> Value {
        let came = self.came.lock().unwrap();
        let document = &came.first().expect("something came").1;
        let of = document.as_object().unwrap().values().next().unwrap();
        of[0]["resource"]["attributes"].clone()
    }

    /// Waits for the span with this request id.
    pub(crate) fn span(&self, id: &str) -> Value {
        let mut found = None;
        eventually(id, || {
            found = self.spans().into_iter().find(|it| attribute(it, "shaman.request_id") == id);
            found.is_some()
        });
        found.unwrap()
    }

    fn listed(&self, path: &str, [outer, inner, list]: [&str; 3]) -> Vec<Vec<Value>> {
        let came = self.came.lock().unwrap();
        let documents = came.iter().filter(|(to, _)| to == path).map(|(_, document)| document);
        documents
            .map(|document| document[outer][0][inner][0][list].as_array().unwrap().clone())
            .collect()
    }

    fn take(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line.trim_end().is_empty() {
                    break;
                }
                lines.push(line.trim_end().to_ascii_lowercase());
            }
            let path = lines[0].split(' ').nth(1).unwrap().to_owned();
            assert!(
                lines[0].starts_with("post ")
                    && lines.iter().any(|line| line == "content-type: application/json")
            );
            let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            let status = self.answers.load(Ordering::Relaxed);
            if status == SILENCE {
                std::thread::park();
            }
            if status == 200 {
                let document = serde_json::from_slice(&body).unwrap();
                self.came.lock().unwrap().push((path, document));
            }
            let answer = format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\n{{}}");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    }
}

/// The value of an attribute of a span, figure or server; null without one.
pub(crate) fn attribute(of: &Value, key: &str) -> Value {
    let list = of.get("attributes").unwrap_or(of).as_array().unwrap();
    let found = list.iter().find(|attribute| attribute["key"] == key);
    found.map_or(Value::Null, |attribute| {
        let value = attribute["value"].as_object().unwrap();
        value.values().next().unwrap().clone()
    })
}
