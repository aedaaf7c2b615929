//! A checkout of a server as a directory here, for machines without the shared storage.
//!
//! ```text
//!  manifest ──► what the cache lacks ──► get, in parallel ──► cache ──► tree aside ──► DIR
//!                     ▲                  verified, resumed      │     clones, links or copies
//!                     └──── went meanwhile (somebody wrote to it, or deleted it) ◄┘
//! ```
//!
//! Promise: DIR appears in one step, complete, each file with the bytes that the manifest says, and
//! with a manifest in it. When a fetch fails, is stopped or killed, DIR is as it was; what has come
//! lies in the cache, and the next fetch goes on from there. What was being built when it was killed
//! is removed by the next fetch into the same directory.
#![expect(clippy::disallowed_methods, reason = "this layer owns the tree that it builds and names")]

mod cache;
mod get;
mod place;
mod tree;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use shaman_proto::{
    BlobRef, CheckoutPath, MANIFEST_FORMAT, Manifest, ManifestEntry, ManifestError,
};

pub use cache::{BlobCache, BlobCacheError, Lease};

use crate::api::{Api, ApiError, patiently};
use crate::aside;
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;
use crate::threads::on_a_thread;
use get::{Got, Way};
use tree::{Built, Tree};

/// Connections at once: small blobs gain up to here.
const CONNECTIONS: usize = 8;

/// How often blobs may go from the cache while they are needed, before something must be wrong.
const ROUNDS_MAX: u32 = 3;

/// Why there is no directory. DIR is as it was, and what has come lies in the cache.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The cache.
    #[error(transparent)]
    Cache(#[from] BlobCacheError),
    /// The manifest has another format.
    #[error(
        "{server} has format {format} for checkouts, and this program reads {MANIFEST_FORMAT}; use a newer `shaman`"
    )]
    Format {
        /// Which server.
        server: String,
        /// Its number.
        format: u32,
    },
    /// The manifest names what cannot stand in one directory.
    #[error("the manifest that {server} sent cannot be one")]
    Manifest {
        /// Which server.
        server: String,
        /// Why not.
        source: ManifestError,
    },
    /// The server has no such blob any more.
    #[error(
        "{server} has lost the blob {blob} of this checkout; `shaman damage` there says more, and who submits the job again heals it"
    )]
    Lost {
        /// Which server.
        server: String,
        /// Which.
        blob: BlobRef,
    },
    /// The bytes that came are other ones.
    #[error(
        "what {server} sent is not the blob {blob}; try again, and if that does not help `shaman scrub` finds out whether it is damaged there"
    )]
    Mismatched {
        /// Which server.
        server: String,
        /// Which.
        blob: BlobRef,
    },
    /// It keeps going.
    #[error("blobs keep vanishing from the cache while they are needed; does somebody delete it?")]
    Vanishing,
    /// DIR is there, with this very checkout.
    #[error("`{}` has this checkout already; `shaman verify` tells whether it is complete", .0.display())]
    SameThere(PathBuf),
    /// DIR is there, with another version of it.
    #[error("`{}` has the checkout `{checkout}` as it was made at {created}, which is another one by now; remove it, or fetch into another directory (what both have comes from the cache)", dir.display())]
    OtherThere {
        /// The directory.
        dir: PathBuf,
        /// Its checkout.
        checkout: CheckoutPath,
        /// When that was made.
        created: String,
    },
    /// DIR is something else.
    #[error("`{}` is there already and is not replaced (it has no {manifest} of this checkout); name a directory that is not there, or is empty", dir.display())]
    Taken {
        /// The directory.
        dir: PathBuf,
        /// Name of manifests.
        manifest: &'static str,
    },
    /// DIR has no place to be in.
    #[error("`{}` lies in no directory that is there; make one", .0.display())]
    NoParent(PathBuf),
    /// Something in the tree could not be made.
    #[error("cannot make `{}`", path.display())]
    Place {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No hard links from there to here.
    #[error("cannot make hard links from the cache (`{}`) in `{}`; name a cache on the same file system with --cache, or leave --link out", cache.display(), into.display())]
    NoLink {
        /// A file of the cache.
        cache: PathBuf,
        /// The directory.
        into: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody asked for the end.
    #[error("stopped; what has come lies in the cache, and the next fetch goes on from there")]
    Stopped,
}

impl FetchError {
    fn place(path: &Path, source: io::Error) -> Self {
        Self::Place { path: path.to_owned(), source }
    }
}

/// What the files of the directory are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Files of their own, which share blocks with the cache until somebody writes to them where
    /// the file system can.
    Copy,
    /// Further names of the files in the cache, read-only. They must lie on one file system.
    Link,
}

