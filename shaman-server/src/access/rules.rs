//! `Rules`: who is let in.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::keyring::{Keyring, Known};
use super::principal::{Principal, Who};
use super::scope::{Access, Scopes};

/// Who is let in without a token, and what guests may do.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Whoever asks from here is a guest.
    pub networks: Vec<IpNet>,
    /// Every request that gets here came below a path that is a secret.
    pub has_secret_path: bool,
    /// Everybody is a guest.
    pub is_open: bool,
    /// What guests may do where there are tokens; where there are none they may do everything.
    pub guests: Scopes,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No token.
    #[error(
        "this server asks for a token; set SHAMAN_TOKEN (or --token-file), or ask whoever looks after it for one"
    )]
    NoToken,
    /// One that nobody knows.
    #[error("this token is not known here; ask whoever looks after the server for one")]
    WrongToken,
    /// One that was good once.
    #[error("this token is {how}; ask whoever looks after the server for a new one")]
    Over {
        /// Whose.
        name: String,
        /// How it ended.
        how: &'static str,
    },
    /// Too many wrong ones.
    #[error("too many wrong tokens came from this address; try again in {} seconds", .0.as_secs())]
    TooOften(Duration),
    /// From elsewhere.
    #[error(
        "requests from {0} are not let in; the server's `trusted_networks` say from where they are"
    )]
    Stranger(IpAddr),
    /// It may do other things.
    #[error("{who} may not do this: it takes `{needs}`, and this one has `{has}`")]
    NotAllowed {
        /// Who asked.
        who: Who,
        /// What the route takes.
        needs: Access,
        /// What it may do.
        has: Scopes,
    },
}

impl Refusal {
    /// In a word or two, for the log.
    pub fn kind(&self) -> String {
        match self {
            Self::NoToken => "no token".to_owned(),
            Self::WrongToken => "not known".to_owned(),
            Self::Over { name, how } => format!("`{name}` is {how}"),
            Self::TooOften(_) => "too many".to_owned(),
            Self::Stranger(_) => "not from a trusted network".to_owned(),
            Self::NotAllowed { needs, .. } => format!("lacks `{needs}`"),
        }
    }
}

impl Rules {
    /// Says whether there is any rule; without one a server listens on its own machine only, and
    /// lets in whoever reaches it.
    fn is_none(&self) -> bool {
        self.networks.is_empty() && !self.has_secret_path
    }

    /// Lets somebody in, or says why not.
    ///
    /// A token that is presented counts, good or bad. Without one, it is a guest who comes from a
    /// trusted network or below a secret path, and where there are neither rules nor tokens.
    pub fn admit(
        &self,
        keyring: &Keyring,
        presented: Option<&str>,
        from: IpAddr,
        now_secs: u64,
    ) -> Result<Principal, Refusal> {
        if let Some(token) = presented.filter(|_| keyring.is_on()) {
            return match keyring.know(token, now_secs) {
                Known::Good { name, scopes } => Ok(Principal::new(Who::Token(name), scopes)),
                Known::Over { name, how } => Err(Refusal::Over { name, how }),
                Known::Unknown => Err(Refusal::WrongToken),
            };
        }
        let from = from.to_canonical();
        let is_trusted = self.has_secret_path
            || self.is_open
            || self.networks.iter().any(|network| network.contains(&from));
        let scopes = if keyring.is_on() { self.guests } else { Scopes::ALL };
        if is_trusted || self.is_none() && !keyring.is_on() {
            return Ok(Principal::new(Who::Guest(from), scopes));
        }
        Err(if keyring.is_on() { Refusal::NoToken } else { Refusal::Stranger(from) })
    }

    /// The same, for a route.
    pub fn admit_to(&self, access: Access, principal: Principal) -> Result<Principal, Refusal> {
        if principal.may(access) {
            return Ok(principal);
        }
        // A guest may have a token somewhere.
        if matches!(principal.who(), Who::Guest(_)) {
            return Err(Refusal::NoToken);
        }
        let has = principal.scopes();
        Err(Refusal::NotAllowed { who: principal.who().clone(), needs: access, has })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;

    const HERE: [u8; 4] = [10, 0, 3, 4];
    const ELSEWHERE: [u8; 4] = [192, 168, 0, 1];

    fn guest(rules: &Rules, ring: &Keyring, from: [u8; 4]) -> Result<Principal, Refusal> {
        rules.admit(ring, None, from.into(), 1_000)
    }

    #[test]
    fn without_tokens_a_rule_lets_guests_do_everything() {
        let state = tempfile::tempdir().unwrap();
        let off = Keyring::read(state.path()).unwrap();
        let networks = vec!["10.0.0.0/16".parse().unwrap()];
        let rules = Rules { networks, ..Rules::default() };
        assert!(guest(&rules, &off, HERE).unwrap().may(Access::Ops));
        assert_eq!(guest(&rules, &off, ELSEWHERE), Err(Refusal::Stranger(ELSEWHERE.into())));
        let mapped: IpAddr = "::ffff:10.0.3.4".parse().unwrap();
        assert!(rules.admit(&off, None, mapped, 0).is_ok(), "an IPv4 address in IPv6's clothes");
        assert!(guest(&Rules::default(), &off, ELSEWHERE).is_ok(), "no rules: its own machine");
        let secret = Rules { has_secret_path: true, ..Rules::default() };
        assert!(guest(&secret, &off, ELSEWHERE).is_ok());
        // A token is no credential where nobody has made any; the Manager may know it.
        assert!(rules.admit(&off, Some("shaman_x"), HERE.into(), 0).is_ok());
    }

    #[test]
    fn with_tokens_guests_may_do_less_and_wrong_tokens_nothing() {
        let state = tempfile::tempdir().unwrap();
        let token = Keyring::create(state.path(), "ops", vec![Scope::Ops], 0, Some(2_000)).unwrap();
        let ring = Keyring::read(state.path()).unwrap();
        assert_eq!(guest(&Rules::default(), &ring, HERE), Err(Refusal::NoToken));
        let rules = Rules {
            networks: vec!["10.0.0.0/16".parse().unwrap()],
            guests: Scopes::from_iter([Scope::Submit]),
            ..Rules::default()
        };
        let artist = guest(&rules, &ring, HERE).unwrap();
        assert!(artist.may(Access::Submit) && !artist.may(Access::Ops));
        assert_eq!(artist.owner().as_deref(), Some("10.0.3.4"));
        assert_eq!(guest(&rules, &ring, ELSEWHERE), Err(Refusal::NoToken));
        let with = |token, from: [u8; 4], now| rules.admit(&ring, Some(token), from.into(), now);
        assert!(with(token.secret(), ELSEWHERE, 1_000).unwrap().may(Access::Ops));
        assert_eq!(with("shaman_x", HERE, 1_000), Err(Refusal::WrongToken), "even from here");
        assert!(matches!(with(token.secret(), HERE, 2_000), Err(Refusal::Over { .. })));
    }

    #[test]
    fn who_may_do_other_things_is_told_what_it_takes() {
        let state = tempfile::tempdir().unwrap();
        let token = Keyring::create(state.path(), "alice", vec![Scope::Submit], 0, None).unwrap();
        let ring = Keyring::read(state.path()).unwrap();
        let rules = Rules::default();
        let alice = rules.admit(&ring, Some(token.secret()), HERE.into(), 0).unwrap();
        let refused = rules.admit_to(Access::Ops, alice.clone()).unwrap_err().to_string();
        assert_eq!(refused, "alice may not do this: it takes `ops`, and this one has `submit`");
        assert!(rules.admit_to(Access::Known, alice).is_ok());
    }
}
