//! Flamenco's job types and jobs, as far as whoever submits one needs them. `V` is any JSON value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Answer to `GET /api/v3/jobs/types`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTypesAnswer<V> {
    /// All that the Manager has.
    pub job_types: Vec<JobType<V>>,
}

/// A kind of job; the answer to `GET /api/v3/jobs/type/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobType<V> {
    /// Its name, for programs.
    pub name: String,
    /// Its name, for people.
    #[serde(default)]
    pub label: String,
    /// Changes whenever the type does.
    #[serde(default)]
    pub etag: String,
    /// What can be set.
    #[serde(default = "Vec::new")]
    pub settings: Vec<JobSetting<V>>,
}

/// One setting of a job type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSetting<V> {
    /// Its name.
    pub key: String,
    /// `string`, `int32`, `float` or `bool`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether a job must have it.
    #[serde(default)]
    pub required: bool,
    /// What it is when nobody says.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub default: Option<V>,
    /// The values that it takes, if they are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<String>>,
    /// Python that the add-on computes it with, inside Blender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval: Option<String>,
}

/// `POST /api/v3/jobs` and `POST /api/v3/jobs/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequest<V> {
    /// For people.
    pub name: String,
    /// Name of the [`JobType`].
    #[serde(rename = "type")]
    pub job_type: String,
    /// Its etag; a Manager whose type has another one answers 412.
    pub type_etag: String,
    /// Larger comes first.
    pub priority: i32,
    /// `linux`, `darwin` or `windows`: of which system the paths in the settings are.
    pub submitter_platform: String,
    /// Notes.
    pub metadata: BTreeMap<String, String>,
    /// By key.
    pub settings: BTreeMap<String, V>,
    /// Only for jobs whose files are in a checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<JobStorage>,
}

/// What the Manager erases together with the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStorage {
    /// The checkout, relative to the checkout root.
    pub shaman_checkout_id: String,
}

/// Answer to `POST /api/v3/jobs`; the rest of it is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobAnswer {
    /// The job's.
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_type_is_understood_whatever_else_it_says() {
        let text = r#"{"name": "render", "label": "Render", "etag": "e", "description": "x", "settings": [
            {"key": "frames", "type": "string", "required": true, "eval": "f()", "visible": "web",
             "evalInfo": {"showLinkButton": true}, "default": null, "editable": true, "subtype": "hashed_file_path"},
            {"key": "chunk", "type": "int32", "default": 1, "propargs": {"min": 1}}
        ]}"#;
        let job_type: JobType<serde_json::Value> = serde_json::from_str(text).unwrap();
        let [frames, chunk] = &job_type.settings[..] else { panic!("{job_type:?}") };
        assert_eq!((frames.required, &frames.default), (true, &None));
        assert_eq!((chunk.required, chunk.default.as_ref()), (false, Some(&1.into())));
    }
}
