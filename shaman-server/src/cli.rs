//! The words of the command line; no behaviour.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use shaman_proto::parse_duration;

use crate::config::Said;
use crate::systemd::SystemdSaid;

/// A content-addressed file server for Blender render farms.
#[derive(Debug, Parser)]
#[command(name = "shaman-server", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Arguments of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What `shaman-server` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Receive files and make checkouts until SIGTERM or Ctrl-C (the default)
    Serve(ServeArgs),
    /// Sweep a storage whose server is stopped: remove what nothing uses
    Gc(GcArgs),
    /// Test every invariant of a storage whose server is stopped; fails when one is broken
    Check(CheckArgs),
    /// Rebuild the index of a server that is stopped
    Reindex(StoreArgs),
    /// Look at storage, permissions, room, clock, index, Manager and port, and say what to do
    Doctor(DoctorArgs),
    /// Print the script that completes these commands in a shell
    Completions(CompletionsArgs),
    /// Write the manual pages of these commands
    Man(ManArgs),
}

/// Which storage.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Configuration file (YAML)
    #[arg(long, value_name = "FILE", env = "SHAMAN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Shared storage: blobs and checkouts live below it [default: ./shaman-storage]
    #[arg(long, value_name = "DIR", env = "SHAMAN_STORAGE")]
    pub storage: Option<PathBuf>,
    /// Local state: the index lives below it, and may be deleted while the server is stopped
    /// [default: ./shaman-state]
    #[arg(long, value_name = "DIR", env = "SHAMAN_STATE")]
    pub state: Option<PathBuf>,
}

impl StoreArgs {
    /// What was said.
    pub fn said(&self) -> Said {
        Said { storage: self.storage.clone(), state: self.state.clone(), ..Said::default() }
    }
}

/// Arguments of `shaman-server gc`.
#[derive(Debug, Clone, Args)]
pub struct GcArgs {
    /// Which storage.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Blobs that were not used for longer go, like `14d` [default: `maxAge` of the configuration]
    #[arg(long, value_name = "TIME")]
    pub max_age: Option<String>,
    /// Also when nearly all of the storage would go
    #[arg(long)]
    pub force: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman-server check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Which storage.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Share of the blobs to read and compare with their names, like `5%`
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    pub read_data: String,
    /// One JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman-server serve`. What is said here or in the environment wins over the file.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Which storage.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "SHAMAN_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Flamenco Manager that everything but Shaman's own requests is passed on to
    #[arg(long, value_name = "URL", env = "SHAMAN_UPSTREAM")]
    pub upstream: Option<String>,
    /// What to log: error, warn, info, debug or trace, also by part (`info,shaman_server=debug`)
    /// [default: info]
    #[arg(long, value_name = "LEVEL", env = "SHAMAN_LOG")]
    pub log: Option<String>,
    /// How lines of the log look: `auto` is `text` on a terminal and `json` elsewhere
    #[arg(long, value_name = "FORMAT", env = "SHAMAN_LOG_FORMAT", value_enum, default_value_t = LogFormat::Auto)]
    pub log_format: LogFormat,
    /// What systemd says.
    #[command(flatten)]
    pub systemd: SystemdArgs,
    /// Shortest age that a sweep may be asked for. For tests of Shaman itself, which cannot wait for
    /// an hour: clients need that time.
    #[arg(long, hide = true, env = "SHAMAN_TEST_AGE_MIN", value_parser = parse_duration)]
    pub test_age_min: Option<Duration>,
    /// Between two points of the store's history. For tests of Shaman itself, too.
    #[arg(long, hide = true, env = "SHAMAN_TEST_HISTORY_EVERY", value_parser = parse_duration)]
    pub test_history_every: Option<Duration>,
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people on a terminal, for programs elsewhere.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl ServeArgs {
    /// What was said about the server itself.
    pub fn said(&self) -> Said {
        Said {
            listen: self.listen,
            log: self.log.clone(),
            upstream: self.upstream.clone(),
            age_min: self.test_age_min,
            history_every: self.test_history_every,
            ..self.store.said()
        }
    }
}

/// Arguments of `shaman-server completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell that reads the script
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `shaman-server man`.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// The directory to write them into, a file a command; made when it is not there
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
}

/// What systemd says to a service that it starts, always by the environment.
#[derive(Debug, Clone, Args)]
pub struct SystemdArgs {
    /// The socket that it listens on.
    #[arg(long, hide = true, env = "NOTIFY_SOCKET")]
    pub notify_socket: Option<OsString>,
    /// Microseconds within which it wants to hear from us.
    #[arg(long, hide = true, env = "WATCHDOG_USEC")]
    pub watchdog_usec: Option<u64>,
    /// Whom it wants to hear from.
    #[arg(long, hide = true, env = "WATCHDOG_PID")]
    pub watchdog_pid: Option<u32>,
}

impl SystemdArgs {
    /// What was said.
    pub fn said(&self) -> SystemdSaid {
        SystemdSaid {
            notify_socket: self.notify_socket.clone(),
            watchdog_usec: self.watchdog_usec,
            watchdog_pid: self.watchdog_pid,
        }
    }
}

/// Arguments of `shaman-server doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The server as it would be started.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// Number of the user that workers run as; tried for real when root asks
    #[arg(long, value_name = "UID", default_value_t = 65_534)]
    pub worker: u32,
    /// One JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}
