//! The words of the command line; no behaviour.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Where a server listens when nobody says otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// Submits Blender projects to a render farm: finds every file a .blend needs, uploads only what
/// the server lacks, and asks for a checkout that workers can read.
#[derive(Debug, Parser)]
#[command(name = "shaman", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `shaman` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload a .blend with everything it needs and make a checkout of it
    Submit(SubmitArgs),
    /// List the files a .blend needs
    Deps(DepsArgs),
    /// Upload a directory as it is and make a checkout of it
    Upload(UploadArgs),
    /// Ask the server whether it is there and what it is
    Ping(PingArgs),
}

/// Which server to talk to.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Shaman server or Flamenco Manager to talk to
    #[arg(long, env = "SHAMAN_URL", default_value = DEFAULT_SERVER, value_name = "URL")]
    pub server: String,
}

/// Arguments of `shaman submit`.
#[derive(Debug, Clone, Args)]
pub struct SubmitArgs {
    /// The .blend file to submit
    #[arg(value_name = "FILE.blend")]
    pub blend: PathBuf,
    /// Project root; default: the nearest parent with .blender_project, .git or .svn, else the
    /// directory of the .blend
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Name of the checkout; default: the name of the .blend without its ending
    #[arg(long)]
    pub name: Option<String>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON lines instead of progress bars and a summary
    #[arg(long)]
    pub json: bool,
    /// Fail when a file the .blend asks for is missing
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `shaman deps`.
#[derive(Debug, Clone, Args)]
pub struct DepsArgs {
    /// The .blend file to look into
    #[arg(value_name = "FILE.blend")]
    pub blend: PathBuf,
    /// Project root; default: the nearest parent with .blender_project, .git or .svn, else the
    /// directory of the .blend
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Print one JSON object instead of a list
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman upload`.
#[derive(Debug, Clone, Args)]
pub struct UploadArgs {
    /// The directory to upload
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Name of the checkout; default: the name of the directory
    #[arg(long)]
    pub name: Option<String>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON lines instead of progress bars and a summary
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman ping`.
#[derive(Debug, Clone, Args)]
pub struct PingArgs {
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
