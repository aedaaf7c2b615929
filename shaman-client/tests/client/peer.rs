//! A server of a few lines: it stores what it gets, answers as Flamenco's own does, and does as the
//! test says before each answer.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What the test does with a request before it is answered: `Some(CUT)` cuts the connection,
/// `Some(CUT_AFTER)` does what is asked first, `Some(HAD_IT)` answers 208 before the body is read, and
/// another number is answered as that status.
pub(crate) type Meddle = Box<dyn Fn(&str, usize) -> Option<u16> + Send + Sync>;

/// The connection is cut before the body is read.
pub(crate) const CUT: u16 = 0;

/// The request is obeyed, and the connection cut instead of an answer.
pub(crate) const CUT_AFTER: u16 = 1;

/// The blob is there: the answer comes at once, and the connection is closed upon the body, as
/// Flamenco's own server does.
pub(crate) const HAD_IT: u16 = 2;

#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) url: String,
    /// Stored blobs by `{sha}/{size}`.
    pub(crate) stored: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    /// Every request, as `METHOD /path`.
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    /// What it says of its storage, once a test has set it.
    storage: Arc<Mutex<Option<Value>>>,
    /// Complete uploads whose bytes were not what their name says.
    pub(crate) mismatched: Arc<Mutex<usize>>,
    /// Job types of the Manager behind it, once a test has set them.
    types: Arc<Mutex<Option<Value>>>,
    /// Jobs that it was asked about, and jobs that it created.
    pub(crate) checked: Arc<Mutex<Vec<Value>>>,
    pub(crate) jobs: Arc<Mutex<Vec<Value>>>,
    meddle: Arc<Meddle>,
}

impl Peer {
    /// Starts one; `meddle` gets the request and how many of the same came before.
    pub(crate) fn start(
        meddle: impl Fn(&str, usize) -> Option<u16> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let peer = Self {
            url,
            stored: Arc::default(),
            heard: Arc::default(),
            storage: Arc::default(),
            types: Arc::default(),
            mismatched: Arc::default(),
            checked: Arc::default(),
            jobs: Arc::default(),
            meddle: Arc::new(Box::new(meddle)),
        };
        let answering = peer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let peer = answering.clone();
                std::thread::spawn(move || while peer.answer(&stream).is_some() {});
            }
        });
        peer
    }

    /// Lets it tell where its storage is and whether Shaman is on there.
    pub(crate) fn with_storage(self, location: impl AsRef<Path>, shaman: bool) -> Self {
        *self.storage.lock().unwrap() = Some(json!({
            "location": location.as_ref().to_str().unwrap(),
            "audience": "users",
            "platform": "linux",
            "shamanEnabled": shaman,
        }));
        self
    }

    /// Puts a Manager with these job types behind it.
    pub(crate) fn with_manager(self, types: Value) -> Self {
        *self.types.lock().unwrap() = Some(types);
        self
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.heard.lock().unwrap().iter().filter(|heard| heard.contains(what)).count()
    }

    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let request = line.rsplit_once(' ')?.0.to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let before = self.count(&request);
        self.heard.lock().unwrap().push(request.clone());
        let meddled = (self.meddle)(&request, before);
        let cut = || stream.shutdown(std::net::Shutdown::Both).ok();
        if meddled == Some(CUT) {
            cut()?;
            return None;
        }
        if meddled == Some(HAD_IT) {
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 208 X\r\nContent-Length: 0\r\n\r\n").ok()?;
            cut()?;
            return None;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (status, text) = match meddled {
            Some(CUT_AFTER) => {
                self.flamenco(&request, body);
                cut()?;
                return None;
            }
            Some(status) => {
                (status, json!({"code": status, "message": "as the test says"}).to_string())
            }
            None => self.flamenco(&request, body),
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", text.len());
        let mut stream = stream;
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(text.as_bytes()).ok()
    }

    fn manager(&self, request: &str, body: &[u8]) -> Option<(u16, String)> {
        let types = self.types.lock().unwrap();
        let types = types.as_ref()?;
        if request == "GET /api/v3/jobs/types" {
            return Some((200, json!({ "job_types": types }).to_string()));
        }
        if let Some(name) = request.strip_prefix("GET /api/v3/jobs/type/") {
            let found = types.as_array().unwrap().iter().find(|found| found["name"] == name);
            return found.map(|found| (200, found.to_string()));
        }
        if request == "POST /api/v3/jobs/check" {
            self.checked.lock().unwrap().push(serde_json::from_slice(body).unwrap());
            return Some((204, String::new()));
        }
        if request == "POST /api/v3/jobs" {
            let mut job: Value = serde_json::from_slice(body).unwrap();
            self.jobs.lock().unwrap().push(job.clone());
            job["id"] = "7c12e8a4".into();
            job["status"] = "queued".into();
            return Some((200, job.to_string()));
        }
        None
    }

    fn flamenco(&self, request: &str, body: Vec<u8>) -> (u16, String) {
        if let Some(answer) = self.manager(request, &body) {
            return answer;
        }
        let mut stored = self.stored.lock().unwrap();
        let name = |file: &Value| format!("{}/{}", file["sha"].as_str().unwrap(), file["size"]);
        if let Some(blob) = request.strip_prefix("POST /api/v3/shaman/files/") {
            let (sha, size) = blob.split_once('/').unwrap();
            let hex: String =
                shaman_proto::Digest::from_bytes(Sha256::digest(&body).into()).to_string();
            if hex != sha || body.len().to_string() != size {
                *self.mismatched.lock().unwrap() += 1;
                return (417, json!({"code": 417, "message": "mismatched"}).to_string());
            }
            stored.insert(blob.to_owned(), body);
            // What Flamenco's own server sends for a stored upload.
            return (200, String::new());
        }
        if request.starts_with("GET /api/v3/configuration/shared-storage/users/")
            && let Some(storage) = &*self.storage.lock().unwrap()
        {
            return (200, storage.to_string());
        }
        if let Some(blob) = request.strip_prefix("GET /api/v3/shaman/files/") {
            let status = if stored.contains_key(blob) { "stored" } else { "unknown" };
            return (200, json!({ "status": status }).to_string());
        }
        if request.ends_with("/requirements") {
            let request: Value = serde_json::from_slice(&body).unwrap();
            let lacking: Vec<Value> = request["files"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|file| !stored.contains_key(&name(file)))
                .map(|file| {
                    let mut file = file.clone();
                    file["status"] = "unknown".into();
                    file
                })
                .collect();
            return (200, json!({ "files": lacking }).to_string());
        }
        if request.ends_with("/create") {
            let request: Value = serde_json::from_slice(&body).unwrap();
            let lacks =
                request["files"].as_array().unwrap().iter().any(|f| !stored.contains_key(&name(f)));
            if lacks {
                return (500, json!({"code": 500, "message": "unexpected error"}).to_string());
            }
            return (200, json!({"checkoutPath": request["checkoutPath"]}).to_string());
        }
        (404, json!({"message": "Not Found"}).to_string())
    }
}
