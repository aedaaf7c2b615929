//! `World`: a storage, the server on it, what clients were promised, and what does not hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::disk::{Cut, Disk};
use shaman_tests::load::{leftovers, torn_blobs};
use shaman_tests::server::Server;
use shaman_tests::wire::{ask, sha256_hex};

/// What is on the disk after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// All that was done: the server was killed.
    Everything,
    /// What was flushed: the power was cut, on a file system of this kind.
    Flushed(&'static str),
    /// The same, and all names: the journal was written, and bytes were not.
    Named(&'static str),
}

/// Paths and bytes.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// How long the server may take for what it does behind an answer or a start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why checkouts are pinned.
pub(crate) const PIN: &str = "the director looks at it";

/// Bytes of the image; XFS wants 300 MB.
const DISK_BYTES: u64 = 400 << 20;

pub(crate) struct World {
    /// State and log, on a disk that keeps its power; the storage too, unless its power is cut.
    folder: tempfile::TempDir,
    disk: Option<Disk>,
    rest: Rest,
    pub(crate) storage: PathBuf,
    yaml: &'static str,
    server: Option<Server>,
    random: fastrand::Rng,
    /// Checkouts that were promised.
    pub(crate) checkouts: BTreeMap<String, Files>,
    /// Checkouts whose making or erasing got no answer: whole or not there.
    pub(crate) open: BTreeMap<String, Files>,
    /// Blobs that have to be there.
    pub(crate) kept: Vec<Vec<u8>>,
    /// Blobs that may be lost; what is said of them has to be true.
    pub(crate) loose: Vec<Vec<u8>>,
    /// Checkouts that are pinned.
    pub(crate) pinned: Vec<String>,
    /// What somebody made of files in checkouts; they may be like that until they are healed.
    pub(crate) damage: Vec<Vec<u8>>,
}

impl World {
    /// With a server; `None` where the power of no such disk can be cut.
    pub(crate) fn new(rest: Rest, yaml: &'static str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = match rest {
            Rest::Everything => None,
            Rest::Flushed(kind) | Rest::Named(kind) => Some(Disk::new(kind, DISK_BYTES)?),
        };
        let storage = disk.as_ref().map_or(folder.path().join("storage"), Disk::storage);
        let mut world = Self {
            folder,
            disk,
            rest,
            storage,
            yaml,
            server: None,
            random: fastrand::Rng::with_seed(5),
            checkouts: BTreeMap::new(),
            open: BTreeMap::new(),
            kept: Vec::new(),
            loose: Vec::new(),
            pinned: Vec::new(),
            damage: Vec::new(),
        };
        std::fs::create_dir(world.outside()).unwrap();
        std::fs::write(world.outside().join("theirs"), "not ours").unwrap();
        world.start();
        let bytes = [world.fresh(300), world.fresh(40_000), Vec::new()];
        world.make_checkout("film/kept", &bytes);
        Some(world)
    }

    /// Something on the same disk that is none of the server's business.
    fn outside(&self) -> PathBuf {
        self.storage.with_file_name("outside")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// There is no storage any more, and no promise.
    pub(crate) fn forget(&mut self) {
        if self.storage.exists() {
            std::fs::remove_dir_all(&self.storage).unwrap();
        }
        self.flush();
        self.checkouts.clear();
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn start(&mut self) {
        self.server = Some(Server::start(&self.storage, self.folder.path(), self.yaml));
    }

    /// Cuts the power, if it is to be cut, and ends the server.
    pub(crate) fn end(&mut self) {
        self.cutter()();
        self.is_ended();
    }

    /// The server is over: nobody uses the disk any more.
    pub(crate) fn is_ended(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
    }

    /// The power comes back.
    pub(crate) fn mount_again(&mut self) {
        if let Some(disk) = &mut self.disk {
            disk.mount_again();
        }
    }

    pub(crate) fn cutter(&self) -> Box<dyn FnOnce() + Send> {
        let cut = if matches!(self.rest, Rest::Named(_)) { Cut::AfterNames } else { Cut::Clean };
        match &self.disk {
            Some(disk) => Box::new(disk.cutter(cut)),
            None => Box::new(|| ()),
        }
    }

    /// What is there now is there for good.
    pub(crate) fn flush(&self) {
        if let Some(disk) = &self.disk {
            disk.flush();
        }
    }

    /// Whether what was sent survives the end without being flushed.
    pub(crate) fn keeps_everything(&self) -> bool {
        self.disk.is_none()
    }

    /// Bytes that nobody has.
    pub(crate) fn fresh(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.random.fill(&mut bytes);
        bytes
    }

    /// Status and body of an answer; `None`: the server was ended first.
    pub(crate) fn ask(&self, method: &str, url: &str, body: &[u8]) -> Option<(u16, String)> {
        let kind = if body.first() == Some(&b'{') { "json" } else { "octet-stream" };
        let kind = format!("application/{kind}");
        let answer = ask(self.server().address(), method, url, &[("Content-Type", &kind)], body);
        answer.ok().map(|answer| (answer.status, answer.text()))
    }

    /// Sends a blob.
    pub(crate) fn upload(&self, bytes: &[u8]) -> Option<(u16, String)> {
        let url = url(bytes);
        if !bytes.is_empty() {
            return self.ask("POST", &url, bytes);
        }
        let fields = [("Content-Length", "0"), ("Content-Type", "application/octet-stream")];
        let answer = ask(self.server().address(), "POST", &url, &fields, b"");
        answer.ok().map(|answer| (answer.status, answer.text()))
    }

    /// Asks for a checkout; gives where it is.
    pub(crate) fn create(&self, name: &str, files: &Files) -> Option<Result<String, String>> {
        let body = json!({"files": entries(files), "checkoutPath": name}).to_string();
        let url = "/api/v3/shaman/checkout/create";
        let (status, said) = self.ask("POST", url, body.as_bytes())?;
        if status != 200 {
            return Some(Err(format!("{status}: {said}")));
        }
        let answer: Value = serde_json::from_str(&said).unwrap();
        Some(Ok(answer["checkoutPath"].as_str().unwrap().to_owned()))
    }

    /// Sends blobs and makes a checkout of them, which is promised from then on.
    pub(crate) fn make_checkout(&mut self, name: &str, blobs: &[Vec<u8>]) {
        for bytes in blobs {
            let status = self.upload(bytes).unwrap().0;
            assert!(matches!(status, 204 | 208), "an upload was answered {status}");
        }
        let files = placed(blobs);
        let checkout = self.create(name, &files).unwrap().unwrap();
        self.checkouts.insert(checkout, files);
    }

    /// Where a blob lies.
    pub(crate) fn blob_path(&self, bytes: &[u8]) -> PathBuf {
        self.storage.join("file-store/stored").join(below(bytes))
    }

    /// What the server says of a blob.
    pub(crate) fn is_stored(&self, bytes: &[u8]) -> bool {
        self.ask("GET", &url(bytes), b"").unwrap().1.contains("stored")
    }

    /// What lies around and should not. What is in quarantine is there for a person.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let mut left = leftovers(&self.storage, usize::from(self.server.is_some()));
        left.retain(|path| !path.contains("/quarantine/"));
        left
    }

    /// Directories in which a blob was.
    pub(crate) fn empty_directories_of_blobs(&self) -> Vec<PathBuf> {
        let below = |dir: PathBuf| {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let mut dirs: Vec<PathBuf> =
            below(self.storage.join("file-store/stored")).into_iter().flat_map(below).collect();
        dirs.retain(|dir| below(dir.clone()).is_empty());
        dirs
    }

    /// What is wrong while no server runs: what workers see, and what is not ours.
    pub(crate) fn wrong_at_rest(&mut self) -> Vec<String> {
        for (checkout, files) in std::mem::take(&mut self.open) {
            if self.jobs().join(&checkout).exists() {
                self.checkouts.insert(checkout, files);
            }
        }
        let mut wrong = self.broken_checkouts();
        half_made(&self.jobs(), false, &mut wrong);
        let theirs = std::fs::read(self.outside().join("theirs"));
        let count = std::fs::read_dir(self.outside()).unwrap().count();
        if count != 1 || theirs.is_ok_and(|theirs| theirs != b"not ours") {
            wrong.push("something outside of the storage is another one".to_owned());
        }
        wrong
    }

    /// What is wrong when a server runs again.
    pub(crate) fn wrong_when_served(&mut self) -> Vec<String> {
        let mut wrong = self.broken_checkouts();
        for bytes in &self.kept {
            if !self.is_stored(bytes) {
                wrong.push(format!("{} is missing", url(bytes)));
            }
        }
        for bytes in self.kept.iter().chain(&self.loose) {
            let is_right = || std::fs::read(self.blob_path(bytes)).is_ok_and(|read| read == *bytes);
            if self.is_stored(bytes) && !is_right() {
                wrong.push(format!("{} is torn and said to be stored", url(bytes)));
            }
        }
        let list = self.ask("GET", "/v1/checkouts", b"").unwrap().1;
        let list: Value = serde_json::from_str(&list).unwrap();
        for checkout in &self.pinned {
            let is_pinned =
                |row: &Value| row["checkout"] == **checkout && row["pin"]["reason"] == PIN;
            if !list["checkouts"].as_array().unwrap().iter().any(is_pinned) {
                wrong.push(format!("{checkout} is not pinned"));
            }
        }
        // The index catches up behind the start.
        let are_listed = || {
            let listed = self.listed();
            self.checkouts.keys().all(|checkout| listed.contains(checkout))
        };
        if !waited(|| Some(are_listed())) {
            wrong.push(format!(
                "of {:?} only {:?} are listed",
                self.checkouts.keys(),
                self.listed()
            ));
        }
        let is_there = |checkout: &String| self.jobs().join(checkout).is_dir();
        let listed = self.listed().into_iter().filter(|checkout| !is_there(checkout));
        wrong.extend(listed.map(|checkout| format!("{checkout} is listed and not there")));
        // Erased trees go behind the answer, and what a lost power tore is looked for after the start.
        if !waited(|| Some(self.left_over().is_empty())) {
            wrong.extend(self.left_over().iter().map(|left| format!("left over: {left}")));
        }
        if !waited(|| Some(self.torn().is_empty())) {
            wrong.extend(self.torn().iter().map(|torn| format!("torn: {}", torn.display())));
        }
        wrong
    }

    /// Blobs of other bytes than their names say, but for those that somebody damaged.
    fn torn(&self) -> Vec<PathBuf> {
        let mut torn = torn_blobs(&self.storage).0;
        let is_known = |path: &PathBuf| std::fs::read(path).is_ok_and(|b| self.damage.contains(&b));
        torn.retain(|path| !is_known(path));
        torn
    }

    fn broken_checkouts(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (checkout, files) in &self.checkouts {
            let dir = self.jobs().join(checkout);
            for (path, bytes) in files {
                match std::fs::read(dir.join(path)) {
                    Err(error) => broken.push(format!("{checkout}/{path}: {error}")),
                    Ok(read) if read == *bytes || self.damage.contains(&read) => {}
                    Ok(_) => broken.push(format!("{checkout}/{path} has other bytes")),
                }
            }
            if !dir.join(".shaman-manifest.json").is_file() {
                broken.push(format!("{checkout} has no manifest"));
            }
        }
        broken
    }

    fn jobs(&self) -> PathBuf {
        self.storage.join("jobs")
    }

    fn listed(&self) -> Vec<String> {
        let said = self.ask("GET", "/v1/checkouts", b"").unwrap().1;
        let list: Value = serde_json::from_str(&said).unwrap();
        let rows = list["checkouts"].as_array().unwrap();
        rows.iter().map(|row| row["checkout"].as_str().unwrap().to_owned()).collect()
    }
}

/// Files whose checkout has no manifest: somebody sees a checkout that is not all there.
fn half_made(dir: &Path, is_inside: bool, found: &mut Vec<String>) {
    let is_inside = is_inside || dir.join(".shaman-manifest.json").is_file();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        // A server tries the storage with files of this name.
        let is_probe = entry.file_name().to_string_lossy().starts_with(".probe-");
        if path.is_dir() {
            half_made(&path, is_inside, found);
        } else if !is_inside && !is_probe {
            found.push(format!("{} is in no checkout that is complete", path.display()));
        }
    }
}

/// Waits until something is so; `false`: the server was ended first, or it takes too long.
pub(crate) fn waited(mut is_so: impl FnMut() -> Option<bool>) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match is_so() {
            None => return false,
            Some(true) => return true,
            Some(false) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    false
}

/// The address of a blob.
pub(crate) fn url(bytes: &[u8]) -> String {
    format!("/api/v3/shaman/files/{}/{}", sha256_hex(bytes), bytes.len())
}

/// Where a blob lies below the folder of blobs.
pub(crate) fn below(bytes: &[u8]) -> PathBuf {
    let sha = sha256_hex(bytes);
    let (first, rest) = sha.split_at(2);
    Path::new(first).join(rest).join(format!("{}.blob", bytes.len()))
}

/// Files of a checkout, in some directories.
pub(crate) fn placed(blobs: &[Vec<u8>]) -> Files {
    let place = |number| match number % 3 {
        0 => format!("{number}"),
        1 => format!("tex/{number}"),
        _ => format!("tex/deep/{number}"),
    };
    blobs.iter().enumerate().map(|(number, bytes)| (place(number), bytes.clone())).collect()
}

/// Files as they are asked for.
pub(crate) fn entries(files: &Files) -> Vec<Value> {
    files
        .iter()
        .map(|(path, bytes)| json!({"sha": sha256_hex(bytes), "size": bytes.len(), "path": path}))
        .collect()
}