/// What to fetch.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The checkout, exactly as the server calls it.
    pub checkout: &'a CheckoutPath,
    /// The directory to make: not there yet, or empty.
    pub into: &'a Path,
    /// What its files are.
    pub means: Means,
    /// Most bytes in the cache afterwards, besides those that directories link to.
    pub cache_bytes_max: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What the directory holds.
    pub manifest: Manifest,
    /// Blobs that the cache lacked.
    pub fetched_blobs: u64,
    /// Bytes that came from the server.
    pub fetched_bytes: u64,
    /// Bytes of those blobs that had come before, in a fetch that did not end well.
    pub resumed_bytes: u64,
}

/// Makes a directory of a checkout.
///
/// Ends early when `stop` is asked, or the future is dropped; nothing but the cache is left then.
pub async fn fetch(
    api: &Api,
    order: Order<'_>,
    cache: &BlobCache,
    stop: &Stop,
    progress: &Listener,
) -> Result<Fetched, FetchError> {
    // Of its own, so that threads hear of it when the future is dropped, too.
    let halt = Stop::default();
    let _halt_on_drop = halt.on_drop();
    let work = steps(Way { api, cache, stop: &halt, progress }, &order);
    tokio::pin!(work);
    tokio::select! {
        biased;
        ended = &mut work => return ended,
        () = stop.asked() => halt.ask(),
    }
    // Not before threads have taken away what they had half made.
    work.await
}

async fn steps(way: Way<'_>, order: &Order<'_>) -> Result<Fetched, FetchError> {
    let Way { cache, stop, progress, .. } = way;
    let manifest = unless(stop, manifest(way, order.checkout)).await?;
    place::refuse_taken(order.into, &manifest)?;
    let blobs: BTreeSet<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
    let blobs: Vec<BlobRef> = blobs.into_iter().collect();
    let lease = {
        let (cache, blobs) = (cache.clone(), blobs.clone());
        on_a_thread(move || cache.lease(&blobs)).await?
    };
    let mut done = Fetched { manifest, fetched_blobs: 0, fetched_bytes: 0, resumed_bytes: 0 };
    for _ in 0..ROUNDS_MAX {
        let lacking = lacking(way, &blobs, order.cache_bytes_max).await?;
        done.fetched_blobs += lacking.len() as u64;
        let got = unless(stop, all(way, lacking)).await?;
        done.fetched_bytes += got.bytes;
        done.resumed_bytes += got.resumed_bytes;
        let tree = Tree {
            cache: cache.clone(),
            manifest: done.manifest.clone(),
            into: order.into.to_owned(),
            means: order.means,
            stop: stop.clone(),
            progress: progress.clone(),
        };
        let building = on_a_thread(move || {
            aside::clear(place::parent(&tree.into));
            tree.build()
        });
        if building.await? == Built::Whole {
            let (cache, limit) = (cache.clone(), order.cache_bytes_max);
            let evicting = on_a_thread(move || {
                drop(lease);
                cache.evict(limit)
            });
            if let Err(error) = evicting.await {
                // The directory is there all the same.
                progress.tell(Event::Warning(format!("{error}: {}", error.reason())));
            }
            return Ok(done);
        }
    }
    Err(FetchError::Vanishing)
}

