//! Configuration: what was written and said, made complete and checked.
//!
//! `file` is what may be written, `Config` is what it means: no `Option` in it stands for a
//! default. Flags and environment come in as [`Said`] and win over the file.

mod file;
mod scrubbing;
mod sweeping;
mod upstream;
mod variables;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use file::File;
use glob::{Pattern, PatternError};
use shaman_proto::{DurationError, parse_duration};

pub use file::{Durability, FileError, LinkWord};
pub use scrubbing::{Scrubbing, parse_rate};
pub use sweeping::{Room, Sweeping};
pub use upstream::{Upstream, UpstreamError};
pub use variables::{Audience, Platform, Variables};

/// Longest time that can be configured: longer ones are mistakes, and sums with them overflow.
const TIME_MAX: Duration = Duration::from_hours(24);

/// What a server needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Shared storage.
    pub storage: PathBuf,
    /// Local state.
    pub state: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What to log.
    pub log: String,
    /// How to answer.
    pub settings: Settings,
    /// When what was uploaded survives a power cut.
    pub durability: Durability,
    /// What the files of checkouts are.
    pub link_policy: LinkWord,
    /// Files that tools modify, by name or path: they have bytes of their own.
    pub copy_globs: Vec<Pattern>,
    /// The Flamenco Manager behind us, if there is one.
    pub upstream: Option<Upstream>,
    /// Between two looks at the Manager's list of jobs, for those that were deleted past us.
    pub follow_period: Duration,
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
}

/// What flags and environment said.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Shared storage.
    pub storage: Option<PathBuf>,
    /// Local state.
    pub state: Option<PathBuf>,
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// What to log.
    pub log: Option<String>,
    /// Address of the Flamenco Manager.
    pub upstream: Option<String>,
    /// Shortest age of a sweep; an hour unless a test says otherwise.
    pub age_min: Option<Duration>,
    /// Between two points of the store's history; five minutes unless a test says otherwise.
    pub history_every: Option<Duration>,
}

/// A configuration that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The Manager's address.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A network path where a directory must be.
    #[error(
        "UNC notation (`{0}`) is not supported; mount the share and name the mounted directory, on Windows by its drive letter"
    )]
    Unc(String),
    /// A path prefix that is none.
    #[error(
        "`path_prefix: {0}` cannot come before a path; write it like `/farm`, with letters, digits, `-`, `_` and `.`"
    )]
    Prefix(String),
    /// A time that is none.
    #[error("`{key}`: {source}")]
    Time {
        /// Which.
        key: &'static str,
        /// What is wrong.
        source: DurationError,
    },
    /// A time that is too short or too long.
    #[error("`{key}` takes a time from {least}s to 24h")]
    Bounds {
        /// Which.
        key: &'static str,
        /// Shortest one, in seconds.
        least: u64,
    },
    /// A time that would sweep what clients still count on.
    #[error("`shaman.garbageCollect.maxAge` is shorter than an hour; blobs stay at least so long")]
    TooYoung,
    /// A rate that is none.
    #[error(
        "`scrub.rate: {0}` is no rate; write it like `20MB/s`, or `0` to scrub on request only"
    )]
    Rate(String),
    /// A pattern that is none.
    #[error(
        "`checkouts.copy_globs: {text}` is no pattern of names; write it like `*.blend1` or `caches/*`"
    )]
    Glob {
        /// As written.
        text: String,
        /// What is wrong with it.
        source: PatternError,
    },
    /// Checkouts would go before their job is made.
    #[error("`checkouts.expire_after` takes an hour at least, or `0` to keep checkouts")]
    ExpiresTooSoon,
    /// A share that is none.
    #[error("`{key}: {text}` is no share; write it like `5%`{or}")]
    Share {
        /// Which.
        key: &'static str,
        /// What was written.
        text: String,
        /// What else could be written.
        or: &'static str,
    },
}

impl Config {
    /// Puts together what was said and what the file at `path` says. Reads nothing else and changes
    /// nothing.
    pub fn load(said: Said, path: Option<&Path>) -> Result<Self, ConfigError> {
        let file = path.map(File::read).transpose()?.unwrap_or_default();
        let storage = said
            .storage
            .or(file.shared_storage_path.map(PathBuf::from))
            .unwrap_or_else(|| "./shaman-storage".into());
        refuse_unc(&storage.to_string_lossy())?;
        let variables = Variables::new(file.variables);
        for value in variables.values() {
            refuse_unc(value)?;
        }
        let minute = Duration::from_mins(1);
        let sweeping = Sweeping::new(
            file.shaman.garbage_collect,
            file.trash_grace,
            file.max_sweep_share,
            file.reserve,
            said.age_min,
        )?;
        Ok(Self {
            storage,
            state: said.state.or(file.state).unwrap_or_else(|| "./shaman-state".into()),
            listen: said
                .listen
                .or(file.listen)
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            log: said.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
            settings: Settings {
                defer: file.defer.unwrap_or(false),
                upload_wait: bounded("upload_wait", 0, file.upload_wait, minute)?,
                path_prefix: file.path_prefix.map_or(Ok(String::new()), parse_prefix)?,
                variables,
                sweeping,
                scrubbing: Scrubbing::new(file.scrub)?,
                expire_after: expire_after(file.checkouts.expire_after)?,
                history_every: said.history_every.unwrap_or(minute * 5),
            },
            durability: file.durability,
            link_policy: file.checkouts.link_policy,
            copy_globs: globs(&file.checkouts.copy_globs)?,
            upstream: said.upstream.or(file.upstream).map(|text| text.parse()).transpose()?,
            follow_period: bounded("follow_period", 1, file.follow_period, minute)?,
        })
    }
}

