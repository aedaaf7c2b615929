//! What a route asks for, and what somebody may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whom a route lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everybody: nothing about the store is told.
    Open,
    /// Whoever may do anything at all; the handler shows each only what it may see.
    Known,
    /// Who submits jobs: sends blobs, makes checkouts, and looks after its own.
    Submit,
    /// Who watches: sees everything, changes nothing.
    Read,
    /// Who looks after the store.
    Ops,
}

/// One thing that a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Send blobs, make checkouts, see and erase one's own.
    Submit,
    /// See everything and fetch checkouts, change nothing.
    Read,
    /// Everything.
    Ops,
}

/// A word that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope; write `submit`, `read` or `ops`")]
pub struct ScopeError(String);

/// What somebody may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes {
    submit: bool,
    read: bool,
    ops: bool,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Submit, Self::Read, Self::Ops];

    /// The word on the command line and in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Ops => "ops",
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(word: &str) -> Result<Self, ScopeError> {
        let named = Self::ALL.into_iter().find(|scope| scope.word() == word.trim());
        named.ok_or_else(|| ScopeError(word.to_owned()))
    }
}

impl Scopes {
    /// Everything.
    pub const ALL: Self = Self { submit: true, read: true, ops: true };

    /// Says whether this is one of them.
    pub fn has(self, scope: Scope) -> bool {
        match scope {
            Scope::Submit => self.submit,
            Scope::Read => self.read,
            Scope::Ops => self.ops,
        }
    }

    /// Says whether a route lets somebody in who may do this.
    pub fn allow(self, access: Access) -> bool {
        match access {
            Access::Open => true,
            Access::Known => self.submit || self.read || self.ops,
            Access::Submit => self.submit || self.ops,
            Access::Read => self.read || self.ops,
            Access::Ops => self.ops,
        }
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut all = Self::default();
        for scope in scopes {
            match scope {
                Scope::Submit => all.submit = true,
                Scope::Read => all.read = true,
                Scope::Ops => all.ops = true,
            }
        }
        all
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Known => "known",
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Ops => "ops",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_opens_its_own_routes_and_ops_opens_all() {
        let opens = |scope: Scope| {
            let scopes = Scopes::from_iter([scope]);
            [Access::Open, Access::Known, Access::Submit, Access::Read, Access::Ops]
                .map(|access| scopes.allow(access))
        };
        assert_eq!(opens(Scope::Submit), [true, true, true, false, false]);
        assert_eq!(opens(Scope::Read), [true, true, false, true, false]);
        assert_eq!(opens(Scope::Ops), [true; 5]);
        assert!(!Scopes::default().allow(Access::Known));
    }
}
