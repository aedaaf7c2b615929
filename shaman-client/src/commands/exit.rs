//! The exit statuses: one list for the program, its manual page and the reference.

use std::process::ExitCode;

/// How a run ended, as the shell hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// It failed or was stopped; a sentence says why.
    Failed = 1,
    /// The command line is wrong; the argument parser ends with this.
    Usage = 2,
    /// What was asked about is there: something missing, damaged or different.
    Found = 3,
}

impl Exit {
    /// All of them, lowest first.
    pub const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Usage, Self::Found];

    /// What it means, in the words of the reference.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => {
                "failed, or stopped with Ctrl-C or SIGTERM; one sentence on stderr says why and what to do"
            }
            Self::Usage => "wrong usage",
            Self::Found => {
                "`deps --missing-only`: something is missing; `damage`: something is damaged; `diff`: something differs"
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
