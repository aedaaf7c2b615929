//! The words of the command line; no behaviour.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Said;

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
}

/// Arguments of `shaman-server serve`. What is said here or in the environment wins over the file.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
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
}

impl ServeArgs {
    /// What was said about the server itself.
    pub fn said(&self) -> Said {
        Said {
            storage: self.storage.clone(),
            state: self.state.clone(),
            listen: self.listen,
            log: self.log.clone(),
            upstream: self.upstream.clone(),
        }
    }
}
