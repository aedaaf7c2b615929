//! `Principal`: who asks, and what it may do.

use std::fmt;
use std::net::IpAddr;

use super::scope::{Access, Scope, Scopes};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The bearer of the token of this name.
    Token(String),
    /// Somebody at this address, who was let in without a token.
    Guest(IpAddr),
}

/// Who asks, and what it may do. Whoever holds one was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    who: Who,
    scopes: Scopes,
}

impl Principal {
    pub(super) fn new(who: Who, scopes: Scopes) -> Self {
        Self { who, scopes }
    }

    /// Who it is: the name of a token, or an address.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// What it may do.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Says whether a route lets it in.
    pub fn may(&self, access: Access) -> bool {
        self.scopes.allow(access)
    }

    /// Says whether it sees the checkouts of others, too.
    pub fn sees_all(&self) -> bool {
        self.may(Access::Read)
    }

    /// Says whether it may see what this one owns.
    pub fn may_see(&self, owner: Option<&str>) -> bool {
        self.sees_all() || self.owns(owner)
    }

    /// Says whether it may erase and pin what this one owns.
    pub fn may_change(&self, owner: Option<&str>) -> bool {
        self.may(Access::Ops) || self.may(Access::Submit) && self.owns(owner)
    }

    /// What is written into the checkouts that it makes. `None`: it may do everything, as
    /// everybody may where there are no tokens, so nobody needs to know.
    pub fn owner(&self) -> Option<String> {
        match &self.who {
            Who::Guest(_) if self.scopes.allow(Access::Ops) => None,
            who => Some(who.to_string()),
        }
    }

    fn owns(&self, owner: Option<&str>) -> bool {
        owner.is_some_and(|owner| owner == self.who.to_string())
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(name) => f.write_str(name),
            Self::Guest(address) => address.fmt(f),
        }
    }
}

/// Scopes of somebody, as a list of words.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes = Scope::ALL.into_iter().filter(|scope| self.has(*scope));
        f.write_str(&scopes.map(Scope::word).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submitter_sees_and_erases_its_own_only() {
        let scopes = |scope| Scopes::from_iter([scope]);
        let alice = Principal::new(Who::Token("alice".into()), scopes(Scope::Submit));
        assert_eq!(alice.owner().as_deref(), Some("alice"));
        for (owner, is_hers) in [(Some("alice"), true), (Some("bob"), false), (None, false)] {
            assert_eq!((alice.may_see(owner), alice.may_change(owner)), (is_hers, is_hers));
        }
        let watcher = Principal::new(Who::Token("watch".into()), scopes(Scope::Read));
        assert!(watcher.may_see(Some("alice")) && !watcher.may_change(Some("watch")));
        let ops = Principal::new(Who::Token("ops".into()), scopes(Scope::Ops));
        assert!(ops.may_see(None) && ops.may_change(Some("alice")));
    }

    #[test]
    fn where_there_are_no_tokens_nobody_owns_anything() {
        let guest = Principal::new(Who::Guest([10, 0, 0, 1].into()), Scopes::ALL);
        assert_eq!(guest.owner(), None);
        assert!(guest.may_change(None));
    }
}
