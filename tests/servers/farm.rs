//! `Farm`: servers on one storage, and what their clients were promised.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::load::{
    Load, Outages, Plan, Promises, Sweeps, leftovers, torn_blobs, wait_until_clean,
};
use shaman_tests::server::Server;
use shaman_tests::wire::ask;

use crate::settings::Settings;

/// Running servers; state and log of each lie in a folder of its own.
#[derive(Debug)]
pub(crate) struct Farm<'a> {
    settings: &'a Settings,
    folders: Vec<tempfile::TempDir>,
    servers: Vec<Server>,
    clients: Vec<Promises>,
    sweeps: Sweeps,
    random: fastrand::Rng,
    parts: u64,
    found_after_kills: usize,
}

impl<'a> Farm<'a> {
    pub(crate) fn start(settings: &'a Settings) -> Self {
        let folders: Vec<_> =
            settings.storages.iter().map(|_| tempfile::tempdir().unwrap()).collect();
        let servers = settings
            .storages
            .iter()
            .zip(&folders)
            .map(|(storage, folder)| Server::start(storage, folder.path(), &yaml(settings)))
            .collect();
        Self {
            settings,
            folders,
            servers,
            clients: (0..settings.clients).map(|_| Promises::default()).collect(),
            sweeps: Sweeps::default(),
            random: fastrand::Rng::with_seed(13),
            parts: 0,
            found_after_kills: 0,
        }
    }

    /// All servers answer all the time.
    pub(crate) fn work(&mut self) {
        let load = self.start_load(Outages::Complained, None);
        std::thread::sleep(self.settings.part);
        self.end_load(load);
        self.check();
    }

    /// One server is killed and comes back, at the same address; the others go on.
    pub(crate) fn work_with_a_kill(&mut self) {
        let killed = usize::try_from(self.parts).unwrap() % self.servers.len();
        let (storages, lose) = (&self.settings.storages, self.settings.lose.as_ref());
        // On a machine that is lost nobody reads.
        let elsewhere = lose.map(|_| storages[(killed + 1) % storages.len()].join("jobs"));
        let load = self.start_load(Outages::Expected, elsewhere);
        let third = self.settings.part / 3;
        let mut wait = |third: Duration| {
            std::thread::sleep(third.mul_f64(0.5 + self.random.f64()));
        };
        wait(third);
        let server = self.servers.remove(killed);
        let address = server.address();
        server.kill();
        self.found_after_kills += leftovers(&storages[0], self.servers.len()).len().min(1);
        if let Some(lose) = lose {
            let did = Command::new(lose).arg(&storages[killed]).status();
            assert!(did.unwrap().success(), "the machine comes back");
        }
        wait(third);
        let (storage, folder) = (&storages[killed], self.folders[killed].path());
        let again = Server::start_at(address, storage, folder, &yaml(self.settings));
        self.servers.insert(killed, again);
        wait(third);
        self.end_load(load);
        self.check();
    }

    fn start_load(&mut self, outages: Outages, read_in: Option<PathBuf>) -> Load {
        let plan = Plan {
            servers: self.servers.iter().map(Server::address).collect(),
            grace: self.settings.grace,
            keep: 10,
            outages,
            read_in,
        };
        self.parts += 1;
        Load::start(&plan, self.parts, std::mem::take(&mut self.clients))
    }

    fn end_load(&mut self, load: Load) {
        let (clients, sweeps) = load.stop();
        self.clients = clients;
        self.sweeps.add(sweeps);
    }