/// Asks for the manifest, and checks what the type does not say.
async fn manifest(way: Way<'_>, checkout: &CheckoutPath) -> Result<Manifest, FetchError> {
    let server = || way.api.base().to_owned();
    let answer = patiently(way.progress, || way.api.checkout(checkout)).await?;
    let Manifest { format, files, .. } = answer.manifest.clone();
    if format != MANIFEST_FORMAT {
        return Err(FetchError::Format { server: server(), format });
    }
    let files = Manifest::arrange(files)
        .map_err(|source| FetchError::Manifest { server: server(), source })?;
    Ok(Manifest { files, ..answer.manifest })
}

/// Which blobs the cache does not have. Makes room for them, as far as others leave some.
async fn lacking(way: Way<'_>, blobs: &[BlobRef], limit: u64) -> Result<Vec<BlobRef>, FetchError> {
    let (cache, blobs, stop) = (way.cache.clone(), blobs.to_vec(), way.stop.clone());
    on_a_thread(move || {
        let is_lacking = |blob: &&BlobRef| stop.is_asked() || cache.find(blob).is_none();
        let lacking: Vec<BlobRef> = blobs.par_iter().filter(is_lacking).copied().collect();
        if stop.is_asked() {
            return Err(FetchError::Stopped);
        }
        let bytes = lacking.iter().map(|blob| blob.size.bytes()).fold(0, u64::saturating_add);
        if bytes > 0 {
            cache.evict(limit.saturating_sub(bytes))?;
        }
        Ok(lacking)
    })
    .await
}

/// Small blobs that come in one answer: what is asked again, one by one, when it breaks off.
const TOGETHER: usize = 1_000;

/// And their bytes.
const TOGETHER_BYTES: u64 = 4 << 20;

/// What is asked for in one request.
enum Load {
    One(BlobRef),
    Together(Vec<BlobRef>),
}

/// The large ones by themselves, the largest first, so that none is left alone at the end; the small
/// ones together.
fn loads(mut lacking: Vec<BlobRef>) -> Vec<Load> {
    lacking.sort_by_key(|blob| std::cmp::Reverse(blob.size));
    let mut loads = Vec::new();
    let mut bytes = 0;
    for blob in lacking {
        let size = blob.size.bytes();
        match loads.last_mut() {
            _ if size > get::SMALL_BYTES => loads.push(Load::One(blob)),
            Some(Load::Together(blobs))
                if blobs.len() < TOGETHER && bytes + size <= TOGETHER_BYTES =>
            {
                blobs.push(blob);
                bytes += size;
            }
            _ => {
                loads.push(Load::Together(vec![blob]));
                bytes = size;
            }
        }
    }
    loads
}

/// Brings a load into the cache; gives what of it has to be asked for one by one.
async fn get(way: Way<'_>, load: Load) -> Result<(Got, Vec<BlobRef>), FetchError> {
    match load {
        Load::One(blob) => Ok((way.get(blob).await?, Vec::new())),
        Load::Together(blobs) => way.get_together(&blobs).await,
    }
}

/// Brings all of these into the cache.
async fn all(way: Way<'_>, lacking: Vec<BlobRef>) -> Result<Got, FetchError> {
    let phase = Phase::Fetch;
    let bytes = lacking.iter().map(|blob| blob.size.bytes()).fold(0, u64::saturating_add);
    way.progress.tell(Event::Began { phase, files: lacking.len() as u64, bytes });
    let (mut got, mut waiting) = (Got::default(), VecDeque::from(loads(lacking)));
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < CONNECTIONS
            && let Some(load) = waiting.pop_front()
        {
            running.push(get(way, load));
        }
        let Some((more, alone)) = running.try_next().await? else { break };
        got.add(more);
        waiting.extend(alone.into_iter().map(Load::One));
    }
    way.progress.tell(Event::Ended { phase });
    Ok(got)
}

/// Does the work, which leaves nothing behind wherever it is dropped, until somebody asks to stop.
async fn unless<T>(
    stop: &Stop,
    work: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    tokio::select! {
        biased;
        () = stop.asked() => Err(FetchError::Stopped),
        ended = work => ended,
    }
}
