//! `Keyring`: the tokens of a server, in one file of its state.
//!
//! ```text
//! <state>/tokens.json   {"format": 1, "tokens": [{"name", "scopes", "hash", "created", "expires", "revoked"}]}
//! <state>/tokens.lock   held (flock) by whoever changes it
//! ```
//!
//! The file is there from the first token on, and that is what turns tokens on: revoking the last
//! one does not let everybody in. Whoever changes it writes another one and renames it; a server
//! that runs looks at the file before it believes what it knows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::scope::{Scope, Scopes};
use super::token::{Token, TokenHash};

/// The file's format; another one is not read.
const FORMAT: u32 = 1;

/// Longest name of a token: it stands in manifests and logs.
const NAME_MAX: usize = 64;

/// Most tokens: each is compared with what somebody presents.
const TOKENS_MAX: usize = 10_000;

/// A token as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// What it is called, and whose the checkouts are that are made with it.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    hash: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Seconds since 1970; `None`: never.
    pub expires: Option<u64>,
    /// Seconds since 1970; `None`: it was not revoked.
    pub revoked: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OnDisk {
    format: u32,
    tokens: Vec<Kept>,
}

/// What tells one state of the file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    inode: u64,
    modified: (i64, i64),
    length: u64,
}

/// Why tokens cannot be read or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A file operation failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no list of tokens.
    #[error("`{}` is no list of tokens ({why}); put it back from a copy, or remove it and make new tokens", path.display())]
    NotUnderstood {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A name that no token may have.
    #[error(
        "`{0}` cannot name a token; use up to {NAME_MAX} letters, digits, `-`, `_` and `.`, and no address"
    )]
    Name(String),
    /// The name is taken.
    #[error("there is a token `{0}`; revoke it first, or choose another name")]
    Taken(String),
    /// There is none of that name.
    #[error(
        "there is no token `{0}` that could be revoked; `token list` shows those that there are"
    )]
    Unknown(String),
    /// More than there may be.
    #[error("there are {TOKENS_MAX} tokens, which is the most; take revoked ones out of the file")]
    TooMany,
}

/// What is known of whoever presented a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is good.
    Good {
        /// Its name.
        name: String,
        /// What it allows.
        scopes: Scopes,
    },
    /// It was good once.
    Over {
        /// Its name.
        name: String,
        /// How it ended: `expired` or `revoked`.
        how: &'static str,
    },
    /// Nobody knows it.
    Unknown,
}

/// The tokens as they were read.
#[derive(Debug, Clone)]
pub struct Keyring {
    path: PathBuf,
    seen: Option<Seen>,
    tokens: Vec<(Kept, TokenHash)>,
}

impl Keyring {
    /// Where the file of this state directory is.
    fn path(state: &Path) -> PathBuf {
        state.join("tokens.json")
    }

    /// Reads them. A file that is not there is a keyring that is off.
    pub fn read(state: &Path) -> Result<Self, KeyringError> {
        let path = Self::path(state);
        // The look comes first: what is written after it is seen at the next one.
        let seen = look(&path)?;
        let tokens = if seen.is_some() { read(&path)? } else { Vec::new() };
        Ok(Self { path, seen, tokens })
    }

    /// Says whether tokens are on: once there was one, there is a file.
    pub fn is_on(&self) -> bool {
        self.seen.is_some()
    }

    /// Reads the file again if it is another one by now. `None`: it is not. A file that went away
    /// is an error: nobody is let in because of that.
    pub fn changed(&self) -> Result<Option<Self>, KeyringError> {
        let seen = look(&self.path)?;
        if seen == self.seen {
            return Ok(None);
        }
        if seen.is_none() {
            return Err(KeyringError::NotUnderstood {
                path: self.path.clone(),
                why: "it is gone".to_owned(),
            });
        }
        Ok(Some(Self { path: self.path.clone(), seen, tokens: read(&self.path)? }))
    }

