//! Figures of a server, and `GET /metrics`, which tells them to Prometheus.
//!
//! All of them are in memory or one row of the index: the storage is not touched, so that a scrape
//! takes a millisecond, also when the storage hangs. `docs/ops/watching.md` explains each.

mod text;

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::Shared;
use super::failure::Failure;
use super::watch::Series;
use crate::live::{Figures, Kind};
use crate::ops::{LookupError, Ops};
use crate::process::Usage;

/// The format, as Prometheus wants to be told.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Tells all figures.
pub(super) async fn show(State(shared): State<Shared>) -> Result<Response, Failure> {
    let text = text::page(&collect(&shared)?);
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

/// Collects all figures, for whoever tells them on.
pub fn collect(shared: &Shared) -> Result<Figures, LookupError> {
    let mut figures = Figures::default();
    server(&mut figures, shared);
    requests(&mut figures, shared);
    store(&mut figures, &shared.ops);
    work(&mut figures, &shared.ops);
    upkeep(&mut figures, &shared.ops)?;
    Ok(figures)
}

fn server(figures: &mut Figures, shared: &Shared) {
    let build = "shaman_build_info";
    figures.family(build, Kind::Gauge, "Always 1; says which version this is, on which storage.");
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("store", shared.ops.store_id())];
    figures.sample(&labels, 1_u64);
    let started = shared.watch.started_at;
    figures.gauge("process_start_time_seconds", "When the server started, since 1970.", started);
    if let Some(usage) = Usage::now() {
        figures.counter(
            "process_cpu_seconds_total",
            "Seconds of processors that the server took.",
            usage.cpu_secs,
        );
        figures.gauge(
            "process_resident_memory_bytes",
            "Memory that the server takes.",
            usage.resident_bytes,
        );
        figures.gauge("process_open_fds", "Open files and connections.", usage.open_files);
        figures.gauge("process_max_fds", "Most of them.", usage.open_files_max);
    }
}

fn requests(figures: &mut Figures, shared: &Shared) {
    let watch = &shared.watch;
    let (connections, running) =
        (watch.connections.load(Ordering::Relaxed), watch.running.load(Ordering::Relaxed));
    figures.gauge("shaman_http_connections", "Open connections.", connections);
    figures.gauge("shaman_http_requests_running", "Requests that are being answered.", running);
    let name = "shaman_http_request_duration_seconds";
    figures.family(
        name,
        Kind::Histogram,
        "From a request's head to the last byte of its answer, both bodies included.",
    );
    watch.series.each(|route, method, status, series| {
        figures.sample(&labels(route, method, status), series.times.counted());
    });
    let mut bytes = |name: &'static str, help: &'static str, of: fn(&Series) -> u64| {
        figures.family(name, Kind::Counter, help);
        watch.series.each(|route, method, status, series| {
            figures.sample(&labels(route, method, status), of(series));
        });
    };
    bytes("shaman_http_request_body_bytes_total", "Bytes that clients sent.", |series| {
        series.in_bytes.get()
    });
    bytes("shaman_http_response_body_bytes_total", "Bytes that clients got.", |series| {
        series.out_bytes.get()
    });
    if let Some((sent, dropped)) = watch.spans.counted() {
        let (name, help) = ("shaman_otlp_spans_sent_total", "Spans that the collector took.");
        figures.counter(name, help, sent);
        let (name, help) = ("shaman_otlp_spans_dropped_total", "Spans that it did not get.");
        figures.counter(name, help, dropped);
    }
}

fn labels<'a>(route: &'a str, method: &'a str, status: &'a str) -> [(&'static str, &'a str); 3] {
    [("route", route), ("method", method), ("status", status)]
}

/// What is there, as of a few seconds ago.
fn store(figures: &mut Figures, ops: &Ops) {
    if let Some(totals) = ops.known_totals() {
        figures.gauge("shaman_blobs", "Blobs in the store.", totals.blobs.blobs);
        figures.gauge("shaman_blob_bytes", "Bytes of them.", totals.blobs.bytes);
        figures.gauge("shaman_checkouts", "Checkouts.", totals.checkouts);
        figures.gauge(
            "shaman_checkout_bytes",
            "Bytes of the files in checkouts, as copies would take.",
            totals.logical_bytes,
        );
        figures.gauge(
            "shaman_dedup_ratio",
            "How many times the blobs' bytes the checkouts' files would take as copies.",
            totals.dedup_ratio(),
        );
        figures.gauge(
            "shaman_index_complete",
            "Whether the index has all of the store; else there is more than the figures say.",
            totals.is_complete,
        );
    }
    let Some(look) = ops.last_look() else { return };
    figures.gauge("shaman_storage_free_bytes", "Free bytes on the storage.", look.space.free_bytes);
    figures.gauge("shaman_storage_size_bytes", "All bytes of the storage.", look.space.all_bytes);
    figures.gauge(
        "shaman_storage_reserve_bytes",
        "Bytes that are kept free: uploads that would take from them are refused.",
        ops.reserve_bytes(look.space),
    );
    figures.gauge(
        "shaman_storage_looked_timestamp_seconds",
        "When the storage answered last, since 1970; every 15 seconds if all is well.",
        look.at,
    );
    figures.gauge("shaman_damaged_blobs", "Damaged blobs that are not healed.", look.damaged);
    figures.gauge("shaman_index_bytes", "Bytes of the index.", look.index_bytes);
}

