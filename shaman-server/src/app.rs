//! `App`: builds everything once, in order, and stops it in reverse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

use crate::access::{Door, Keyring};
use crate::audit::Audit;
use crate::config::{Config, Current, Durability, LinkWord, Otlp, Room};
use crate::http::{self, Entrance, Shared, Watch};
use crate::index::Index;
use crate::manager::Manager;
use crate::ops::{Durable, Expiry, JobsFrom, Limits, Ops, Reserve};
use crate::otlp::{self, Post, Source, Spans};
use crate::reload::Reload;
use crate::store::{LinkPolicy, Opened, Placing, Store};
use crate::systemd::Systemd;
use crate::tasks::{Blocking, Crew};
use crate::tls::Tls;
use crate::upkeep;

/// How long running requests may take to end after a stop was asked for. Below the 90 seconds
/// that service managers usually wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that is ready: opened, bound, not yet answering.
#[derive(Debug)]
pub struct App {
    shared: Shared,
    reload: Arc<Reload>,
    manager: Option<Arc<Manager>>,
    follow_period: Duration,
    telling: Option<Telling>,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    systemd: Arc<Systemd>,
}

impl App {
    /// Opens storage and index and binds the port, unless a socket was passed that listens
    /// already. Fails with one sentence; nothing but empty directories is left behind.
    pub async fn start(
        config: &Config,
        systemd: Systemd,
        passed: Option<std::net::TcpListener>,
    ) -> anyhow::Result<Self> {
        let listener = match passed {
            Some(passed) => {
                passed.set_nonblocking(true).and_then(|()| TcpListener::from_std(passed))
            }
            None => TcpListener::bind(config.listen).await,
        };
        let listener = listener.with_context(|| {
            format!(
                "cannot listen on {}; choose another address or port with --listen",
                config.listen
            )
        })?;
        // A socket that was passed listens where somebody else said.
        if let Some(refused) = refusal(config, listener.local_addr()?)? {
            bail!(refused);
        }
        let tls = tls(config)?.map(Arc::new);
        let blocking = Blocking::default();
        let (storage, state) = (config.storage.clone(), config.state.clone());
        let (limits, placing) = (limits(config), placing(config));
        let known = Some(config.delta_known_bytes);
        let ops = blocking.run(move || open(&storage, &state, known, limits, placing)).await??;
        let settings = Current::new(config.settings.clone());
        let audit = match &config.audit_log {
            Some(path) => audit(path)?,
            None => Audit::default(),
        };
        let door = Arc::new(door(config)?);
        let telling = config.otlp.as_ref().map(|otlp| Telling::new(otlp, &ops));
        let spans = telling.as_ref().map(|telling| telling.spans.clone()).unwrap_or_default();
        let watch = Arc::new(Watch::new(ops.now_secs(), config.upstream.is_some(), spans));
        let bells = Arc::default();
        Ok(Self {
            reload: Arc::new(Reload::new(
                config,
                settings.clone(),
                Arc::clone(&door),
                audit.clone(),
                tls.clone(),
            )),
            shared: Shared {
                ops: Arc::new(ops),
                blocking,
                door,
                settings,
                turns: Arc::default(),
                audit,
                bells,
                watch,
            },
            manager: config.upstream.clone().map(|upstream| Arc::new(Manager::new(upstream))),
            follow_period: config.follow_period,
            telling,
            listener,
            tls,
            systemd: Arc::new(systemd),
        })
    }

