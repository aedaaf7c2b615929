//! What goes on at the same time: names become known, are asked about, and what is missing is sent.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use shaman_proto::BlobRef;
use tokio::time::{Instant, MissedTickBehavior};

use super::hashing::{Gathered, Named, Names};
use super::sender::{Item, Load, Sender};
use super::{ROUNDS_MAX, SubmitError};
use crate::api::{Api, ApiError, patiently};
use crate::hash::{HashError, Hashed};
use crate::pack::{Job, RewriteError};
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;
use crate::upload::{self, Line, PackError, Packed, Sent, ToSend, UploadError};

/// Names are gathered for so long before they are asked about, the first time: sending is to begin
/// soon. Each further time it is twice as long,
const GATHERING_FIRST: Duration = Duration::from_millis(10);

/// up to this.
const GATHERING_MOST: Duration = Duration::from_millis(160);

/// Between two looks at which names became known.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Unless there are so many.
const GATHERED_MAX: usize = 10_000;

/// Says whether Flamenco's words may be understood where these are not.
pub(super) fn is_not_ours(error: &ApiError) -> bool {
    matches!(error, ApiError::NotOurs { .. })
        || matches!(error.status(), Some(403 | 411 | 413 | 415))
}

/// Something that ended while others go on.
enum Done {
    Hashing(Result<(), RewriteError>),
    Anew(usize, Result<Hashed, HashError>),
    Asked(Result<Vec<BlobRef>, ApiError>),
    Pack(Vec<Item>, Result<Vec<Packed>, PackError>),
    One(Item, Result<Sent, UploadError>),
}

/// A submit in the middle.
pub(super) struct Run<'a> {
    api: &'a Api,
    job: &'a Job,
    names: &'a Names,
    line: &'a Line,
    hashed: Vec<Option<Hashed>>,
    /// Copies that go in the place of files.
    copies: HashMap<usize, PathBuf>,
    /// A file for each blob.
    holders: HashMap<BlobRef, usize>,
    /// Blobs that were not asked about yet.
    unasked: Vec<BlobRef>,
    sender: Sender,
    /// What was sent, and is stored.
    pub(super) sent: HashSet<BlobRef>,
    /// How often each file changed.
    changes: HashMap<usize, u32>,
    has_begun: bool,
    /// The server, or something before it, knows no such questions.
    pub(super) is_not_ours: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(api: &'a Api, job: &'a Job, names: &'a Names, line: &'a Line) -> Self {
        Self {
            api,
            job,
            names,
            line,
            hashed: vec![None; job.files.len()],
            copies: HashMap::new(),
            holders: HashMap::new(),
            unasked: Vec::new(),
            sender: Sender::default(),
            sent: HashSet::new(),
            changes: HashMap::new(),
            has_begun: false,
            is_not_ours: false,
        }
    }

    /// Takes what became of a file; `true` when nobody knew that blob.
    pub(super) fn take(&mut self, named: Named) -> bool {
        let Named { at, copy, hashed } = named;
        if let Some(copy) = copy {
            self.copies.insert(at, copy);
        }
        self.know(at, hashed)
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

    /// Where the bytes of a file are.
    fn path(&self, at: usize) -> &Path {
        self.copies.get(&at).map_or(&self.job.files[at].path, PathBuf::as_path)
    }

    /// The job, with copies in the place of files.
    pub(super) fn job(&self) -> Job {
        let mut job = self.job.clone();
        for (at, file) in job.files.iter_mut().enumerate() {
            self.path(at).clone_into(&mut file.path);
        }
        job
    }

    /// The names of all files, once all are known.
    pub(super) fn all(&self) -> Option<Vec<Hashed>> {
        self.hashed.iter().copied().collect()
    }

    /// Puts a blob among those to be sent.
    pub(super) fn send(&mut self, blob: BlobRef) {
        let Some(&at) = self.holders.get(&blob) else { return };
        let Some(hashed) = self.hashed[at] else { return };
        let (phase, bytes) = (Phase::Upload, blob.size.bytes());
        let progress = &self.names.progress;
        if !self.has_begun {
            self.has_begun = true;
            progress.tell(Event::Began { phase, files: 0, bytes: 0 });
        }
        progress.tell(Event::Grew { phase, files: 1, bytes });
        let (path, name) = (self.path(at).to_owned(), self.job.files[at].in_pack.clone());
        self.sender.add(Item { at, file: ToSend { path, name, hashed, bytes: None } });
    }

    pub(super) async fn hash_and_send(&mut self) -> Result<(), SubmitError> {
        let halt = Stop::default();
        // Threads need not go on when this ends early.
        let _halt_on_drop = halt.on_drop();
        self.go(Some(&halt)).await
    }

    /// Asks and sends until there is nothing left to do; hashes all files meanwhile if there is a
    /// way to stop that.
    pub(super) async fn go(&mut self, hashing: Option<&Stop>) -> Result<(), SubmitError> {
        let (api, names, line) = (self.api, self.names, self.line);
        let mut all: FuturesUnordered<LocalBoxFuture<'a, Done>> = FuturesUnordered::new();
        let mut known = None;
        if let Some(stop) = hashing {
            let (gathered, hashing) = names.begin(self.job, stop);
            known = Some(gathered);
            all.push(hashing.map(Done::Hashing).boxed_local());
        }
        let (mut is_asking, mut asked) = (false, Instant::now());
        let mut gathering = GATHERING_FIRST;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let may_grow = known.is_some() || is_asking || !self.unasked.is_empty();
            let is_due = known.is_none()
                || self.unasked.len() >= GATHERED_MAX
                || asked.elapsed() >= gathering;
            if self.is_not_ours {
                self.unasked.clear();
            } else if !is_asking && is_due && !self.unasked.is_empty() {
                (is_asking, asked) = (true, Instant::now());
                gathering = GATHERING_MOST.min(gathering * 2);
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
                _ = looks.tick(), if known.is_some() => {
                    self.learn(known.as_deref());
                }
                Some(done) = all.next() => {
                    if matches!(done, Done::Hashing(_)) {
                        self.learn(known.take().as_deref());
                    }
                    is_asking &= !matches!(done, Done::Asked(_));
                    for at in self.end(done)? {
                        let path = self.path(at).to_owned();
                        let anew = async move { Done::Anew(at, names.anew(&path).await) };
                        all.push(anew.boxed_local());
                    }
                }
                () = tokio::time::sleep_until(asked + gathering),
                    if !is_asking && !self.unasked.is_empty() => {}
            }
        }
        if self.has_begun {
            self.has_begun = false;
            names.progress.tell(Event::Ended { phase: Phase::Upload });
        }
        Ok(())
    }

    /// Takes names that became known.
    fn learn(&mut self, known: Option<&Gathered>) {
        for named in known.map(Gathered::take).unwrap_or_default() {
            let blob = named.hashed.blob;
            if self.take(named) {
                self.unasked.push(blob);
            }
        }
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
