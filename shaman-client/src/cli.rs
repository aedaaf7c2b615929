//! The words of the command line; no behaviour.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::secret::Secret;
use shaman_proto::{CheckoutPath, parse_bytes, parse_duration};

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
    /// Bring a .blend with everything it needs to where workers see it
    Submit(SubmitArgs),
    /// List the files a .blend needs
    Deps(DepsArgs),
    /// Put a .blend with everything it needs into a directory or an archive, without a server
    Pack(PackArgs),
    /// Upload a directory as it is and make a checkout of it
    Upload(UploadArgs),
    /// Make a directory of a checkout of a server, on a machine without the shared storage
    Fetch(FetchArgs),
    /// Tell whether a checkout is complete where it stands, without a server
    Verify(VerifyArgs),
    /// Tell what differs between two checkouts
    Diff(DiffArgs),
    /// Ask the server whether it is there and what it is
    Ping(PingArgs),
    /// List, show, erase and pin the checkouts of a server
    Checkouts(CheckoutsArgs),
    /// Have a server remove the blobs that nothing uses
    Gc(GcArgs),
    /// Tell how the store of a server is
    Status(StatusArgs),
    /// List the blobs of a server that are damaged, and the checkouts they stand in
    Damage(DamageArgs),
    /// Have a server read all its blobs again, to find damage
    Scrub(ScrubArgs),
    /// Have a server compare its index with the storage
    Reindex(ServerArgs),
    /// Tell whether this machine sees a checkout as it should, and how fast
    Doctor(DoctorArgs),
    /// Print the script that completes these commands in a shell
    Completions(CompletionsArgs),
    /// Write the manual pages of these commands
    Man(ManArgs),
}

/// Which server to talk to.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Shaman server or Flamenco Manager to talk to
    #[arg(long, env = "SHAMAN_URL", default_value = DEFAULT_SERVER, value_name = "URL")]
    pub server: String,
    /// Token for servers that ask for one. Other users of this machine see what stands on a command
    /// line: better set the variable, or name a file
    #[arg(long, env = "SHAMAN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<Secret>,
    /// File with the token in it
    #[arg(long, env = "SHAMAN_TOKEN_FILE", value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// File with certificates (PEM) of authorities to trust besides those of this machine, for
    /// servers at https:// with a certificate of your own
    #[arg(long, env = "SHAMAN_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// Where is kept what was read or fetched before.
#[derive(Debug, Clone, Args)]
pub struct CacheArgs {
    /// Directory for the caches of hashes, traces and fetched blobs; default: shaman in the user's
    /// cache directory
    #[arg(long, env = "SHAMAN_CACHE", value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// The user's cache directory.
    #[arg(long, env = "XDG_CACHE_HOME", hide = true)]
    pub user_cache: Option<PathBuf>,
    /// The user's home.
    #[arg(long, env = "HOME", hide = true)]
    pub home: Option<PathBuf>,
}

impl CacheArgs {
    /// The directory for the cache; `None` when there is no home to put it into.
    pub fn dir(&self) -> Option<PathBuf> {
        let below = |dir: &PathBuf| dir.join("shaman");
        let in_home = || self.home.as_ref().map(|home| home.join(".cache/shaman"));
        self.cache.clone().or_else(|| self.user_cache.as_ref().map(below)).or_else(in_home)
    }
}

/// How workers come to see the files of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Approach {
    /// Used where they are, in the shared storage
    InPlace,
    /// Copied into the shared storage, each time
    Copy,
    /// Uploaded and checked out by the server
    Shaman,
}

impl Approach {
    /// The word on the command line and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InPlace => "in-place",
            Self::Copy => "copy",
            Self::Shaman => "shaman",
        }
    }
}

/// Whether large files that resemble what the server has travel in part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Delta {
    /// Where that is likely to be faster
    #[default]
    Auto,
    /// Whenever something of a file is there
    Always,
    /// Files travel whole
    Never,
}

/// How files travel.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct SendingArgs {
    /// Whether of large files that resemble what the server has only what is new travels
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub delta: Delta,
}

