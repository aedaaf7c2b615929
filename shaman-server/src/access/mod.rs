//! Who may do what. Decisions only: no status codes, no headers, no files of the store.
//!
//! ```text
//!  token or none ─┐
//!  address ───────┼─► Rules + Keyring ─► Principal ─► may it use this route? ─► is this checkout its own?
//!  secret path ───┘        │
//!                          └─► Refusal
//! ```
//!
//! A *principal* is the bearer of a token, or a *guest*: somebody who was let in without one, since
//! it asks from a trusted network or below a secret path, or since there are no rules and the
//! server can be reached from its own machine only.

mod door;
mod failures;
mod keyring;
mod principal;
mod rules;
mod scope;
mod token;

pub use door::Door;
pub use failures::Failures;
pub use keyring::{Kept, Keyring, KeyringError, Known};
pub use principal::{Principal, Who};
pub use rules::{Refusal, Rules};
pub use scope::{Access, Scope, ScopeError, Scopes};
pub use token::{Token, TokenHash};
