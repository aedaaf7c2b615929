//! The words of the command line; no behaviour.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use shaman_proto::parse_duration;

use crate::access::Scope;
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
    /// Ask the server that runs with this configuration whether it answers; fails when it does not
    Health(ServeArgs),
    /// Tell all mistakes in a configuration; fails when there is one
    CheckConfig(ServeArgs),
    /// List the keys of a configuration, or what counts
    Config(ConfigArgs),
    /// Make, list and revoke the tokens of a server, which may be running
    #[command(subcommand)]
    Token(TokenCommand),
}

/// Which storage.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Configuration file (YAML) [default: ./shaman.yaml, or ./flamenco-manager.yaml]
    #[arg(long, value_name = "FILE", env = "SHAMAN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Shared storage: blobs and checkouts live below it [env: `SHAMAN_STORAGE`]
    /// [default: ./shaman-storage]
    #[arg(long, value_name = "DIR")]
    pub storage: Option<PathBuf>,
    /// Local state: the tokens, and the index, which may be deleted while the server is stopped
    /// [env: `SHAMAN_STATE`] [default: ./shaman-state]
    #[arg(long, value_name = "DIR")]
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

/// Arguments of `shaman-server config`.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// What was said.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// Print what counts for each key, and where it was said, instead of defaults
    #[arg(long)]
    pub effective: bool,
}

/// What can be done with tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, once. With the first one the server begins to ask for tokens
    Create(TokenCreateArgs),
    /// List the tokens, without their secrets
    List(TokenListArgs),
    /// Make a token worth nothing, at once
    Revoke(TokenRevokeArgs),
}

/// Where the tokens are.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Configuration file (YAML) [default: ./shaman.yaml, or ./flamenco-manager.yaml]
    #[arg(long, value_name = "FILE", env = "SHAMAN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Local state of the server; the tokens are kept in it [env: `SHAMAN_STATE`]
    /// [default: ./shaman-state]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// Arguments of `shaman-server token create`.
#[derive(Debug, Clone, Args)]
pub struct TokenCreateArgs {
    /// Where the tokens are.
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// What it allows: `submit`, `read` or `ops`, or some of them (`submit,read`)
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
    pub scopes: Vec<Scope>,
    /// What it is called. Checkouts that are made with it belong to this name
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// How long it is good, like `90d`; for ever when nothing is said
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub expires: Option<Duration>,
}

/// Arguments of `shaman-server token list`.
#[derive(Debug, Clone, Args)]
pub struct TokenListArgs {
    /// Where the tokens are.
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// JSON lines instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman-server token revoke`.
#[derive(Debug, Clone, Args)]
pub struct TokenRevokeArgs {
    /// Where the tokens are.
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
}

impl TokenArgs {
    /// What was said.
    pub fn said(&self) -> Said {
        Said { state: self.state.clone(), ..Said::default() }
    }
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
    /// Address and port to listen on; port 0 picks a free one [env: `SHAMAN_LISTEN`]
    /// [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Flamenco Manager that everything but Shaman's own requests is passed on to
    /// [env: `SHAMAN_UPSTREAM`]
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,
    /// What to log: error, warn, info, debug or trace, also by part (`info,shaman_server=debug`)
    /// [env: `SHAMAN_LOG`] [default: info]
    #[arg(long, value_name = "LEVEL")]
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
            listen: self.listen.clone(),
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