    /// The address really bound.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("cannot tell which port was bound")
    }

    /// How its address begins.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Tells the service manager, if there is one, that requests will be answered.
    pub fn tell_ready(&self) {
        let address = self.address().map_or_else(|error| error.to_string(), |at| at.to_string());
        self.systemd.ready(&address);
    }

    /// What can be changed while it runs.
    pub fn reload(&self) -> Arc<Reload> {
        Arc::clone(&self.reload)
    }

    /// Answers requests until `stopped` ends; then lets running requests end, within a bound.
    pub async fn run(self, stopped: impl Future<Output = ()>) {
        let Self { shared, manager, follow_period, telling, listener, tls, systemd, .. } = self;
        let mut crew = Crew::default();
        let mut helpers = Crew::default();
        let (watching, watched, watch_stop) =
            (shared.clone(), Arc::clone(&systemd), helpers.stop_signal());
        helpers.spawn(async move {
            upkeep::keep_fed(&watching.ops, &watching.blocking, &watched, watch_stop).await;
        });
        let (indexing, index_stop) = (shared.clone(), helpers.stop_signal());
        helpers.spawn(async move {
            let Shared { ops, blocking, bells, .. } = indexing;
            upkeep::keep_indexed(&ops, &blocking, &bells.reindex, index_stop).await;
        });
        let (verifying, verify_stop) = (shared.clone(), helpers.stop_signal());
        helpers.spawn(async move {
            upkeep::verify_doubtful(&verifying.ops, &verifying.blocking, verify_stop).await;
        });
        let (sweeping, sweep_stop) = (shared.clone(), helpers.stop_signal());
        helpers.spawn(async move {
            let Shared { ops, blocking, settings, audit, .. } = sweeping;
            upkeep::keep_swept(&ops, &blocking, &settings, &audit, sweep_stop).await;
        });
        let (looking, look_stop) = (shared.clone(), helpers.stop_signal());
        helpers.spawn(async move {
            upkeep::keep_caught_up(&looking.ops, &looking.blocking, look_stop).await;
        });
        let (watching, watch_stop) = (shared.clone(), helpers.stop_signal());
        helpers.spawn(async move {
            let Shared { ops, blocking, settings, .. } = watching;
            upkeep::keep_watched(&ops, &blocking, settings.now().history_every, watch_stop).await;
        });
        let (scrubbing, scrub_stop) = (shared.clone(), helpers.stop_signal());
        helpers.spawn(async move {
            let Shared { ops, blocking, settings, bells, .. } = scrubbing;
            upkeep::keep_scrubbed(&ops, &blocking, &settings, &bells.scrub, scrub_stop).await;
        });
        let (cutting, cut_stop) = (Arc::clone(&shared.ops), helpers.stop_signal());
        helpers.spawn(async move { upkeep::keep_cut(&cutting, cut_stop).await });
        if let Some(age) = shared.settings.now().expire_after {
            let (expiring, expire_stop) = (shared.clone(), helpers.stop_signal());
            let jobs = if manager.is_some() { JobsFrom::Manager } else { JobsFrom::Nobody };
            helpers.spawn(async move {
                let Shared { ops, blocking, audit, .. } = expiring;
                upkeep::keep_expired(&ops, &blocking, age, jobs, &audit, expire_stop).await;
            });
        }
        if let Some(manager) = &manager {
            follow(manager, &shared, follow_period, &mut helpers);
        }
        if let Some(telling) = telling {
            tell(telling, &shared, &mut helpers);
        }
        let (ops, watch) = (Arc::clone(&shared.ops), Arc::clone(&shared.watch));
        let (settings, audit) = (shared.settings.clone(), shared.audit.clone());
        let router = http::router(shared, manager);
        let stop = crew.stop_signal();
        let entrance = Entrance { listener, tls, settings, watch };
        tokio::select! {
            () = http::accept(&entrance, router, &mut crew, stop) => {}
            () = stopped => {}
        }
        systemd.stopping();
        drop(entrance);
        // Who listens to events would hold up the stop.
        ops.events().end();
        let cut_off = crew.stop(PATIENCE).await;
        if cut_off > 0 {
            tracing::warn!(connections = cut_off, "ended requests that took too long to finish");
        }
        helpers.stop(PATIENCE).await;
        audit.end();
    }
}

/// Where it is written who did what.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the clock is taken from the system and handed down"
)]
fn audit(path: &std::path::Path) -> anyhow::Result<Audit> {
    Audit::to(path.to_owned(), SystemTime::now)
        .with_context(|| format!("cannot write the audit log `{}`", path.display()))
}

/// What connections are encrypted with, if they are.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the clock is taken from the system and handed down"
)]
fn tls(config: &Config) -> anyhow::Result<Option<Tls>> {
    let read = config.tls.as_ref().map(|files| Tls::begin(files, SystemTime::now));
    Ok(read.transpose()?)
}

/// Who is let in.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the clock is taken from the system and handed down"
)]
fn door(config: &Config) -> anyhow::Result<Door> {
    Ok(Door::new(config.rules(), &config.state, SystemTime::now)?)
}

/// Whoever can reach an address beyond this machine could write to its storage: there has to be a
/// rule for who may, or somebody who wants it so.
pub(crate) fn refusal(config: &Config, address: SocketAddr) -> anyhow::Result<Option<String>> {
    if address.ip().is_loopback() || config.has_rule() || Keyring::read(&config.state)?.is_on() {
        return Ok(None);
    }
    let weak = if config.settings.path_prefix.is_empty() {
        ""
    } else {
        "; a `path_prefix` counts from 16 characters without a slash"
    };
    Ok(Some(format!(
        "listening on {address} lets in whoever can reach it; say who may come with `trusted_networks`, make a token (`shaman-server token create`), choose a secret `path_prefix`, or say `open: true`{weak}"
    )))
}

/// What the configuration says about room and age, as the verbs take it.
pub(crate) fn limits(config: &Config) -> Limits {
    let sweeping = &config.settings.sweeping;
    let reserve = match sweeping.reserve {
        Room::Bytes(bytes) => Reserve::Bytes(bytes),
        Room::Percent(percent) => Reserve::Percent(percent),
    };
    let durable = match config.durability {
        Durability::Checkout => Durable::WithCheckout,
        Durability::Blob => Durable::AtOnce,
    };
    let expiry = match config.settings.expire_after {
        Some(_) => Expiry::ByAge,
        None => Expiry::Never,
    };
    let (grace, age_min) = (sweeping.max_age, sweeping.age_min);
    let entries = config.settings.limits.entries;
    Limits { grace, age_min, reserve, durable, expiry, entries }
}

