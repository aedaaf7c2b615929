//! The job that is submitted in the end.

use serde_json::{Value, json};

use super::{Addon, ApiError, answers};

/// A job type that every Manager has.
const JOB_TYPE: &str = "simple-blender-render";

impl Addon {
    /// A job that renders this .blend; the checkout's id goes along if there is one.
    pub(super) fn job(&self, name: &str, blendfile: &str, checkout: Option<&str>) -> Value {
        let mut job = json!({
            "name": name,
            "type": JOB_TYPE,
            "priority": 50,
            "submitter_platform": self.platform(),
            "settings": { "blendfile": blendfile, "frames": "1-2", "chunk_size": 1 },
            "metadata": { "user.name": "artist" },
        });
        if let Some(checkout) = checkout {
            job["storage"] = json!({ "shaman_checkout_id": checkout });
        }
        job
    }

    /// Submits, and gives the job as the Manager has it.
    pub fn submit_job(
        &mut self,
        name: &str,
        blendfile: &str,
        checkout: Option<&str>,
    ) -> Result<Value, ApiError> {
        let job = self.post_json("/api/v3/jobs", &self.job(name, blendfile, checkout))?;
        // Of the fields that the client demands, those that a job can't be a job without.
        for field in ["id", "name", "type", "status"] {
            answers::text(&job, field)?;
        }
        Ok(job)
    }
}
