//! How a submit ended: the last lines that a person or a program reads.

use serde_json::json;

use super::show::human;
use crate::cli::Approach;
use crate::job::Created;

/// What there is to tell. `location` and `blend` joined are the file to render.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) approach: Approach,
    /// Relative to the storage: the checkout, or the directory of the copy.
    pub(super) checkout: Option<String>,
    /// The file to render, relative to the location.
    pub(super) blend: Option<String>,
    /// Where the files are, as this machine sees it.
    pub(super) location: Option<String>,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) uploaded_files: u64,
    pub(super) uploaded_bytes: u64,
    /// Those of them that did not travel.
    pub(super) reused_bytes: u64,
    pub(super) missing: usize,
    /// The job at the Manager, if one was asked for.
    pub(super) job: Option<Created>,
}

impl Ending {
    /// The directory of the files, as far as it is known.
    pub(super) fn place(&self) -> &str {
        self.location.as_ref().or(self.checkout.as_ref()).map_or("", String::as_str)
    }

    /// Says whether the server made a checkout.
    pub(super) fn is_checkout(&self) -> bool {
        self.approach == Approach::Shaman
    }

    /// One JSON object, its fields in the order that users read.
    pub(super) fn line(&self) -> String {
        // Not one `json!`, which would sort them.
        let mut fields = vec![
            ("checkout", json!(self.checkout)),
            ("blend_in_checkout", json!(self.blend)),
            ("location", json!(self.location)),
            ("files", json!(self.files)),
            ("bytes", json!(self.bytes)),
            ("uploaded_files", json!(self.uploaded_files)),
            ("uploaded_bytes", json!(self.uploaded_bytes)),
            ("reused_bytes", json!(self.reused_bytes)),
            ("missing", json!(self.missing)),
            ("approach", json!(self.approach.word())),
        ];
        if let Some(job) = &self.job {
            fields.extend([("job_id", json!(job.id)), ("job_url", json!(job.url))]);
        }
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{{}}}", fields.join(", "))
    }

    /// A few lines for a person.
    pub(super) fn summary(&self) -> String {
        let missing = match self.missing {
            0 => "nothing missing".to_owned(),
            missing => format!("{missing} missing"),
        };
        let files = format!("{} files, {}, {missing}", self.files, human(self.bytes));
        let reused = match self.reused_bytes {
            0 => String::new(),
            bytes => format!(", of which {} were there", human(bytes)),
        };
        let uploaded =
            format!("{} uploaded, {}{reused}", self.uploaded_files, human(self.uploaded_bytes));
        let place = self.place();
        let mut text = match (self.approach, &self.blend) {
            (Approach::Shaman, _) => format!("{files}\n{uploaded}\ncheckout: {place}"),
            (Approach::Copy, _) => format!("{files}\ncopy: {place}"),
            (Approach::InPlace, Some(blend)) => {
                format!("{files}\nin place: {}", crate::places::join(place, blend))
            }
            (Approach::InPlace, None) => format!("{files}\nin place: {place}"),
        };
        if let Some(Created { id, url }) = &self.job {
            text = format!("{text}\njob: {id}\nsee {url}");
        }
        text
    }
}
