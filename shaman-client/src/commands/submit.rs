//! `shaman submit`: a .blend with everything it needs, brought to where workers see it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use shaman_proto::CheckoutPath;

use super::ending::Ending;
use super::reaching::api;
use super::{copying, creating, packing, sending};
use crate::api::Api;
use crate::approach::{self, Choice, Storage};
use crate::cli::{Approach, SubmitArgs};
use crate::pack::{self, GatherError, Plan};
use crate::progress::{Event, Listener, Phase};
use crate::trace::Trace;
use crate::{copy, places};

pub(super) fn run(args: &SubmitArgs) -> anyhow::Result<()> {
    let named = [Some(&args.blend), args.project.as_ref()];
    named.into_iter().flatten().try_for_each(|path| places::refuse_unc(path))?;
    let told = args.storage.as_deref().map(Storage::named).transpose()?;
    let api = api(&args.server)?;
    let listener = sending::listener(args.json);
    listener.tell(Event::Began { phase: Phase::Trace, files: 0, bytes: 0 });
    let (project, proxies) = (args.project.as_deref(), args.with_proxies);
    let traced = super::deps::traced(&args.blend, project, proxies, &args.cache)?;
    listener.tell(Event::Ended { phase: Phase::Trace });
    super::deps::complain(&traced);
    let missing = traced.missing.len();
    if args.strict && missing > 0 {
        anyhow::bail!("{missing} files are missing and --strict was given; nothing was uploaded");
    }
    let name = pack::checkout_name(args.name.as_deref(), traced.blend.file_stem())?;
    let ending = sending::block_on(async {
        let storage = match told {
            Some(storage) => storage,
            None => sending::storage(&api, &listener).await?,
        };
        sending::warn_if_synced(&storage, &listener);
        let plan = pack::from_trace(&traced, name.to_string());
        let way = Way { args, api: &api, storage: &storage, traced: &traced, listener: &listener };
        way.go(plan, &name).await
    })?;
    let ending = Ending { missing, ..ending };
    say!("{}", if args.json { ending.line() } else { ending.summary() });
    Ok(())
}

/// What was chosen, with what it takes.
enum Ready {
    InPlace(PathBuf, Option<PathBuf>),
    Copy(Plan, PathBuf),
    Shaman(Plan),
}

/// From a traced .blend to where workers see it.
struct Way<'a> {
    args: &'a SubmitArgs,
    api: &'a Api,
    storage: &'a Storage,
    traced: &'a Trace,
    listener: &'a Listener,
}

impl Way<'_> {
    /// `plan` may have failed: what is used in place needs no pack.
    async fn go(
        self,
        plan: Result<Plan, GatherError>,
        name: &CheckoutPath,
    ) -> anyhow::Result<Ending> {
        let Self { args, api, storage, traced, listener } = self;
        let choice = approach::choose(args.approach, storage, &traced.blend)?;
        let ready = match choice {
            Choice::InPlace { blend, checkout } => Ready::InPlace(blend, checkout),
            Choice::Copy(location) => Ready::Copy(plan?, location),
            Choice::Shaman => Ready::Shaman(plan?),
        };
        let planned = creating::plan(api, &args.job, name.as_str(), traced, listener).await?;
        let ending = match ready {
            Ready::InPlace(blend, checkout) => self.in_place(&blend, checkout.as_deref())?,
            Ready::Copy(plan, location) => {
                let packed = packing::ready(plan, &args.cache, listener)?;
                let name = copy::dated(name, sending::CLOCK);
                copying::copy(packed.job.clone(), &location, &name, listener).await?
            }
            Ready::Shaman(plan) => {
                sending::send(api, plan, storage, &args.cache, args.sending, listener).await?
            }
        };
        let job = match planned {
            Some(planned) => Some(creating::create(api, planned, &ending, listener).await?),
            None => None,
        };
        Ok(Ending { job, ..ending })
    }

    /// Says why nothing is copied, and where the file to render is.
    fn in_place(&self, blend: &Path, checkout: Option<&Path>) -> anyhow::Result<Ending> {
        let shown = blend.display();
        let why = match checkout {
            Some(checkout) => format!("lies in the checkout `{}` already", checkout.display()),
            None => "lies in the shared storage".to_owned(),
        };
        self.listener.tell(Event::Note(format!("`{shown}` {why}; it is used in place")));
        let location = self.storage.location.as_deref().unwrap_or_default();
        let is_elsewhere = |path: &Path| approach::inside(location, path).is_none();
        let files = self.traced.files.iter().map(|file| file.path.as_path());
        let elsewhere: Vec<&Path> = files.filter(|path| is_elsewhere(path)).collect();
        if let Some(first) = elsewhere.first() {
            self.listener.tell(Event::Warning(format!(
                "{} of the files it needs lie outside the storage `{location}`, first `{}`; workers \
                 need the same path to find them",
                elsewhere.len(),
                first.display()
            )));
        }
        let (dir, file) = (blend.parent(), blend.file_name());
        let text = |path: &Path| path.to_str().map(str::to_owned);
        let (dir, file) = dir
            .and_then(text)
            .zip(file.map(Path::new).and_then(text))
            .with_context(|| format!("`{shown}` has no name that workers could be told"))?;
        Ok(Ending {
            approach: Approach::InPlace,
            checkout: None,
            blend: Some(file),
            location: Some(dir),
            files: self.traced.files.len() as u64,
            bytes: self.traced.files.iter().map(|file| file.size).sum(),
            uploaded_files: 0,
            uploaded_bytes: 0,
            reused_bytes: 0,
            missing: 0,
            job: None,
        })
    }
}
