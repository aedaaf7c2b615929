//! The words of the command line; no behaviour.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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

/// Arguments of `shaman-server serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Shared storage: blobs and checkouts live below it
    #[arg(long, value_name = "DIR", env = "SHAMAN_STORAGE", default_value = "./shaman-storage")]
    pub storage: PathBuf,
    /// Local state: the index lives below it, and may be deleted while the server is stopped
    #[arg(long, value_name = "DIR", env = "SHAMAN_STATE", default_value = "./shaman-state")]
    pub state: PathBuf,
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR", env = "SHAMAN_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// What to log: error, warn, info, debug or trace, also by part (`info,shaman_server=debug`)
    #[arg(long, value_name = "LEVEL", env = "SHAMAN_LOG", default_value = "info")]
    pub log: String,
}
