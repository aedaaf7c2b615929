//! Configuration: what was written and said, made complete and checked.
//!
//! ```text
//!  shaman.yaml ─► yaml ─┐
//!  environment ─────────┼─► said ─► read ─► Config      keys: the table of all of them
//!  flags ───────────────┘             └───► Mistakes    all at once, each with its place
//! ```
//!
//! A flag wins over an environment variable, that over the file. `Config` is what it all means: no
//! `Option` in it stands for a default.

mod current;
mod keys;
mod limits;
mod mistakes;
mod otlp;
mod read;
mod reference;
mod said;
mod scrubbing;
mod sweeping;
mod tls;
mod upstream;
mod variables;
mod words;
mod yaml;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use glob::Pattern;
use ipnet::IpNet;
use shaman_proto::parse_duration;

use crate::access::{Rules, Scope, Scopes};
use read::Reader;
use said::Sayings;

pub use current::Current;
pub use keys::{Counts, KEYS, Key, OF_FLAMENCO, Takes};
pub use limits::Limits;
pub use mistakes::{Mistake, Mistakes, Place};
pub use otlp::Otlp;
pub use read::Effective;
pub use reference::reference;
pub use scrubbing::{Scrubbing, parse_rate};
pub use sweeping::{Room, Sweeping};
pub use tls::TlsFiles;
pub use upstream::{Upstream, UpstreamError};
pub use variables::{Audience, Platform, Variables};
pub use words::{Durability, LinkWord};

/// Longest wait that can be configured: longer ones are mistakes.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Longest time that can be configured, so that no sum overflows.
const LONGEST: Duration = Duration::from_hours(3_653 * 24);

/// Most bytes of blobs whose chunks can be remembered: their rows would take 250 GB.
const DELTA_KNOWN_BYTES_MAX: u64 = 100 << 40;

/// Characters of a path's component from which on it is a secret: in letters and digits that is 90
/// bits, which nobody guesses over a network.
const SECRET_LENGTH: usize = 16;

/// What a server needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Shared storage.
    pub storage: PathBuf,
    /// Local state.
    pub state: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What connections are encrypted with, if they are.
    pub tls: Option<TlsFiles>,
    /// What to log.
    pub log: String,
    /// From where guests may come.
    pub trusted_networks: Vec<IpNet>,
    /// What guests may do where there are tokens.
    pub guests: Scopes,
    /// Whether somebody said that everybody may come in.
    pub is_open: bool,
    /// How to answer.
    pub settings: Settings,
    /// When what was uploaded survives a power cut.
    pub durability: Durability,
    /// What the files of checkouts are.
    pub link_policy: LinkWord,
    /// Files that tools modify, by name or path: they have bytes of their own.
    pub copy_globs: Vec<Pattern>,
    /// Bytes of blobs whose chunks are remembered; 0 for none.
    pub delta_known_bytes: u64,
    /// The Flamenco Manager behind us, if there is one.
    pub upstream: Option<Upstream>,
    /// Between two looks at the Manager's list of jobs, for those that were deleted past us.
    pub follow_period: Duration,
    /// Where it is written who did what, if anywhere.
    pub audit_log: Option<PathBuf>,
    /// Who gets spans and figures, if anybody does.
    pub otlp: Option<Otlp>,
    /// Every key with the text that counts, and where that was said.
    pub effective: Vec<Effective>,
}

/// How requests are answered.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether a client that may come back is told to (425) when another one sends the same blob.
    pub defer: bool,
    /// Longest time that a create waits for blobs of its list that are being sent.
    pub upload_wait: Duration,
    /// What comes before each path that is answered; empty, or starting with a slash and ending
    /// without.
    pub path_prefix: String,
    /// What the storage is called on other machines.
    pub variables: Variables,
    /// When to sweep, and what.
    pub sweeping: Sweeping,
    /// How fast and how often blobs are read again.
    pub scrubbing: Scrubbing,
    /// Age at which checkouts that no job has are erased; `None`: they stay.
    pub expire_after: Option<Duration>,
    /// Between two points of the store's history.
    pub history_every: Duration,
    /// Proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// How much one client may take from others.
    pub limits: Limits,
}

impl Settings {
    /// These, but what a server has to keep from its start on as it is in `old`.
    #[must_use]
    pub fn with_fixed_of(self, old: &Self) -> Self {
        let sweeping = Sweeping {
            max_age: old.sweeping.max_age,
            age_min: old.sweeping.age_min,
            reserve: old.sweeping.reserve,
            ..self.sweeping
        };
        let path_prefix = old.path_prefix.clone();
        let limits = Limits { entries: old.limits.entries, ..self.limits };
        Self { path_prefix, sweeping, limits, expire_after: old.expire_after, ..self }
    }
}

