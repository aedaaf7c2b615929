//! `Finding`: what a doctor says.

use serde::Serialize;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, and may hurt some day; or nobody could look.
    Doubtful,
    /// It does not work, or loses something.
    Bad,
}

/// Something that was looked at, how it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub about: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen, in one sentence without its full stop.
    pub seen: String,
    /// What to do; empty when all is well.
    pub advice: String,
}

impl Finding {
    /// Nothing to do.
    pub fn good(about: &'static str, seen: impl Into<String>) -> Self {
        Self { about, health: Health::Good, seen: seen.into(), advice: String::new() }
    }

    /// Something to think about.
    pub fn doubtful(
        about: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { about, health: Health::Doubtful, seen: seen.into(), advice: advice.into() }
    }

    /// Something to put right.
    pub fn bad(about: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { about, health: Health::Bad, seen: seen.into(), advice: advice.into() }
    }

    /// A line or two for a person.
    pub fn text(&self) -> String {
        let mark = match self.health {
            Health::Good => "good    ",
            Health::Doubtful => "doubtful",
            Health::Bad => "BAD     ",
        };
        let line = format!("{mark}  {:<12} {}", self.about, self.seen);
        if self.advice.is_empty() { line } else { format!("{line}\n{:24}→ {}", "", self.advice) }
    }
}
