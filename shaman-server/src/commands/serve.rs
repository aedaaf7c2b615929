//! `shaman-server serve`: start, wait for a signal, drain, stop.

use std::io::{IsTerminal as _, Write as _};
use std::net::TcpListener;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::load;
use crate::app::App;
use crate::cli::{LogFormat, ServeArgs};
use crate::config::Config;
use crate::systemd::{self, Systemd};

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = load(args.said(), args.store.config.as_deref())?;
    let filter = EnvFilter::try_new(&config.log).context("a log level that was understood")?;
    begin_log(filter, args.log_format);
    let passed = systemd::passed_socket()?;
    let systemd = Systemd::new(args.systemd.said(), std::process::id());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("shaman")
        .build()
        .context("cannot start threads")?;
    let ended = runtime.block_on(serve(&config, systemd, passed));
    // Blocking work that was cut off may still run; its files are cleared at the next start.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    ended
}

/// Lines go to stderr, one an event.
fn begin_log(filter: EnvFilter, format: LogFormat) {
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    if format == LogFormat::Json || (format == LogFormat::Auto && !is_terminal) {
        log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    } else {
        log.with_ansi(super::wants_colours()).init();
    }
}

async fn serve(
    config: &Config,
    systemd: Systemd,
    passed: Option<TcpListener>,
) -> anyhow::Result<()> {
    // Before the start, so that a signal during it is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let app = App::start(config, systemd, passed).await?;
    let address = app.address()?;
    if !address.ip().is_loopback() && config.is_open {
        tracing::warn!(%address, "open: whoever can reach this address can upload and erase");
    }
    tell_ready(&address)?;
    app.tell_ready();
    app.run(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
    .await;
    Ok(())
}

/// The one line on stdout, which tells whoever started us where we are.
fn tell_ready(address: &std::net::SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "shaman-server listening on http://{address}")
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}
