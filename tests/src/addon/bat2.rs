//! The transfer of BAT 2: one round, all questions first, no second try.

use super::calls::Uploaded;
use super::outcome::Outcome;
use super::posix::{join, posix_path};
use super::project::{Project, Spec};
use super::{Addon, ApiError};

/// BAT 2 says it can defer until so many were deferred. It means to say `False` for the last file,
/// but the test for that is off by one and never true.
const DEFERRED_MAX: usize = 8;

impl Addon {
    /// Submits through BAT 2. The job does not name its checkout.
    pub fn submit_with_bat2(&mut self, project: &Project, name: &str) -> Outcome {
        let before = self.client.exchanges.len();
        let mut outcome = Outcome::default();
        if let Err(failure) = self.pack_and_submit(project, name, &mut outcome) {
            outcome.failures.push(failure);
        }
        outcome.requests = self.client.exchanges.split_off(before);
        outcome
    }

    fn pack_and_submit(
        &mut self,
        project: &Project,
        name: &str,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let files =
            project.files.iter().map(|(path, bytes)| project.spec(path, &self.native(path), bytes));
        let files: Vec<_> = files.collect();

        outcome.rounds = 1;
        let wanted = self.wanted(&files)?;
        self.send(&wanted, outcome)?;

        let checkout = self.create_checkout(&files, &posix_path(name));
        let checkout = checkout.map_err(|error| match error.refused() {
            Some(424) => attribute_error("did not upload some files"),
            Some(409) => attribute_error("already an existing checkout"),
            _ => attribute_error(&error.to_string()),
        })?;
        outcome.checkout = Some(checkout.clone());
        let blendfile = join(&["{jobs}", &checkout, &project.blend]);
        let job = self.submit_job(name, &blendfile, None).map_err(|error| error.to_string())?;
        (outcome.job, outcome.submitted_ok) = (Some(job), true);
        Ok(())
    }

    /// The files to send, in the order they are sent in.
    fn wanted<'a>(&mut self, files: &'a [Spec]) -> Result<Vec<&'a Spec>, String> {
        let wanted =
            self.requirements(files).map_err(|error| attribute_error(&error.to_string()))?;
        let (mut unknown, mut uploading) = (Vec::new(), Vec::new());
        for one in wanted {
            let file = files.iter().find(|file| file.path == one.path);
            let file = file.ok_or_else(|| format!("`{}` was not asked for", one.path))?;
            if one.uploading { uploading.push(file) } else { unknown.push(file) }
        }
        self.random.shuffle(&mut unknown);
        self.random.shuffle(&mut uploading);
        Ok([unknown, uploading].concat())
    }

    fn send(&mut self, wanted: &[&Spec], outcome: &mut Outcome) -> Result<(), String> {
        let mut missing = Vec::new();
        for file in wanted {
            // A refused question is one of the places with the call that does not exist.
            if !self.is_stored(file).map_err(|error| attribute_error(&error.to_string()))? {
                missing.push(*file);
            }
        }
        let mut deferred = 0;
        for file in missing {
            match self.upload(file, deferred < DEFERRED_MAX) {
                Ok(Uploaded::Done) => {}
                // Never sent again: the step that would do so runs before the uploads.
                Ok(Uploaded::Deferred) => deferred += 1,
                Err(error @ ApiError::Refused { .. }) => outcome.failures.push(error.to_string()),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// The path as Blender's platform writes it.
    fn native(&self, path: &str) -> String {
        if self.windows { path.replace('/', "\\") } else { path.to_owned() }
    }
}

/// BAT 2 reports errors through `on_error`, which does not exist: the operator ends with this.
fn attribute_error(logged: &str) -> String {
    format!("AttributeError after: {logged}")
}