/// What flags said, and what the environment says.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Shared storage.
    pub storage: Option<PathBuf>,
    /// Local state.
    pub state: Option<PathBuf>,
    /// Where to listen.
    pub listen: Option<String>,
    /// What to log.
    pub log: Option<String>,
    /// Address of the Flamenco Manager.
    pub upstream: Option<String>,
    /// Shortest age of a sweep; an hour unless a test says otherwise.
    pub age_min: Option<Duration>,
    /// Between two points of the store's history; five minutes unless a test says otherwise.
    pub history_every: Option<Duration>,
    /// Variables of the environment.
    pub environment: BTreeMap<String, String>,
}

impl Config {
    /// Puts together what was said and what the file at `path` says. Reads nothing else and changes
    /// nothing. All mistakes come back at once.
    pub fn load(said: &Said, path: Option<&Path>) -> Result<Self, Mistakes> {
        let mut sayings = Sayings::default();
        if let Some(path) = path {
            sayings.read_file(path);
        }
        sayings.read_environment(&said.environment);
        // For what stands in lists and messages; the path itself may be any.
        let text = |path: &Option<PathBuf>| Some(path.as_ref()?.to_string_lossy().into_owned());
        sayings.say("shared_storage_path", text(&said.storage).as_deref());
        sayings.say("state", text(&said.state).as_deref());
        sayings.say("listen", said.listen.as_deref());
        sayings.say("log", said.log.as_deref());
        sayings.say("upstream", said.upstream.as_deref());
        Self::read(Reader::new(sayings), said)
    }

    fn read(mut reader: Reader, said: &Said) -> Result<Self, Mistakes> {
        let r = &mut reader;
        let storage =
            r.one("shared_storage_path", |text| refuse_unc(text).map(|()| PathBuf::from(text)));
        let state = r.one("state", |text| refuse_unc(text).map(|()| PathBuf::from(text)));
        let listen = r.one("listen", parse_listen);
        let tls = TlsFiles::read(r);
        let log = r.one("log", parse_log);
        let path_prefix = r.one("path_prefix", parse_prefix);
        let trusted_networks = r.many("trusted_networks", parse_network);
        let guests: Scopes = r.many("guests", str::parse::<Scope>).into_iter().collect();
        let is_open = r.flag("open");
        let upstream = r.one("upstream", |text| {
            let some = (!text.is_empty()).then(|| text.parse::<Upstream>());
            some.transpose()
        });
        let follow_period = r.time("follow_period", Duration::from_secs(1), WAIT_MAX);
        let upload_wait = r.time("upload_wait", Duration::ZERO, WAIT_MAX);
        let defer = r.flag("defer");
        r.flag("shaman.enabled");
        let sweeping = Sweeping::read(r, said.age_min);
        let durability = r.one("durability", str::parse);
        let link_policy = r.one("checkouts.link_policy", str::parse);
        let copy_globs = r.many("checkouts.copy_globs", parse_glob);
        let expire_after = r.one("checkouts.expire_after", parse_expiry);
        let delta_known_bytes = r.bytes("delta.known", 0, DELTA_KNOWN_BYTES_MAX);
        let scrubbing = Scrubbing::read(r);
        let trusted_proxies = r.many("trusted_proxies", parse_network);
        let audit_log = r.file("audit_log");
        let limits = Limits::read(r);
        let otlp = Otlp::read(r);
        let (variables, mistakes) = Variables::read(r.tree("variables").as_ref());
        r.extend(mistakes);
        let effective = reader.end()?;
        Ok(Self {
            storage: said.storage.clone().unwrap_or(storage),
            state: said.state.clone().unwrap_or(state),
            listen,
            tls,
            log,
            trusted_networks,
            guests,
            is_open,
            settings: Settings {
                defer,
                upload_wait,
                path_prefix,
                variables,
                sweeping,
                scrubbing,
                expire_after,
                history_every: said.history_every.unwrap_or(Duration::from_mins(5)),
                trusted_proxies,
                limits,
            },
            audit_log,
            durability,
            link_policy,
            copy_globs,
            delta_known_bytes,
            upstream,
            follow_period,
            otlp,
            effective,
        })
    }
}

impl Config {
    /// Who is let in.
    pub fn rules(&self) -> Rules {
        Rules {
            networks: self.trusted_networks.clone(),
            has_secret_path: self.has_secret_path(),
            is_open: self.is_open,
            guests: self.guests,
        }
    }

    /// Says whether there is a rule that keeps somebody out, or somebody who wants none.
    pub fn has_rule(&self) -> bool {
        self.is_open || !self.trusted_networks.is_empty() || self.has_secret_path()
    }