fn time(
    key: &'static str,
    text: Option<String>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    text.map_or(Ok(default), |text| {
        parse_duration(&text).map_err(|source| ConfigError::Time { key, source })
    })
}

fn globs(texts: &[String]) -> Result<Vec<Pattern>, ConfigError> {
    let globs = texts.iter().map(|text| {
        let refused = |source| ConfigError::Glob { text: text.clone(), source };
        Pattern::new(text).map_err(refused)
    });
    globs.collect()
}

fn expire_after(text: Option<String>) -> Result<Option<Duration>, ConfigError> {
    let time = time("checkouts.expire_after", text, Duration::ZERO)?;
    if time > Duration::ZERO && time < Duration::from_hours(1) {
        return Err(ConfigError::ExpiresTooSoon);
    }
    Ok(Some(time).filter(|time| *time > Duration::ZERO))
}

/// A time between so many seconds and a day.
fn bounded(
    key: &'static str,
    least: u64,
    text: Option<String>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    let time = time(key, text, default)?;
    if (Duration::from_secs(least)..=TIME_MAX).contains(&time) {
        return Ok(time);
    }
    Err(ConfigError::Bounds { key, least })
}

fn parse_prefix(text: String) -> Result<String, ConfigError> {
    let prefix = text.trim_end_matches('/');
    let is_plain = prefix.split('/').skip(1).all(|part| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    if is_plain && (prefix.is_empty() || prefix.starts_with('/')) {
        return Ok(prefix.to_owned());
    }
    Err(ConfigError::Prefix(text))
}

fn refuse_unc(path: &str) -> Result<(), ConfigError> {
    let is_unc = [r"\\", "//"].iter().any(|start| path.starts_with(start));
    if is_unc { Err(ConfigError::Unc(path.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write files")]
    use super::*;

    fn load(text: &str, said: Said) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shaman.yaml");
        std::fs::write(&path, text).unwrap();
        Config::load(said, Some(&path))
            .map_err(|error| error.to_string().replace(path.to_str().unwrap(), "FILE"))
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let text = "shared_storage_path: /srv/farm\nlisten: 127.0.0.1:9000\nupload_wait: 1m30s\n";
        let said = Said { listen: Some(([127, 0, 0, 1], 1).into()), ..Said::default() };
        let config = load(text, said).unwrap();
        assert_eq!(config.storage, Path::new("/srv/farm"));
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.settings.upload_wait, Duration::from_secs(90));
        assert_eq!(config.state, Path::new("./shaman-state"));
        assert!(!config.settings.defer);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let error = load("state: x\nupstraem: http://farm\n", Said::default()).unwrap_err();
        assert!(error.contains("FILE:2:") && error.contains("upstraem"), "{error}");
        for (text, words) in [
            ("upload_wait: soon", "not a duration"),
            ("reserve: much", "no share"),
            ("max_sweep_share: 150%", "no share"),
            ("shaman: {garbageCollect: {maxAge: 5m}}", "an hour"),
            ("shaman: {garbageCollect: {age: 5m}}", "age"),
            ("scrub: {rate: fast}", "20MB/s"),
            ("scrub: {every: 1d}", "every"),
            ("durability: never", "never"),
            ("checkouts: {expire_after: 5m}", "an hour"),
            ("checkouts: {link_policy: magic}", "magic"),
            ("checkouts: {copy_globs: ['a**b']}", "a**b"),
            ("upload_wait: 1000h", "24h"),
            ("follow_period: 0s", "from 1s"),
            ("upstream: http://farm:99999", "http://"),
            ("upstream: http://[::1", "http://"),
            (r"shared_storage_path: \\nas\farm", "drive letter"),
            ("shared_storage_path: //nas/farm", "drive letter"),
            ("upstream: https://farm", "http://"),
            ("path_prefix: farm", "path_prefix"),
            ("path_prefix: /a/../b", "path_prefix"),
            ("path_prefix: '/{x}'", "path_prefix"),
            (
                "variables: {s: {is_twoway: true, values: [{platform: linux, value: '//nas/farm'}]}}",
                "drive letter",
            ),
            ("variables: {s: {is_twoway: true, values: [{platform: amiga, value: x}]}}", "amiga"),
        ] {
            let error = load(text, Said::default()).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(Config::load(Said::default(), Some(Path::new("/nowhere/shaman.yaml"))).is_err());
    }
}
