//! A submit to our server: asking and sending begin with the first name, not after the last one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use shaman_proto::wire::checkouts::{CheckOutAnswer, CheckOutRequest};
use shaman_proto::{BlobRef, ManifestEntry};
use tokio::time::Instant;

use super::hashing::Names;
use super::list;
use super::sender::{Item, Load, Sender};
use super::{ROUNDS_MAX, SubmitError, Submitted, summary};
use crate::api::{Api, ApiError, CheckedOut, Patience, patiently};
use crate::hash::{Clock, HashCache, HashError, Hashed};
use crate::pack::Job;
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;
use crate::upload::{self, Line, PackError, Packed, Sent, ToSend, UploadError};

/// Names are gathered for so long before they are asked about.
const GATHERING: Duration = Duration::from_millis(100);

/// Unless there are so many.
const GATHERED_MAX: usize = 10_000;

/// Status of whoever takes no list of that length.
const TOO_LONG: u16 = 413;

/// How the server gets the list of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the request.
    Inline,
    /// As a blob, in parts if need be.
    AsBlob,
}

/// How it ended.
pub(super) enum Ended {
    /// The checkout is there.
    Made(Submitted),
    /// The server, or something before it, knows no such requests. Nothing was sent; these are the
    /// names of all files.
    NotOurs(Vec<Hashed>),
}

