//! What a service manager wants to hear (`sd_notify(3)`), and what it hands over: when to feed its
//! watchdog, and a socket that listens already. Without one every word goes nowhere.

mod notify;
mod sockets;

use std::ffi::OsString;
use std::time::Duration;

use notify::Line;
pub use sockets::{PassedError, passed_socket};

/// What the environment says of a service manager.
#[derive(Debug, Clone, Default)]
pub struct SystemdSaid {
    /// The socket that it listens on: a path, or `@` and a name.
    pub notify_socket: Option<OsString>,
    /// Microseconds within which it wants to hear from us, again and again.
    pub watchdog_usec: Option<u64>,
    /// The process that it wants to hear from; whoever, when nothing is said.
    pub watchdog_pid: Option<u32>,
}

/// The service manager that started us, if one did.
#[derive(Debug, Default)]
pub struct Systemd {
    line: Option<Line>,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// Takes what the environment says to the process with this id.
    pub fn new(said: SystemdSaid, own_pid: u32) -> Self {
        let SystemdSaid { notify_socket, watchdog_usec, watchdog_pid } = said;
        let is_ours = watchdog_pid.is_none_or(|pid| pid == own_pid);
        let watchdog = watchdog_usec.filter(|usec| *usec > 0 && is_ours);
        let line = notify_socket.filter(|name| !name.is_empty()).and_then(|name| {
            let opened = Line::open(&name);
            let name = name.display();
            opened
                .inspect_err(|error| tracing::warn!(%error, "cannot talk to systemd at `{name}`"))
                .ok()
        });
        Self { line, watchdog: watchdog.map(Duration::from_micros) }
    }

    /// Requests are answered from now on.
    pub fn ready(&self, listening_on: &str) {
        self.say(&format!("READY=1\nSTATUS=listening on {listening_on}"));
    }

    /// No new requests are taken; running ones may end.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=lets running requests end");
    }

    /// Time within which [`Systemd::feed`] has to be called, again and again; `None`: it need not.
    pub fn watchdog(&self) -> Option<Duration> {
        self.line.as_ref().and(self.watchdog)
    }

    /// The server works.
    pub fn feed(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, words: &str) {
        if let Some(line) = &self.line
            && let Err(error) = line.send(words)
        {
            tracing::warn!(%error, "systemd does not listen");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_for_another_process_is_none_for_us() {
        let folder = tempfile::tempdir().unwrap();
        let said = |pid| SystemdSaid {
            notify_socket: Some(folder.path().join("socket").into()),
            watchdog_usec: Some(3_000_000),
            watchdog_pid: pid,
        };
        let three = Some(Duration::from_secs(3));
        assert_eq!(Systemd::new(said(None), 7).watchdog(), three);
        assert_eq!(Systemd::new(said(Some(7)), 7).watchdog(), three);
        assert_eq!(Systemd::new(said(Some(8)), 7).watchdog(), None);
        assert_eq!(Systemd::new(SystemdSaid::default(), 7).watchdog(), None);
    }
}