    /// Nothing runs: everything that was promised is there, as each server sees it, and nothing
    /// besides.
    fn check(&mut self) {
        let part = self.parts;
        assert!(self.sweeps.complaints.is_empty(), "part {part}: {:#?}", self.sweeps.complaints);
        for client in &self.clients {
            let complaints = &client.complaints;
            assert!(complaints.is_empty(), "part {part}: {complaints:#?}\n{}", self.warnings());
        }
        for storage in &self.settings.storages {
            let left = wait_until_clean(storage, self.servers.len());
            assert!(left.is_empty(), "left over after part {part}: {left:#?}");
            let (torn, _) = torn_blobs(storage);
            assert!(torn.is_empty(), "torn after part {part}: {torn:?}");
            for client in &mut self.clients {
                client.check(&storage.join("jobs"));
                assert!(client.complaints.is_empty(), "part {part}: {:#?}", client.complaints);
            }
        }
    }

    /// What the servers complain of.
    fn warnings(&self) -> String {
        let logs: Vec<String> = self.servers.iter().map(Server::log).collect();
        let is_warning = |line: &&str| line.contains("WARN") || line.contains("ERROR");
        logs.iter().flat_map(|log| log.lines().filter(is_warning)).collect::<Vec<_>>().join("\n")
    }

    /// After a sweep each server knows the checkouts of all, and nothing else.
    pub(crate) fn check_lists(&self) {
        let mut on_disk = checkouts_below(&self.settings.storages[0].join("jobs"));
        on_disk.sort_unstable();
        for server in &self.servers {
            sweep(server);
            let list = ask(server.address(), "GET", "/v1/checkouts", &[], b"").unwrap();
            let list: Value = serde_json::from_slice(&list.body).unwrap();
            let rows = list["checkouts"].as_array().unwrap().iter();
            let mut listed: Vec<_> =
                rows.map(|row| row["checkout"].as_str().unwrap().to_owned()).collect();
            listed.sort_unstable();
            assert_eq!(listed, on_disk, "a server knows what is there");
        }
    }

    /// Says what was done, and fails when that is too little to mean anything.
    pub(crate) fn report(&self) {
        let sum = |of: fn(&Promises) -> u64| self.clients.iter().map(of).sum::<u64>();
        eprintln!(
            "{} servers, {} kills: {} checkouts promised and {} erased, {} compared, {} blobs sent; {} sweeps took {} blobs, \
             {} were refused because another one ran; {} kills left something, 0 things are left; 0 promises broken",
            self.servers.len(),
            self.settings.kills,
            sum(|client| client.made),
            sum(|client| client.taken_away),
            sum(|client| client.compared),
            sum(|client| client.sent),
            self.sweeps.ran,
            self.sweeps.swept,
            self.sweeps.busy,
            self.found_after_kills,
        );
        assert!(sum(|client| client.taken_away) > 0, "the load got somewhere");
        assert!(self.sweeps.swept > 0, "the sweeps got somewhere");
        assert!(self.sweeps.busy > 0, "sweeps of both servers met, and one of them was refused");
    }
}

/// Sweeps once, when sweeps that servers began by themselves are over.
fn sweep(server: &Server) {
    let order = json!({"dry_run": false, "force": true}).to_string();
    let kind = [("Content-Type", "application/json")];
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let swept = ask(server.address(), "POST", "/v1/sweep", &kind, order.as_bytes()).unwrap();
        match swept.status {
            200 => return,
            409 if Instant::now() < end => std::thread::sleep(Duration::from_millis(100)),
            _ => panic!("a sweep ended with {}: {}", swept.status, swept.text()),
        }
    }
}

/// Paths of all checkouts below `jobs`.
fn checkouts_below(jobs: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![jobs.to_owned()];
    while let Some(dir) = left.pop() {
        if dir.join(".shaman-manifest.json").exists() {
            found.push(dir.strip_prefix(jobs).unwrap().to_str().unwrap().to_owned());
        } else {
            left.extend(std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

/// A test cannot wait for days; what is swept is deleted soon.
fn yaml(settings: &Settings) -> String {
    let grace = settings.grace.as_secs();
    format!("reserve: 0\ntrash_grace: 1s\nshaman: {{garbageCollect: {{maxAge: {grace}s}}}}\n")
}