pub(super) async fn submit(
    api: &Api,
    job: &Job,
    cache: &std::sync::Arc<HashCache>,
    clock: Clock,
    progress: &Listener,
) -> Result<Ended, SubmitError> {
    let paths: Vec<_> =
        job.files.iter().map(|file| file.in_pack.parse()).collect::<Result<_, _>>()?;
    let blend = job.blend.as_ref().map(|blend| blend.parse()).transpose()?;
    let names = Names { cache: cache.clone(), clock, progress: progress.clone() };
    let line = Line::default();
    let mut run = Run::new(api, job, &names, &line);
    match names.all_known(job).await {
        // Nothing has changed, and so it is likely that nothing is missing: the answer will say.
        Some(hashed) => {
            for (at, hashed) in hashed.into_iter().enumerate() {
                run.know(at, hashed);
            }
        }
        None => run.hash_and_send().await?,
    }
    let mut way = Way::Inline;
    for _ in 0..ROUNDS_MAX {
        let Some(hashed) = run.all() else {
            return Err(SubmitError::KeepsLosing(api.base().into()));
        };
        if run.is_not_ours {
            return Ok(Ended::NotOurs(hashed));
        }
        let entry = |(path, hashed): (&shaman_proto::FilePath, &Hashed)| ManifestEntry {
            path: path.clone(),
            size: hashed.blob.size,
            sha256: hashed.blob.digest,
        };
        let files = paths.iter().zip(&hashed).map(entry).collect();
        let request = match way {
            Way::Inline => CheckOutRequest {
                checkout: job.name.clone(),
                blend: Option::clone(&blend),
                files: Some(files),
                manifest: None,
            },
            Way::AsBlob => CheckOutRequest {
                checkout: job.name.clone(),
                manifest: Some(
                    list::send(api, Option::clone(&blend), files, &line, progress).await?,
                ),
                ..CheckOutRequest::default()
            },
        };
        progress.tell(Event::Began { phase: Phase::Checkout, files: 0, bytes: 0 });
        let ended = check_out(api, &request, progress).await;
        progress.tell(Event::Ended { phase: Phase::Checkout });
        match ended {
            Ok(CheckedOut::Made(CheckOutAnswer { checkout, warnings, .. })) => {
                for warning in warnings {
                    progress.tell(Event::Warning(warning));
                }
                return Ok(Ended::Made(summary(job, &hashed, &run.sent, checkout)));
            }
            Ok(CheckedOut::Missing(missing)) => {
                for blob in missing {
                    // Of a blob that no file is there is nothing to send; the next round ends it.
                    run.send(blob);
                }
                run.go(None).await?;
            }
            Err(error) if error.status() == Some(TOO_LONG) && way == Way::Inline => {
                way = Way::AsBlob;
            }
            Err(error) if is_not_ours(&error) => return Ok(Ended::NotOurs(hashed)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(SubmitError::KeepsLosing(api.base().to_owned()))
}

/// Says whether Flamenco's words may be understood where these are not.
fn is_not_ours(error: &ApiError) -> bool {
    matches!(error, ApiError::NotOurs { .. })
        || matches!(error.status(), Some(403 | 411 | 413 | 415))
}

/// Something that ended while others go on.
enum Done {
    Hashing(Result<(), HashError>),
    Anew(usize, Result<Hashed, HashError>),
    Asked(Result<Vec<BlobRef>, ApiError>),
    Pack(Vec<Item>, Result<Vec<Packed>, PackError>),
    One(Item, Result<Sent, UploadError>),
}

/// A submit in the middle.
struct Run<'a> {
    api: &'a Api,
    job: &'a Job,
    names: &'a Names,
    line: &'a Line,
    hashed: Vec<Option<Hashed>>,
    /// A file for each blob.
    holders: HashMap<BlobRef, usize>,
    /// Blobs that were not asked about yet.
    unasked: Vec<BlobRef>,
    sender: Sender,
    sent: HashSet<BlobRef>,
    /// How often each file changed.
    changes: HashMap<usize, u32>,
    has_begun: bool,
    is_not_ours: bool,
}

impl<'a> Run<'a> {
    fn new(api: &'a Api, job: &'a Job, names: &'a Names, line: &'a Line) -> Self {
        Self {
            api,
            job,
            names,
            line,
            hashed: vec![None; job.files.len()],
            holders: HashMap::new(),
            unasked: Vec::new(),
            sender: Sender::default(),
            sent: HashSet::new(),
            changes: HashMap::new(),
            has_begun: false,
            is_not_ours: false,
        }
    }

    /// Takes the name of a file; `true` when nobody knew that blob.
    fn know(&mut self, at: usize, hashed: Hashed) -> bool {
        let old = self.hashed[at].replace(hashed);
        // A file that changed is no longer one with its old bytes.
        if let Some(old) = old.filter(|old| self.holders.get(&old.blob) == Some(&at)) {
            self.holders.remove(&old.blob);
        }
        let is_new = !self.holders.contains_key(&hashed.blob);
        if is_new {
            self.holders.insert(hashed.blob, at);
        }
        is_new
    }

    /// The names of all files, once all are known.
    fn all(&self) -> Option<Vec<Hashed>> {
        self.hashed.iter().copied().collect()
    }

    /// Puts a blob among those to be sent.
    fn send(&mut self, blob: BlobRef) {
        let Some(&at) = self.holders.get(&blob) else { return };
        let Some(hashed) = self.hashed[at] else { return };
        let (phase, bytes) = (Phase::Upload, blob.size.bytes());
        let progress = &self.names.progress;
        if !self.has_begun {
            self.has_begun = true;
            progress.tell(Event::Began { phase, files: 0, bytes: 0 });
        }
        progress.tell(Event::Grew { phase, files: 1, bytes });
        let file = &self.job.files[at];
        let (path, name) = (file.path.clone(), file.in_pack.clone());
        self.sender.add(Item { at, file: ToSend { path, name, hashed, bytes: None } });
    }

    async fn hash_and_send(&mut self) -> Result<(), SubmitError> {
        let halt = Stop::default();
        // Threads need not go on when this ends early.
        let _halt_on_drop = halt.on_drop();
        self.go(Some(&halt)).await
    }

    /// Asks and sends until there is nothing left to do; hashes all files meanwhile if there is a
    /// way to stop that.
    async fn go(&mut self, hashing: Option<&Stop>) -> Result<(), SubmitError> {
        let (api, job, names, line) = (self.api, self.job, self.names, self.line);
        let mut all: FuturesUnordered<LocalBoxFuture<'a, Done>> = FuturesUnordered::new();
        let mut known = None;
        if let Some(stop) = hashing {
            let (channel, hashing) = names.begin(self.job, stop);
            known = Some(channel);
            all.push(hashing.map(Done::Hashing).boxed_local());
        }
        let (mut is_asking, mut asked) = (false, Instant::now());
        loop {
            let may_grow = known.is_some() || is_asking || !self.unasked.is_empty();
            let is_due = known.is_none()
                || self.unasked.len() >= GATHERED_MAX
                || asked.elapsed() >= GATHERING;
            if self.is_not_ours {
                self.unasked.clear();
            } else if !is_asking && is_due && !self.unasked.is_empty() {
                (is_asking, asked) = (true, Instant::now());
                let blobs = std::mem::take(&mut self.unasked);
                let progress = &names.progress;
                let asking = async move { patiently(progress, || api.missing(&blobs)).await };
                all.push(asking.map(Done::Asked).boxed_local());
            }
            while let Some(load) = self.sender.next(may_grow) {
                all.push(sending(api, load, line, &names.progress));
            }
            if known.is_none() && all.is_empty() && self.unasked.is_empty() {
                break;
            }
            tokio::select! {
                hashed = next(&mut known) => match hashed {
                    Some((at, hashed)) => {
                        if self.know(at, hashed) {
                            self.unasked.push(hashed.blob);
                        }
                    }
                    None => known = None,
                },
                Some(done) = all.next() => {
                    is_asking &= !matches!(done, Done::Asked(_));
                    for at in self.end(done)? {
                        let path = &job.files[at].path;
                        let anew = names.anew(path).map(move |hashed| Done::Anew(at, hashed));
                        all.push(anew.boxed_local());
                    }
                }
                () = tokio::time::sleep_until(asked + GATHERING),
                    if !is_asking && !self.unasked.is_empty() => {}
            }
        }
        if self.has_begun {
            self.has_begun = false;
            names.progress.tell(Event::Ended { phase: Phase::Upload });
        }
        Ok(())
    }

    /// Takes what ended; gives the files that have to be hashed again.
    fn end(&mut self, done: Done) -> Result<Vec<usize>, SubmitError> {
        let mut changed = Vec::new();
        match done {
            Done::Hashing(ended) => ended?,
            Done::Anew(at, hashed) => {
                let hashed = hashed?;
                if self.know(at, hashed) {
                    self.unasked.push(hashed.blob);
                }
            }
            Done::Asked(Ok(missing)) => missing.into_iter().for_each(|blob| self.send(blob)),
            Done::Asked(Err(error)) if is_not_ours(&error) => self.is_not_ours = true,
            Done::Asked(Err(error)) => return Err(error.into()),
            Done::Pack(items, Err(PackError::NotTaken(_))) => self.sender.refused(items),
            Done::Pack(_, Err(PackError::Upload(error))) => return Err(error.into()),
            Done::Pack(items, Ok(ended)) => {
                self.sender.ended_pack();
                for (item, ended) in items.into_iter().zip(ended) {
                    match ended {
                        Packed::Alone => self.sender.add_alone(item),
                        Packed::Sent(sent) => changed.extend(self.ended(&item, sent)?),
                    }
                }
            }
            Done::One(item, ended) => {
                self.sender.ended_one(&item);
                changed.extend(self.ended(&item, ended?)?);
            }
        }
        Ok(changed)
    }

    /// Notes what became of a file; gives it if it has to be hashed again.
    fn ended(&mut self, item: &Item, sent: Sent) -> Result<Option<usize>, SubmitError> {
        let Item { at, file } = item;
        if sent != Sent::Changed {
            // What our server says that it has, it has; the checkout shows it.
            self.sent.insert(file.hashed.blob);
            return Ok(None);
        }
        let changes = self.changes.entry(*at).or_default();
        *changes += 1;
        if *changes >= ROUNDS_MAX {
            return Err(SubmitError::KeepsChanging(file.path.clone()));
        }
        let (phase, bytes) = (Phase::Upload, file.hashed.blob.size.bytes());
        self.names.progress.tell(Event::Advanced { phase, files: 1, bytes });
        self.names.progress.tell(super::changed_warning(&file.path));
        Ok(Some(*at))
    }
}

fn sending<'a>(
    api: &'a Api,
    load: Load,
    line: &'a Line,
    progress: &'a Listener,
) -> LocalBoxFuture<'a, Done> {
    match load {
        Load::Pack(items) => async move {
            let files: Vec<ToSend> = items.iter().map(|item| item.file.clone()).collect();
            let ended = upload::send_pack(api, &files, line, progress).await;
            Done::Pack(items, ended)
        }
        .boxed_local(),
        Load::One(item) => async move {
            let ended = upload::send_alone(api, &item.file, line, progress).await;
            Done::One(item, ended)
        }
        .boxed_local(),
    }
}

/// Asks for the checkout; again only when nobody can have heard it: a second checkout would be left
/// behind.
async fn check_out(
    api: &Api,
    request: &CheckOutRequest,
    progress: &Listener,
) -> Result<CheckedOut, ApiError> {
    let mut patience = Patience::default();
    loop {
        match api.check_out(request).await {
            Err(error) if matches!(error.status(), Some(425 | 429 | 502..=504)) => {
                let Some(wait) = patience.after(&error) else { return Err(error) };
                progress.tell(Event::Retrying { why: error.to_string(), wait });
                tokio::time::sleep(wait).await;
            }
            ended => return ended,
        }
    }
}

/// The next name; waits for ever when there is nobody to give one.
async fn next<T>(known: &mut Option<tokio::sync::mpsc::UnboundedReceiver<T>>) -> Option<T> {
    match known {
        Some(channel) => channel.recv().await,
        None => std::future::pending().await,
    }
}
