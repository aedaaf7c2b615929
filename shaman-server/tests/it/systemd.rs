//! What a service manager hears, and what it passes. The sockets are real; this test stands at
//! their other end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Connection, FoldingDisk};

/// A server that this test talks to as systemd would; ended when dropped.
struct Service {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Service {
    fn start(storage: Option<&Path>, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_shaman-server"));
        arguments(&mut command, folder.path(), storage);
        Self::run(command.envs(environment.iter().copied()), folder)
    }

    fn run(command: &mut Command, folder: tempfile::TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("shaman-server listening on http://");
        let address = address.unwrap_or_else(|| panic!("the first line is {line:?}")).to_owned();
        Self { child, address, folder }
    }

    fn ask_to_stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn arguments(command: &mut Command, folder: &Path, storage: Option<&Path>) {
    let storage = storage.map_or_else(|| folder.join("storage"), Path::to_owned);
    command.args(["serve", "--log", "error", "--listen", "127.0.0.1:0", "--storage"]).arg(storage);
    command.arg("--state").arg(folder.join("state"));
}

/// The next words, within this time.
fn hears(socket: &UnixDatagram, within: Duration) -> Option<String> {
    socket.set_read_timeout(Some(within)).unwrap();
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).ok()?;
    Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
}

#[test]
fn systemd_hears_when_the_server_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let name = format!("shaman-test-{}", std::process::id());
    let nameless = SocketAddr::from_abstract_name(&name).unwrap();
    for (socket, said) in [
        (UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap().to_owned()),
        (UnixDatagram::bind_addr(&nameless).unwrap(), format!("@{name}")),
    ] {
        let mut service = Service::start(None, &[("NOTIFY_SOCKET", &said)]);
        let words = hears(&socket, Duration::from_secs(20)).unwrap();
        assert!(words.starts_with("READY=1\n") && words.contains(&service.address), "{words}");
        // It is true.
        let answer = Connection::to(&service.address).send("GET", "/v1/status", &[], b"");
        assert_eq!(answer.status, 200);
        service.ask_to_stop();
        let words = hears(&socket, Duration::from_secs(20)).unwrap();
        assert!(words.starts_with("STOPPING=1\n"), "{words}");
        assert!(service.child.wait().unwrap().success());
        assert_eq!(hears(&socket, Duration::from_millis(50)), None, "nobody asked for a watchdog");
    }
}

#[test]
fn the_watchdog_is_fed_while_the_storage_answers_and_starves_when_it_hangs() {
    let Some(disk) = FoldingDisk::mount() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "900000")];
    let service = Service::start(Some(&disk.path().join("storage")), &environment);
    let fed = |within| loop {
        match hears(&socket, within) {
            Some(words) if words == "WATCHDOG=1" => return true,
            Some(_) => {}
            None => return false,
        }
    };
    let began = Instant::now();
    for _ in 0..4 {
        assert!(fed(Duration::from_millis(900)), "three times in that time");
    }
    assert!(began.elapsed() >= Duration::from_millis(600), "and not all the time");
    let keeper = Hung::of(&disk.path());
    // What was said before that.
    while hears(&socket, Duration::from_millis(100)).is_some() {}
    assert!(!fed(Duration::from_secs(2)), "a storage that hangs answers nobody");
    drop(keeper);
    assert!(fed(Duration::from_secs(10)), "it answers again");
    service.ask_to_stop();
    drop(service);
}

/// The program behind a mount, which does nothing until this is dropped.
struct Hung(Pid);

impl Hung {
    fn of(mount: &Path) -> Self {
        let mount = mount.to_str().unwrap();
        for entry in std::fs::read_dir("/proc").unwrap() {
            let entry = entry.unwrap();
            let id = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
            let line = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            let Some(id) = id.filter(|_| line.starts_with("lowntfs-3g")) else { continue };
            if line.split('\0').any(|word| word == mount) {
                let pid = Pid::from_raw(id).unwrap();
                kill_process(pid, Signal::STOP).unwrap();
                return Self(pid);
            }
        }
        panic!("nobody keeps {mount}");
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        kill_process(self.0, Signal::CONT).ok();
    }
}

/// The command that starts a server with these sockets as `LISTEN_FDS`. The shell moves them, since
/// nobody else can put them at 3 without `unsafe`.
fn with_sockets(folder: &Path, sockets: Vec<OwnedFd>) -> Command {
    let count = sockets.len();
    let moves =
        if count == 2 { "exec 3<&0 4<&2 </dev/null 2>/dev/null" } else { "exec 3<&0 </dev/null" };
    let script = format!("{moves}; LISTEN_PID=$$ LISTEN_FDS={count} exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_shaman-server")]);
    arguments(&mut command, folder, None);
    let mut sockets = sockets.into_iter();
    command.stdin(Stdio::from(sockets.next().unwrap()));
    if let Some(second) = sockets.next() {
        command.stderr(Stdio::from(second));
    }
    command
}

#[test]
fn a_socket_that_listens_already_is_used_and_who_waits_at_it_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut early = TcpStream::connect(&address).unwrap();
    early.write_all(b"GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = with_sockets(folder.path(), vec![listener.into()]);
    let service = Service::run(&mut command, folder);
    assert_eq!(service.address, address);
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(service.folder.path().join("storage/jobs").is_dir());
}

#[test]
fn sockets_that_cannot_be_used_are_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
    let refused = with_sockets(folder.path(), vec![unix.into()]).output().unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(words.contains("ListenStream=ADDRESS:PORT"), "{words}");
    let two = ["127.0.0.1:0"; 2].map(|any| TcpListener::bind(any).unwrap().into());
    let refused = with_sockets(folder.path(), two.into()).status().unwrap();
    assert_eq!(refused.code(), Some(1));
    assert!(!folder.path().join("storage").exists());
}