/// Arguments of `shaman submit`.
#[derive(Debug, Clone, Args)]
pub struct SubmitArgs {
    /// The .blend file to submit
    #[arg(value_name = "FILE.blend")]
    pub blend: PathBuf,
    /// Project root; default: the nearest parent with `.blender_project`, `.git` or `.svn`, else the
    /// directory of the .blend
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Name of the checkout or copy; default: the name of the .blend without its ending
    #[arg(long)]
    pub name: Option<String>,
    /// How workers come to see the files; default: in place when the .blend lies in the shared
    /// storage, else a checkout when the server makes any, else a copy
    #[arg(long, value_enum)]
    pub approach: Option<Approach>,
    /// The shared storage as this machine sees it, for files in place and copies; no server is
    /// asked for it then
    #[arg(long, value_name = "DIR")]
    pub storage: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Where hashes are remembered.
    #[command(flatten)]
    pub cache: CacheArgs,
    /// How files travel.
    #[command(flatten)]
    pub sending: SendingArgs,
    /// Print JSON lines instead of progress bars and a summary
    #[arg(long)]
    pub json: bool,
    /// Take proxies of clips and strips as well, which renders do without
    #[arg(long)]
    pub with_proxies: bool,
    /// Fail when a file the .blend asks for is missing
    #[arg(long)]
    pub strict: bool,
    /// The job at the Manager.
    #[command(flatten)]
    pub job: JobArgs,
}

/// The job at the Flamenco Manager behind the server.
#[derive(Debug, Clone, Args)]
pub struct JobArgs {
    /// Create the job at the Flamenco Manager behind the server, too
    #[arg(long, requires = "job_type")]
    pub flamenco: bool,
    /// Type of the job, as the Manager names it
    #[arg(long, value_name = "TYPE", requires = "flamenco")]
    pub job_type: Option<String>,
    /// A setting of the job; may be given many times
    #[arg(long = "setting", value_name = "KEY=VALUE", value_parser = parse_setting, requires = "flamenco")]
    pub settings: Vec<(String, String)>,
    /// Priority of the job; default: 50
    #[arg(long, value_name = "N", requires = "flamenco", allow_negative_numbers = true)]
    pub priority: Option<i32>,
    /// Name of the job; default: name of the checkout
    #[arg(long, value_name = "NAME", requires = "flamenco")]
    pub job_name: Option<String>,
    /// Who submits it.
    #[arg(long, env = "USER", hide = true)]
    pub user: Option<String>,
    /// Who submits it, on Windows.
    #[arg(long, env = "USERNAME", hide = true)]
    pub user_name: Option<String>,
}

