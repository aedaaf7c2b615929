//! The job at the Manager, on behalf of `shaman submit --flamenco`.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::ending::Ending;
use crate::api::Api;
use crate::cli::JobArgs;
use crate::job::{self, Created, Planned, Scene, Wishes};
use crate::places;
use crate::progress::Listener;
use crate::trace::Trace;

/// Priority of Flamenco's add-on.
const PRIORITY: i32 = 50;

/// Makes sure that the Manager would take the job; `None` when no job is wanted.
pub(super) async fn plan(
    api: &Api,
    args: &JobArgs,
    name: &str,
    traced: &Trace,
    listener: &Listener,
) -> anyhow::Result<Option<Planned>> {
    let Some(job_type) = args.job_type.clone().filter(|_| args.flamenco) else { return Ok(None) };
    let project = traced.root.file_name().map(|name| name.to_string_lossy().into_owned());
    let user = args.user.clone().or_else(|| args.user_name.clone());
    let metadata: BTreeMap<String, String> = [("project", project), ("user.name", user)]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect();
    let wishes = Wishes {
        job_type,
        name: args.job_name.clone().unwrap_or_else(|| name.to_owned()),
        priority: args.priority.unwrap_or(PRIORITY),
        settings: args.settings.clone(),
        metadata,
    };
    let planned = job::plan(api, wishes, listener).await;
    Ok(Some(planned.context("nothing was uploaded or copied")?))
}

/// Creates the job for files that are where workers see them.
pub(super) async fn create(
    api: &Api,
    planned: Planned,
    ending: &Ending,
    listener: &Listener,
) -> anyhow::Result<Created> {
    let blend = ending.blend.clone().context("the checkout has no file to render")?;
    let place = ending.place();
    let scene = match (&ending.checkout, ending.is_checkout()) {
        (Some(checkout), true) => Scene::Checkout { checkout: checkout.clone(), blend },
        _ => Scene::At(places::join(place, &blend)),
    };
    planned
        .create(api, scene, listener)
        .await
        .with_context(|| format!("the files are ready in `{place}`"))
}