    /// Whose token this is. Takes as long for a wrong one as for a right one.
    pub fn know(&self, presented: &str, now_secs: u64) -> Known {
        let Some(hash) = TokenHash::of(presented) else { return Known::Unknown };
        // All of them, each to its end.
        let mut found = None;
        for (kept, known) in &self.tokens {
            if known.is(&hash) {
                found = Some(kept);
            }
        }
        let Some(kept) = found else { return Known::Unknown };
        let name = kept.name.clone();
        if kept.revoked.is_some() {
            return Known::Over { name, how: "revoked" };
        }
        if kept.expires.is_some_and(|expires| expires <= now_secs) {
            return Known::Over { name, how: "expired" };
        }
        Known::Good { name, scopes: kept.scopes.iter().copied().collect() }
    }

    /// All of them, in the order in which they were made.
    pub fn tokens(&self) -> impl Iterator<Item = &Kept> {
        self.tokens.iter().map(|(kept, _)| kept)
    }

    /// Makes a token and writes it down. The secret that comes back is nowhere else.
    pub fn create(
        state: &Path,
        name: &str,
        scopes: Vec<Scope>,
        now_secs: u64,
        expires: Option<u64>,
    ) -> Result<Token, KeyringError> {
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let is_name = (1..=NAME_MAX).contains(&name.len()) && is_plain;
        // The checkouts of guests belong to their addresses.
        if !is_name || name.parse::<IpAddr>().is_ok() {
            return Err(KeyringError::Name(name.to_owned()));
        }
        let path = Self::path(state);
        let token = Token::new().map_err(|source| KeyringError::Disk {
            action: "take random numbers for",
            path: path.clone(),
            source,
        })?;
        let hash = TokenHash::of(token.secret()).expect("a token is short").text();
        change(state, |tokens| {
            if tokens.iter().any(|kept| kept.name == name && kept.revoked.is_none()) {
                return Err(KeyringError::Taken(name.to_owned()));
            }
            if tokens.len() >= TOKENS_MAX {
                return Err(KeyringError::TooMany);
            }
            let name = name.to_owned();
            tokens.push(Kept { name, scopes, hash, created: now_secs, expires, revoked: None });
            Ok(())
        })?;
        Ok(token)
    }

    /// Makes the token of this name worth nothing.
    pub fn revoke(state: &Path, name: &str, now_secs: u64) -> Result<(), KeyringError> {
        change(state, |tokens| {
            let found = tokens.iter_mut().find(|kept| kept.name == name && kept.revoked.is_none());
            let kept = found.ok_or_else(|| KeyringError::Unknown(name.to_owned()))?;
            kept.revoked = Some(now_secs);
            Ok(())
        })
    }
}

fn look(path: &Path) -> Result<Option<Seen>, KeyringError> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(Seen {
            inode: found.ino(),
            modified: (found.mtime(), found.mtime_nsec()),
            length: found.len(),
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("look at", path)(source)),
    }
}

fn read(path: &Path) -> Result<Vec<(Kept, TokenHash)>, KeyringError> {
    let refused = |why: String| KeyringError::NotUnderstood { path: path.to_owned(), why };
    let bytes = std::fs::read(path).map_err(failed("read", path))?;
    let on_disk: OnDisk =
        serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    if on_disk.format != FORMAT {
        return Err(refused(format!("its format is {}, not {FORMAT}", on_disk.format)));
    }
    let with_hash = on_disk.tokens.into_iter().map(|kept| {
        let hash = TokenHash::parse(&kept.hash)
            .ok_or_else(|| refused(format!("the hash of `{}` is none", kept.name)))?;
        Ok((kept, hash))
    });
    with_hash.collect()
}

