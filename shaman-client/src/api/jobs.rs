//! Jobs at the Manager behind the server.

use serde_json::Value;
use shaman_proto::wire::jobs::{JobAnswer, JobRequest, JobType, JobTypesAnswer};

use super::request::{Request, encode};
use super::{Api, ApiError};

impl Api {
    /// One job type. Managers of some age do not know this question.
    pub async fn job_type(&self, name: &str) -> Result<JobType<Value>, ApiError> {
        let path = format!("/api/v3/jobs/type/{}", path_part(name));
        self.json(Request::get(&path)).await
    }

    /// All job types.
    pub async fn job_types(&self) -> Result<Vec<JobType<Value>>, ApiError> {
        let answer: JobTypesAnswer<Value> = self.json(Request::get("/api/v3/jobs/types")).await?;
        Ok(answer.job_types)
    }

    /// Asks whether the Manager would take the job; changes nothing.
    pub async fn check_job(&self, job: &JobRequest<Value>) -> Result<(), ApiError> {
        let request = Request::post("/api/v3/jobs/check", encode(job));
        self.answer(request).await.map(drop)
    }

    /// Creates a job. Never to be repeated once it may have been heard: there would be two.
    pub async fn create_job(&self, job: &JobRequest<Value>) -> Result<JobAnswer, ApiError> {
        self.json(Request::post("/api/v3/jobs", encode(job))).await
    }

    /// Where people see a job.
    pub fn job_url(&self, id: &str) -> String {
        format!("{}/app/jobs/{}", self.base, path_part(id))
    }
}

/// Text as one part of a path.
fn path_part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let part = |byte: u8| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_part_of_the_path() {
        assert_eq!(path_part("simple-blender-render"), "simple-blender-render");
        assert_eq!(path_part("a/b?c ü"), "a%2Fb%3Fc%20%C3%BC");
    }
}