/// What the configuration says about the files of checkouts.
fn placing(config: &Config) -> Placing {
    let policy = match config.link_policy {
        LinkWord::Hardlink => LinkPolicy::Hardlink,
        LinkWord::Clone => LinkPolicy::Clone,
        LinkWord::Symlink => LinkPolicy::Symlink,
        LinkWord::Copy => LinkPolicy::Copy,
        LinkWord::Auto => LinkPolicy::Auto,
    };
    Placing { policy, copies: config.copy_globs.clone() }
}

/// Opens a storage and the index of its server, which has to be stopped.
pub(crate) fn open_stopped(config: &Config) -> anyhow::Result<Ops> {
    let storage = config.storage.display();
    match Store::is_served(&config.storage)? {
        None => bail!("there is no storage in `{storage}`; name it with --storage or --config"),
        Some(true) => bail!(
            "a server runs on the storage `{storage}`; stop it first, or ask it to do this (`POST /v1/sweep`, `POST /v1/scrub`)"
        ),
        // What is known of chunks is the server's: here another configuration may have been named.
        Some(false) => open(&config.storage, &config.state, None, limits(config), placing(config)),
    }
}

/// Asks the Manager how it is set up, then keeps looking at its jobs.
fn follow(manager: &Arc<Manager>, shared: &Shared, period: Duration, helpers: &mut Crew) {
    let (manager, shared, mut stop) = (Arc::clone(manager), shared.clone(), helpers.stop_signal());
    helpers.spawn(async move {
        let root = shared.ops.checkout_root().to_string_lossy().into_owned();
        let following = async {
            manager.tell_setup(&root).await;
            manager.follow(&shared.ops, &shared.blocking, &shared.audit, period).await;
        };
        // A Manager that is slow to answer does not hold up the stop.
        tokio::select! {
            () = following => {}
            () = stop.wait() => {}
        }
    });
}

/// What a collector gets, and how.
#[derive(Debug)]
struct Telling {
    otlp: Otlp,
    spans: Spans,
    source: Source,
}

impl Telling {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the clock is taken from the system and handed down"
    )]
    fn new(otlp: &Otlp, ops: &Ops) -> Self {
        let clock = SystemTime::now;
        let source = Source::new(ops.store_id(), ops.now_secs(), clock);
        Self { otlp: otlp.clone(), spans: Spans::wanted(clock), source }
    }
}

/// Sends spans and figures to a collector.
fn tell(telling: Telling, shared: &Shared, helpers: &mut Crew) {
    let (shared, stop) = (shared.clone(), helpers.stop_signal());
    helpers.spawn(async move {
        let Telling { otlp: Otlp { endpoint, interval }, spans, source } = telling;
        let figures = || {
            let figures = http::collect(&shared);
            figures.inspect_err(|error| tracing::warn!(%error, "cannot collect figures")).ok()
        };
        let (traces, metrics) = (Post::of_spans(&endpoint), Post::of_figures(&endpoint));
        tokio::join!(
            otlp::keep_traced(&spans, &source, traces, stop.clone()),
            otlp::keep_told(figures, &source, metrics, interval, stop)
        );
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the clock is taken from the system and handed down"
)]
pub(crate) fn open(
    storage: &std::path::Path,
    state: &std::path::Path,
    delta_known_bytes: Option<u64>,
    limits: Limits,
    placing: Placing,
) -> anyhow::Result<Ops> {
    std::fs::create_dir_all(state)
        .with_context(|| format!("cannot make the state directory `{}`", state.display()))?;
    let index = Index::open(state, delta_known_bytes)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now_secs = now.map_or(0, |since| since.as_secs());
    let (store, Opened { leftovers, doubtful_since }) = Store::open(storage, now_secs)?;
    let abilities = store.abilities();
    tracing::info!(
        file_system = abilities.file_system.unwrap_or("unknown"),
        link_limit = abilities.link_limit,
        flush_all_from = abilities.flush_all_from,
        can = abilities.can.iter().map(|ability| ability.name()).collect::<Vec<_>>().join(" "),
        "tried the storage"
    );
    if leftovers != crate::store::Leftovers::default() {
        tracing::info!(
            uploads = leftovers.uploads,
            trees = leftovers.trees,
            manifests = leftovers.manifests,
            "cleared what an earlier server left unfinished"
        );
    }
    if doubtful_since.is_some() {
        tracing::warn!(
            "an earlier server lost its machine or its mount; what came since its start is verified"
        );
    }
    let store = store.with_placing(placing);
    Ok(Ops::new(store, index, doubtful_since, limits, SystemTime::now))
}
