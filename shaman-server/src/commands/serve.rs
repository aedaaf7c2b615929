//! `shaman-server serve`: start, wait for a signal, drain, stop.

use std::io::{IsTerminal as _, Write as _};
use std::net::TcpListener;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{config_file, load};
use crate::app::{self, App};
use crate::cli::{LogFormat, ServeArgs};
use crate::config::Config;
use crate::reload::{Reload, Reloaded, SetLog};
use crate::systemd::{self, Systemd};

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = load(args.said(), args.store.config.as_deref())?;
    let filter = EnvFilter::try_new(&config.log).context("a log level that was understood")?;
    let set_log = begin_log(filter, args.log_format);
    let passed = systemd::passed_socket()?;
    let systemd = Systemd::new(args.systemd.said(), std::process::id());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("shaman")
        .build()
        .context("cannot start threads")?;
    let ended = runtime.block_on(serve(&config, systemd, passed, args, &set_log));
    // Blocking work that was cut off may still run; its files are cleared at the next start.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    ended
}

/// Lines go to stderr, one an event. What comes back changes which.
fn begin_log(filter: EnvFilter, format: LogFormat) -> SetLog {
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    if format == LogFormat::Json || (format == LogFormat::Auto && !is_terminal) {
        let log = log.json().flatten_event(true).with_current_span(false).with_span_list(false);
        let log = log.with_filter_reloading();
        let handle = log.reload_handle();
        log.init();
        Box::new(move |level| handle.reload(read_level(level)?).map_err(|e| e.to_string()))
    } else {
        let log = log.with_ansi(super::wants_colours()).with_filter_reloading();
        let handle = log.reload_handle();
        log.init();
        Box::new(move |level| handle.reload(read_level(level)?).map_err(|e| e.to_string()))
    }
}

fn read_level(level: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(level).map_err(|error| error.to_string())
}

async fn serve(
    config: &Config,
    systemd: Systemd,
    passed: Option<TcpListener>,
    args: &ServeArgs,
    set_log: &SetLog,
) -> anyhow::Result<()> {
    // Before the start, so that a signal during it is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let app = App::start(config, systemd, passed).await?;
    if let Some(file) = config_file(args.store.config.as_deref()) {
        tracing::info!(file = %file.display(), "read the configuration");
    }
    let address = app.address()?;
    if !address.ip().is_loopback() && config.is_open {
        tracing::warn!(%address, "open: whoever can reach this address can upload and erase");
    }
    tell_ready(app.scheme(), &address)?;
    app.tell_ready();
    let reload = app.reload();
    app.run(async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => read_again(args, address, &reload, set_log),
            }
        }
        tracing::info!("stopping");
    })
    .await;
    Ok(())
}

/// Reads the configuration again; with a mistake in it everything stays as it was. A small file on
/// a local disk: no thread of its own is needed.
fn read_again(args: &ServeArgs, address: std::net::SocketAddr, reload: &Reload, set_log: &SetLog) {
    let read = load(args.said(), args.store.config.as_deref()).and_then(|config| {
        let refused = app::refusal(&config, address)?;
        refused.map_or(Ok(config), |refused| Err(anyhow::anyhow!(refused)))
    });
    match read {
        Ok(config) => {
            let Reloaded { changed, waiting } = reload.take(config, set_log);
            tracing::info!(changed = changed.join(" "), "read the configuration again");
            if !waiting.is_empty() {
                tracing::warn!(keys = waiting.join(" "), "these take a restart");
            }
        }
        Err(error) => tracing::error!("the configuration stays as it was: {error:#}"),
    }
}

/// The one line on stdout, which tells whoever started us where we are.
fn tell_ready(scheme: &str, address: &std::net::SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "shaman-server listening on {scheme}://{address}")
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}