/// What runs, and what was done since the start.
fn work(figures: &mut Figures, ops: &Ops) {
    let (load, tally) = (ops.load(), ops.tally());
    figures.gauge("shaman_uploads_running", "Blobs that are being received.", load.uploads);
    figures.gauge("shaman_upload_received_bytes", "Bytes of them that came.", load.upload_bytes);
    figures.gauge("shaman_held_blobs", "Blobs that a running operation needs.", load.held);
    figures.gauge(
        "shaman_unflushed_blobs",
        "Blobs that no checkout named yet and that a power cut would take.",
        load.unflushed,
    );
    figures.gauge("shaman_event_listeners", "Who listens to events.", load.listeners);
    for (name, help, counter) in [
        ("shaman_blobs_asked_total", "Blobs that clients asked about.", &tally.blobs_asked),
        ("shaman_blobs_missing_total", "Those that were missing.", &tally.blobs_missing),
        ("shaman_blobs_stored_total", "Blobs that came.", &tally.blobs_stored),
        ("shaman_blob_stored_bytes_total", "Bytes of them.", &tally.bytes_stored),
        ("shaman_checkouts_made_total", "Checkouts that were made.", &tally.checkouts_made),
        ("shaman_checkout_files_made_total", "Files in them.", &tally.files_made),
        ("shaman_checkouts_erased_total", "Checkouts that were erased.", &tally.checkouts_erased),
    ] {
        figures.counter(name, help, counter.get());
    }
}

/// Sweeping, scrubbing, healing.
fn upkeep(figures: &mut Figures, ops: &Ops) -> Result<(), LookupError> {
    let tally = ops.tally();
    for (name, help, counter) in [
        ("shaman_sweeps_total", "Sweeps that came to their end.", &tally.sweeps),
        ("shaman_swept_blobs_total", "Blobs taken into the trash.", &tally.blobs_swept),
        ("shaman_swept_bytes_total", "Bytes of them.", &tally.bytes_swept),
        ("shaman_trash_deleted_bytes_total", "Bytes deleted from the trash.", &tally.bytes_deleted),
        ("shaman_scrubs_total", "Scrubs that came to their end.", &tally.scrubs),
        ("shaman_scrubbed_blobs_total", "Blobs that were read again.", &tally.blobs_scrubbed),
        ("shaman_scrubbed_bytes_total", "Bytes of them.", &tally.bytes_scrubbed),
        ("shaman_blobs_damaged_total", "Blobs found damaged.", &tally.blobs_damaged),
        ("shaman_files_healed_total", "Files in checkouts made right again.", &tally.files_healed),
    ] {
        figures.counter(name, help, counter.get());
    }
    if let Some((at, swept)) = ops.last_sweep() {
        figures.gauge(
            "shaman_last_sweep_timestamp_seconds",
            "When this server's last sweep ended, since 1970.",
            at,
        );
        figures.gauge(
            "shaman_trash_bytes",
            "Bytes in the trash after that sweep.",
            swept.trashed.bytes,
        );
    }
    let scrub = ops.scrub_status()?;
    figures.gauge("shaman_scrub_running", "Whether blobs are being read again.", scrub.is_running);
    if let Some(pass) = &scrub.current {
        figures.gauge(
            "shaman_scrub_progress_ratio",
            "How far the current scrub is, from 0 to 1.",
            f64::from(u8::try_from(pass.percent()).unwrap_or(100)) / 100.0,
        );
    }
    if let Some(ended) = scrub.last.and_then(|pass| pass.ended) {
        figures.gauge(
            "shaman_last_scrub_timestamp_seconds",
            "When the last scrub ended, since 1970.",
            ended,
        );
    }
    Ok(())
}
