//! The exit statuses: one list for the program, its manual page and the reference.

use std::process::ExitCode;

/// How a run ended, as the shell hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// It failed; a sentence says why.
    Failed = 1,
    /// The command line is wrong; the argument parser ends with this.
    Usage = 2,
}

impl Exit {
    /// All of them, lowest first.
    pub const ALL: [Self; 3] = [Self::Done, Self::Failed, Self::Usage];

    /// What it means, in the words of the reference.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed; one sentence on stderr says why and what to do",
            Self::Usage => "wrong usage",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