/// Takes a setting apart at its first `=`.
fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// Arguments of `shaman deps`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct DepsArgs {
    /// The .blend file to look into
    #[arg(value_name = "FILE.blend")]
    pub blend: PathBuf,
    /// Project root; default: the nearest parent with `.blender_project`, `.git` or `.svn`, else the
    /// directory of the .blend
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Print one JSON object instead of a list
    #[arg(long, conflicts_with = "tree")]
    pub json: bool,
    /// Print who asks for what: under each .blend its libraries and files
    #[arg(long)]
    pub tree: bool,
    /// Print only what is missing and who asks for it; exit with 3 if something is
    #[arg(long, conflicts_with = "tree")]
    pub missing_only: bool,
    /// Take proxies of clips and strips as well, which renders do without
    #[arg(long)]
    pub with_proxies: bool,
    /// Where is remembered what each .blend says.
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Arguments of `shaman pack`.
#[derive(Debug, Clone, Args)]
pub struct PackArgs {
    /// The .blend file to pack
    #[arg(value_name = "FILE.blend")]
    pub blend: PathBuf,
    /// Where the pack goes: a directory that is not there yet, or a file that ends in .zip
    #[arg(long, value_name = "DIR|FILE.zip")]
    pub into: PathBuf,
    /// Project root; default: the nearest parent with `.blender_project`, `.git` or `.svn`, else the
    /// directory of the .blend
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Hard-link files instead of copying them, where the file system can
    #[arg(long)]
    pub link: bool,
    /// Compress the files in an archive
    #[arg(long)]
    pub deflate: bool,
    /// Name in the pack's manifest; default: the name of the .blend without its ending
    #[arg(long)]
    pub name: Option<String>,
    /// Where hashes and rewritten files are remembered.
    #[command(flatten)]
    pub cache: CacheArgs,
    /// Print JSON lines instead of progress bars and a summary
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
    /// Where hashes are remembered.
    #[command(flatten)]
    pub cache: CacheArgs,
    /// How files travel.
    #[command(flatten)]
    pub sending: SendingArgs,
    /// Print JSON lines instead of progress bars and a summary
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman fetch`.
#[derive(Debug, Clone, Args)]
pub struct FetchArgs {
    /// The checkout's path, exactly as `shaman checkouts list` says it
    #[arg(value_name = "CHECKOUT")]
    pub checkout: CheckoutPath,
    /// The directory to make; nothing may be there yet, or an empty directory
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// Hard-link the files from the cache, read-only, instead of copying them
    #[arg(long)]
    pub link: bool,
    /// Most bytes of blobs in the cache, besides those that directories link to: 500MB, 50GB, 1TiB
    #[arg(long, value_name = "BYTES", default_value = "50GB", value_parser = parse_bytes)]
    pub cache_size: u64,
    /// Where fetched blobs are kept for the next time.
    #[command(flatten)]
    pub cache: CacheArgs,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print JSON lines instead of progress bars and a summary
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The directory of a checkout, with its `.shaman-manifest.json`
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Look again until all is there, for so long at most: 90s, 10m, 1h30m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub wait: Option<Duration>,
    /// Compare sizes only
    #[arg(long)]
    pub quick: bool,
    /// Print one JSON object instead of a list
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// What was: the directory of a checkout, or the path of a checkout of the server
    #[arg(value_name = "A")]
    pub before: String,
    /// What is
    #[arg(value_name = "B")]
    pub after: String,
    /// Which server; not asked for directories.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object instead of a list
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

/// Arguments of `shaman checkouts`.
#[derive(Debug, Clone, Args)]
pub struct CheckoutsArgs {
    /// What about them.
    #[command(subcommand)]
    pub verb: CheckoutsVerb,
}

/// What `shaman checkouts` can do.
#[derive(Debug, Clone, Subcommand)]
pub enum CheckoutsVerb {
    /// List all checkouts
    List(ListArgs),
    /// Show what a checkout consists of and what it costs
    Show(CheckoutArgs),
    /// Erase a checkout, whoever uses it; workers that have a file of it open keep that
    Erase(CheckoutArgs),
    /// Keep a checkout whatever becomes of its job
    Pin(PinArgs),
    /// Take a pin away
    Unpin(CheckoutArgs),
}

/// Arguments of `shaman checkouts list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// One checkout of a server.
#[derive(Debug, Clone, Args)]
pub struct CheckoutArgs {
    /// The checkout's path, exactly as `shaman checkouts list` says it
    #[arg(value_name = "CHECKOUT")]
    pub checkout: CheckoutPath,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman checkouts pin`.
#[derive(Debug, Clone, Args)]
pub struct PinArgs {
    /// Which checkout.
    #[command(flatten)]
    pub checkout: CheckoutArgs,
    /// Why; it stands in the list
    #[arg(long, default_value = "")]
    pub reason: String,
    /// For how long: 12h, 30d; default: until somebody takes it away
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub time: Option<Duration>,
}

/// Arguments of `shaman gc`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct GcArgs {
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Remove what was not used for longer: 14d, 744h; default: the server's own age
    #[arg(long, value_name = "DURATION")]
    pub max_age: Option<String>,
    /// Also when nearly all of the store would go
    #[arg(long)]
    pub force: bool,
    /// Look at every blob on the storage: slower, and finds what was put there past all servers
    #[arg(long)]
    pub storage: bool,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman damage`.
#[derive(Debug, Clone, Args)]
pub struct DamageArgs {
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman scrub`.
#[derive(Debug, Clone, Args)]
pub struct ScrubArgs {
    /// How fast: 20MB/s; default: as the server is configured
    #[arg(long, value_name = "RATE")]
    pub rate: Option<String>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `shaman completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell that reads the script
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `shaman man`.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// The directory to write them into, a file a command; made when it is not there
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
}

/// Arguments of `shaman doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The directory of a checkout, as this machine sees it
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print one JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}
