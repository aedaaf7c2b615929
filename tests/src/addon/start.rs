//! What the add-on asks before it sends anything.

use serde_json::Value;

use super::{Addon, ApiError, answers};

/// Which of BAT's generations packs; Blender 5.1.1 and later have the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bat {
    /// BAT 1.23, in a background thread.
    One,
    /// BAT 2.0b2, on Blender's main thread.
    Two,
}

/// Whether the artist pressed "Force Submit" after a warning about versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// As it comes.
    No,
    /// Also to a Manager of another version.
    Yes,
}

/// How the files get to the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// The .blend is on the storage already.
    InPlace,
    /// Through Shaman.
    Shaman,
    /// Copied to the storage by the add-on.
    Copy,
}

/// What the Manager said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Of the Manager.
    pub shortversion: String,
    /// Where jobs' files are, for this platform.
    pub location: String,
    /// Whether to use Shaman.
    pub shaman_enabled: bool,
    /// As they came.
    pub job_types: Value,
}

/// Why nothing could be submitted.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The Manager is of another version, and the artist did not insist.
    #[error("Manager is {manager}, the add-on {addon}")]
    OtherVersion {
        /// What the Manager says.
        manager: String,
        /// What the add-on is.
        addon: String,
    },
    /// 412: the job type changed since the add-on fetched it.
    #[error("the job type is stale")]
    StaleJobType,
    /// 400: the Manager does not want this job; the message is shown.
    #[error("the job is refused: {0}")]
    JobRefused(String),
    /// Anything else.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Addon {
    /// Calls 1 to 5, in order. The first four are "refresh"; the versions are compared at
    /// submission, so between the fourth and the fifth.
    pub fn start(&mut self, force: Force) -> Result<Started, Stopped> {
        let version = self.get_json("/api/v3/version")?;
        for name in ["version", "name", "git"] {
            answers::text(&version, name)?;
        }
        let shortversion = answers::text(&version, "shortversion")?;

        let path = format!("/api/v3/configuration/shared-storage/users/{}", self.platform());
        let storage = self.get_json(&path)?;
        answers::word(&storage, "audience", &["workers", "users"])?;
        answers::text(&storage, "platform")?;
        let location = answers::text(&storage, "location")?;
        let shaman_enabled = answers::truth(&storage, "shamanEnabled")?;

        let job_types = self.get_json("/api/v3/jobs/types")?;
        answers::list(&job_types, "job_types")?;
        self.get_json("/api/v3/worker-mgt/tags")?;

        if shortversion != self.version && force == Force::No {
            return Err(Stopped::OtherVersion {
                manager: shortversion,
                addon: self.version.clone(),
            });
        }
        self.check_job()?;
        Ok(Started { shortversion, location, shaman_enabled, job_types })
    }

    fn check_job(&mut self) -> Result<(), Stopped> {
        let job = self.job("check", "dummy-for-job-check.blend", None);
        match self.post_for_nothing("/api/v3/jobs/check", &job) {
            Ok(()) => Ok(()),
            Err(ApiError::Refused { status: 412, .. }) => Err(Stopped::StaleJobType),
            Err(ApiError::Refused { status: 400, body, .. }) => Err(Stopped::JobRefused(body)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Started {
    /// What the add-on does with a .blend at this absolute path; links are not followed.
    pub fn approach(&self, bat: Bat, blend: &str) -> Approach {
        let inside = std::path::Path::new(blend).starts_with(&self.location);
        match (bat, inside, self.shaman_enabled) {
            (Bat::One, _, true) | (Bat::Two, false, true) => Approach::Shaman,
            (_, true, _) => Approach::InPlace,
            (_, false, false) => Approach::Copy,
        }
    }
}
