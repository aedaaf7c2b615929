//! The job at the Manager: made ready before anything is uploaded, created when the files are there.
//!
//! ```text
//!  type ──► settings ──► check ──► … upload, check out … ──► create
//!                          └ with a dummy .blend: refusals come before the work
//! ```

mod settings;

use std::collections::BTreeMap;

use serde_json::Value;
use shaman_proto::wire::jobs::{JobRequest, JobStorage, JobType};

pub use settings::{SettingError, fill};

use crate::api::{Api, ApiError, Patience, patiently, platform};
use crate::progress::{Event, Listener};

/// What stands for the .blend until it has its place; the add-on says the same.
const DUMMY: &str = "dummy-for-job-check.blend";

/// The setting that names the file to render.
const BLEND: &str = "blendfile";

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// Name of the job type.
    pub job_type: String,
    /// The job's name.
    pub name: String,
    /// Larger comes first.
    pub priority: i32,
    /// Settings by key, as typed.
    pub settings: Vec<(String, String)>,
    /// Notes for the Manager.
    pub metadata: BTreeMap<String, String>,
}

/// Where the file to render is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scene {
    /// In a checkout.
    Checkout {
        /// Relative to the checkout root.
        checkout: String,
        /// Relative to the checkout.
        blend: String,
    },
    /// At an absolute path as this machine sees it.
    At(String),
}

/// A job that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// Where people see it.
    pub url: String,
}

/// Why there is no job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A server that only makes checkouts.
    #[error(
        "{0} has no Flamenco Manager behind it, so it creates no jobs; name the Manager with --server, or leave --flamenco out"
    )]
    NoManager(String),
    /// A job type that is none.
    #[error("the Manager has no job type `{name}`; choose one of {}", known.join(", "))]
    UnknownType {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Settings.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The type is another one by now.
    #[error("the job type `{0}` has just changed at the Manager; submit again")]
    Stale(String),
    /// The Manager's no.
    #[error("the Manager does not take this job: {0}")]
    Refused(String),
    /// Nobody knows.
    #[error(
        "nobody can tell whether the job was created; see at {0}/app/jobs whether it is there before you submit again"
    )]
    Unknown(String, #[source] ApiError),
    /// The way there.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A job that the Manager would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    request: JobRequest<Value>,
}

/// Finds the type, fills in the settings, and asks the Manager whether it would take the job.
/// Changes nothing there.
pub async fn plan(api: &Api, wishes: Wishes, progress: &Listener) -> Result<Planned, JobError> {
    let job_type = find_type(api, &wishes.job_type, progress).await?;
    let mut settings = fill(&job_type, &wishes.settings, BLEND)?;
    settings.insert(BLEND.to_owned(), DUMMY.into());
    let request = JobRequest {
        name: wishes.name,
        job_type: job_type.name,
        type_etag: job_type.etag,
        priority: wishes.priority,
        submitter_platform: platform().to_owned(),
        metadata: wishes.metadata,
        settings,
        storage: None,
    };
    match patiently(progress, || api.check_job(&request)).await {
        Ok(()) => Ok(Planned { request }),
        Err(error) => Err(refusal(error, &request)),
    }
}

impl Planned {
    /// Creates the job, once. Only a connection that never stood is tried again.
    pub async fn create(
        mut self,
        api: &Api,
        scene: Scene,
        progress: &Listener,
    ) -> Result<Created, JobError> {
        let blend = match scene {
            Scene::At(path) => path,
            Scene::Checkout { checkout, blend } => {
                let path = format!("{{jobs}}/{checkout}/{blend}");
                self.request.storage = Some(JobStorage { shaman_checkout_id: checkout });
                path
            }
        };
        self.request.settings.insert(BLEND.to_owned(), blend.into());
        let mut patience = Patience::default();
        loop {
            match api.create_job(&self.request).await {
                Ok(job) => return Ok(Created { url: api.job_url(&job.id), id: job.id }),
                Err(error) if error.was_heard() => {
                    return Err(match error {
                        ApiError::Refused { .. } => refusal(error, &self.request),
                        broken => JobError::Unknown(api.base().to_owned(), broken),
                    });
                }
                Err(error) => {
                    let Some(wait) = patience.after(&error) else { return Err(error.into()) };
                    progress.tell(Event::Retrying { why: error.to_string(), wait });
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }
}

async fn find_type(api: &Api, name: &str, progress: &Listener) -> Result<JobType<Value>, JobError> {
    match api.job_type(name).await {
        Ok(job_type) => return Ok(job_type),
        Err(error @ ApiError::Silent { .. }) => return Err(error.into()),
        // Whatever it was: the longer question is asked with patience.
        Err(_) => {}
    }
    let types = match patiently(progress, || api.job_types()).await {
        Ok(types) => types,
        Err(error) if matches!(error.status(), Some(404 | 405 | 501)) => {
            return Err(JobError::NoManager(api.base().to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    let known = || types.iter().map(|job_type| job_type.name.clone()).collect();
    let unknown = JobError::UnknownType { name: name.to_owned(), known: known() };
    types.into_iter().find(|job_type| job_type.name == name).ok_or(unknown)
}

/// What a refusal by the Manager means.
fn refusal(error: ApiError, request: &JobRequest<Value>) -> JobError {
    match error {
        ApiError::Refused { status: 412, .. } => JobError::Stale(request.job_type.clone()),
        ApiError::Refused { status: 400..=499, message, .. } => JobError::Refused(message),
        error => JobError::Api(error),
    }
}
