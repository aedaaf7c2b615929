//! The transfer of BAT 1: rounds of requirements and uploads, until one goes well.

use std::collections::{HashMap, HashSet, VecDeque};

use super::calls::Uploaded;
use super::outcome::Outcome;
use super::posix::{join, posix_path};
use super::project::{Project, Spec};
use super::{Addon, ApiError};

/// After so many, BAT gives up.
const ROUNDS_MAX: usize = 50;
/// No upload may be deferred when so many were.
const DEFERRED_MAX: usize = 8;

/// How a round ended badly.
enum Bad {
    /// An answer that BAT starts over after.
    Round(ApiError),
    /// Anything else; the submission ends.
    Submission(String),
}

impl Addon {
    /// Submits through BAT 1.
    ///
    /// A checkout is made, but no job submitted, when a round failed and a later one went well.
    pub fn submit_with_bat1(&mut self, project: &Project, name: &str) -> Outcome {
        let before = self.client.exchanges.len();
        let mut outcome = Outcome::default();
        if let Err(failure) = self.transfer_and_submit(project, name, &mut outcome) {
            outcome.failures.push(failure);
        }
        outcome.requests = self.client.exchanges.split_off(before);
        outcome
    }

    fn transfer_and_submit(
        &mut self,
        project: &Project,
        name: &str,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let blend = self.release.submitted_blend(&project.blend);
        let files = pack(project, &blend);
        self.transfer(&files, outcome)?;

        let checkout =
            self.create_checkout(&files, &posix_path(name)).map_err(|error| {
                match error.refused() {
                    Some(424) => "did not upload some files".to_owned(),
                    Some(409) => "already an existing checkout".to_owned(),
                    _ => error.to_string(),
                }
            })?;
        outcome.checkout = Some(checkout.clone());
        if !outcome.failures.is_empty() {
            return Ok(());
        }
        let blendfile = join(&["{jobs}", &checkout, &blend]);
        let job = self
            .submit_job(name, &blendfile, Some(&checkout))
            .map_err(|error| error.to_string())?;
        (outcome.job, outcome.submitted_ok) = (Some(job), true);
        Ok(())
    }

    fn transfer(&mut self, files: &[Spec], outcome: &mut Outcome) -> Result<(), String> {
        while outcome.rounds < ROUNDS_MAX {
            outcome.rounds += 1;
            match self.round(files) {
                Ok(()) => return Ok(()),
                Err(Bad::Round(error)) => outcome.failures.push(error.to_string()),
                Err(Bad::Submission(failure)) => return Err(failure),
            }
        }
        Err(format!("gave up after {ROUNDS_MAX} rounds"))
    }

    fn round(&mut self, files: &[Spec]) -> Result<(), Bad> {
        let by_path: HashMap<_, _> = files.iter().map(|file| (file.path.as_str(), file)).collect();
        let wanted =
            self.requirements(files).map_err(|error| Bad::Submission(error.to_string()))?;
        let mut queue = VecDeque::new();
        for one in wanted {
            let file = by_path.get(one.path.as_str());
            let file =
                file.ok_or_else(|| Bad::Submission(format!("`{}` was not asked for", one.path)))?;
            if one.uploading { queue.push_back(*file) } else { queue.push_front(*file) }
        }
        let mut deferred = HashSet::new();
        while let Some(file) = queue.pop_front() {
            if self.is_stored(file).map_err(bad)? {
                continue;
            }
            let can_defer = deferred.len() < DEFERRED_MAX
                && !deferred.contains(&file.path)
                && !queue.is_empty();
            if self.upload(file, can_defer).map_err(bad)? == Uploaded::Deferred {
                // The file is not put back: this is where BAT 1 loses it.
                self.random.shuffle(queue.make_contiguous());
                deferred.insert(file.path.clone());
            }
        }
        Ok(())
    }
}

fn bad(error: ApiError) -> Bad {
    match error {
        ApiError::Refused { .. } => Bad::Round(error),
        other => Bad::Submission(other.to_string()),
    }
}

/// The pack: the project's files, the .blend under the name it is submitted as, and
/// `pack-info.txt`. Exact repetitions are dropped; paths have slashes on all platforms.
fn pack(project: &Project, blend: &str) -> Vec<Spec> {
    let info = format!("This is a pack for {blend}\n");
    let mut files: Vec<Spec> = Vec::new();
    for (path, bytes) in &project.files {
        let sent_as = if *path == project.blend { blend } else { path };
        let file = project.spec(path, sent_as, bytes);
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files.push(Spec::new("pack-info.txt", info.as_bytes()));
    files
}