    fn has_secret_path(&self) -> bool {
        self.settings.path_prefix.split('/').any(|part| part.len() >= SECRET_LENGTH)
    }
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    // As Flamenco writes it.
    let whole = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    whole.parse().map_err(|_| {
        format!("`{text}` is no address and port; write it like `127.0.0.1:8080`, `[::1]:8080` or `:8080`")
    })
}

fn parse_log(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is not a log level; use error, warn, info, debug or trace")),
    }
}

/// A network, or a single address.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network
        .map_err(|_| format!("`{text}` is no network; write it like `10.0.0.0/8`, or one address"))
}

fn parse_glob(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| {
        format!("`{text}` is no pattern of names ({error}); write it like `*.blend1` or `caches/*`")
    })
}

fn parse_expiry(text: &str) -> Result<Option<Duration>, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    if time > Duration::ZERO && time < Duration::from_hours(1) {
        return Err(format!("`{text}` is less than an hour; `0` keeps checkouts"));
    }
    Ok(Some(time).filter(|time| *time > Duration::ZERO))
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let prefix = text.trim_end_matches('/');
    let is_plain = prefix.split('/').skip(1).all(|part| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    if is_plain && (prefix.is_empty() || prefix.starts_with('/')) {
        return Ok(prefix.to_owned());
    }
    Err("this cannot come before a path; write it like `/farm`, with letters, digits, `-`, `_` and `.`".to_owned())
}

fn refuse_unc(path: &str) -> Result<(), String> {
    let is_unc = [r"\\", "//"].iter().any(|start| path.starts_with(start));
    if !is_unc {
        return Ok(());
    }
    Err(format!(
        "UNC notation (`{path}`) is not supported; mount the share and name the mounted directory, on Windows by its drive letter"
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write files")]
    use super::*;

    fn load(text: &str, said: &Said) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shaman.yaml");
        std::fs::write(&path, text).unwrap();
        Config::load(said, Some(&path))
            .map_err(|error| error.to_string().replace(path.to_str().unwrap(), "FILE"))
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let text = "shared_storage_path: /srv/farm\nlisten: 127.0.0.1:9000\nupload_wait: 1m30s\n";
        let said = Said { listen: Some("127.0.0.1:1".into()), ..Said::default() };
        let config = load(text, &said).unwrap();
        assert_eq!(config.storage, Path::new("/srv/farm"));
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.settings.upload_wait, Duration::from_secs(90));
        assert_eq!(config.state, Path::new("./shaman-state"));
        assert!(!config.settings.defer);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let error = load("state: x\nupstraem: http://farm\n", &Said::default()).unwrap_err();
        assert!(error.contains("FILE:2:") && error.contains("upstraem"), "{error}");
        for (text, words) in [
            ("upload_wait: soon", "not a duration"),
            ("reserve: much", "no share"),
            ("max_sweep_share: 150%", "no share"),
            ("shaman: {garbageCollect: {maxAge: 5m}}", "between 1h"),
            ("shaman: {garbageCollect: {age: 5m}}", "age"),
            ("scrub: {rate: fast}", "20MB/s"),
            ("scrub: {every: 1d}", "every"),
            ("durability: never", "never"),
            ("checkouts: {expire_after: 5m}", "an hour"),
            ("checkouts: {link_policy: magic}", "magic"),
            ("checkouts: {copy_globs: ['a**b']}", "a**b"),
            ("delta: {known: 1PiB}", "delta.known"),
            ("upload_wait: 1000h", "24h"),
            ("follow_period: 0s", "between 1s"),
            ("upstream: http://farm:99999", "http://"),
            ("upstream: http://[::1", "http://"),
            (r"shared_storage_path: \\nas\farm", "drive letter"),
            ("shared_storage_path: //nas/farm", "drive letter"),
            ("upstream: https://farm", "http://"),
            ("otlp: {endpoint: 'https://agent'}", "address of a collector"),
            ("otlp: {interval: 1ms}", "otlp.interval"),
            ("tls: {certificate: x.pem}", "`tls.key`"),
            ("tls: {key: x.key}", "`tls.certificate`"),
            ("path_prefix: farm", "path_prefix"),
            ("path_prefix: /a/../b", "path_prefix"),
            ("path_prefix: '/{x}'", "path_prefix"),
            (
                "variables: {s: {is_twoway: true, values: [{platform: linux, value: '//nas/farm'}]}}",
                "drive letter",
            ),
            ("variables: {s: {is_twoway: true, values: [{platform: amiga, value: x}]}}", "amiga"),
        ] {
            let error = load(text, &Said::default()).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(Config::load(&Said::default(), Some(Path::new("/nowhere/shaman.yaml"))).is_err());
    }
}
