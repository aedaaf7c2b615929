//! Questions about one job.

use std::sync::Arc;

use serde_json::Value;
use shaman_proto::CheckoutPath;

use super::Manager;
use super::jobs::{checkout_of, listed};
use crate::ops::{ListedJob, Ops};
use crate::tasks::Blocking;

impl Manager {
    /// Notes which checkout a job has, if the Manager and we know it.
    pub async fn learn(&self, id: &str, ops: &Arc<Ops>, blocking: &Blocking) {
        let Some((_, checkout)) = self.checkout(&format!("/api/v3/jobs/{id}"), ops, blocking).await
        else {
            return;
        };
        let (id, ops) = (id.to_owned(), Arc::clone(ops));
        if let Ok(Err(error)) = blocking.run(move || ops.note_job(&id, &checkout)).await {
            tracing::warn!(%error, "cannot note which checkout a job has");
        }
    }

    /// Says whether deleting the job at this path of the Manager would erase its checkout: we made
    /// it, and no other job names it.
    pub async fn would_erase(&self, path: &str, ops: &Arc<Ops>, blocking: &Blocking) -> bool {
        let Some((job, checkout)) = self.checkout(path, ops, blocking).await else { return false };
        let Some(id) = job.get("id").and_then(Value::as_str) else { return false };
        let Ok(_place) = self.lists.acquire().await else { return false };
        let Ok(answer) = self.ask_jobs().await else { return false };
        let reading = Arc::clone(ops);
        match blocking.run(move || listed(&answer, &reading)).await {
            Ok(Ok(jobs)) => {
                !ListedJob::any_names(jobs.iter().filter(|job| job.id != id), &checkout)
            }
            _ => false,
        }
    }

    /// The job at this path and its checkout.
    async fn checkout(
        &self,
        path: &str,
        ops: &Arc<Ops>,
        blocking: &Blocking,
    ) -> Option<(Value, CheckoutPath)> {
        let job = self.ask(path).await.ok()?;
        let ops = Arc::clone(ops);
        blocking
            .run(move || {
                let checkout = checkout_of(&job, &ops).ok()??;
                Some((job, checkout))
            })
            .await
            .ok()?
    }
}