/// Changes the file: one at a time, and readers see the old one or the new one.
#[expect(clippy::disallowed_methods, reason = "the file of the tokens is this module's own")]
fn change(
    state: &Path,
    change: impl FnOnce(&mut Vec<Kept>) -> Result<(), KeyringError>,
) -> Result<(), KeyringError> {
    let (path, lock_path) = (Keyring::path(state), state.join("tokens.lock"));
    std::fs::create_dir_all(state).map_err(failed("make directory", state))?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .and_then(|lock| give(&lock, state).and_then(|()| lock.lock()).map(|()| lock))
        .map_err(failed("lock", &lock_path))?;
    let tokens = if look(&path)?.is_some() { read(&path)? } else { Vec::new() };
    let mut tokens: Vec<Kept> = tokens.into_iter().map(|(kept, _)| kept).collect();
    change(&mut tokens)?;
    let aside = path.with_extension("tmp");
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("remove", &aside)(error));
        }
        _ => {}
    }
    let written = serde_json::to_vec_pretty(&OnDisk { format: FORMAT, tokens })
        .map_err(io::Error::from)
        .and_then(|text| {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(&text)?;
            give(&file, state)?;
            file.sync_all()
        });
    written.map_err(failed("write", &aside))?;
    std::fs::rename(&aside, &path).map_err(failed("put in place", &path))?;
    File::open(state).and_then(|dir| dir.sync_all()).map_err(failed("flush", state))?;
    drop(lock);
    Ok(())
}

/// Gives a file that root made to whom the state belongs: else the server could not read it.
fn give(file: &File, state: &Path) -> io::Result<()> {
    let (owner, now) = (std::fs::metadata(state)?, file.metadata()?);
    let is_its = (owner.uid(), owner.gid()) == (now.uid(), now.gid());
    if is_its || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid()))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyringError {
    let path = path.to_owned();
    move |source| KeyringError::Disk { action, path, source }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests look at the file")]
    use super::*;

    #[test]
    fn a_token_is_good_until_it_is_revoked_or_expires() {
        let state = tempfile::tempdir().unwrap();
        let state = state.path();
        let off = Keyring::read(state).unwrap();
        assert!(!off.is_on());
        let token = Keyring::create(state, "alice", vec![Scope::Submit], 100, Some(200)).unwrap();
        let ring = off.changed().unwrap().expect("there is a file now");
        assert!(ring.is_on());
        let scopes = Scopes::from_iter([Scope::Submit]);
        let good = Known::Good { name: "alice".into(), scopes };
        assert_eq!(ring.know(token.secret(), 199), good);
        assert_eq!(
            ring.know(token.secret(), 200),
            Known::Over { name: "alice".into(), how: "expired" }
        );
        assert_eq!(ring.know("shaman_0", 100), Known::Unknown);
        assert!(ring.changed().unwrap().is_none());

        let again = Keyring::create(state, "alice", vec![Scope::Ops], 100, None).unwrap_err();
        assert!(again.to_string().contains("revoke it first"), "{again}");
        Keyring::revoke(state, "alice", 150).unwrap();
        assert!(Keyring::revoke(state, "alice", 150).is_err());
        let ring = ring.changed().unwrap().expect("it is another file");
        assert!(matches!(ring.know(token.secret(), 160), Known::Over { how: "revoked", .. }));
        assert!(ring.is_on(), "with the last one gone, tokens are still asked for");
        Keyring::create(state, "alice", vec![Scope::Ops], 100, None).unwrap();
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "says that it was skipped")]
    fn what_root_makes_belongs_to_the_servers_user() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: takes root");
            return;
        }
        let state = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(state.path(), Some(812), Some(813)).unwrap();
        for name in ["alice", "bob"] {
            Keyring::create(state.path(), name, vec![Scope::Submit], 100, None).unwrap();
            for file in ["tokens.json", "tokens.lock"] {
                let found = std::fs::metadata(state.path().join(file)).unwrap();
                assert_eq!((found.uid(), found.gid()), (812, 813), "{file}");
            }
        }
    }

    #[test]
    fn the_file_has_no_secret_and_is_its_owners_alone() {
        let state = tempfile::tempdir().unwrap();
        let token = Keyring::create(state.path(), "alice", vec![Scope::Submit], 100, None).unwrap();
        let path = state.path().join("tokens.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(token.secret().trim_start_matches("shaman_")), "{text}");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let ring = Keyring::read(state.path()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(ring.changed().is_err(), "a file that goes away lets nobody in");
        for name in ["", "a b", "../x", "10.0.0.1", &"x".repeat(65)] {
            assert!(Keyring::create(state.path(), name, vec![], 1, None).is_err(), "{name}");
        }
    }
}
