//! What an OpenTelemetry collector gets.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Blob, Collector, SILENCE, TestServer, attribute, eventually};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// No figures come by themselves while a test runs.
const NEVER: &str = "24h";

fn asked(server: &TestServer, id: &str, method: &str, path: &str, more: &[(&str, &str)]) -> u16 {
    let fields = [&[("X-Request-Id", id)], more].concat();
    server.connect().send(method, path, &fields, b"").status
}

fn nanos(span: &Value, key: &str) -> u128 {
    span[key].as_str().unwrap().parse().unwrap()
}

#[test]
fn each_request_is_a_span_in_the_trace_of_its_client() {
    let collector = Collector::start();
    let yaml = format!("{}path_prefix: /some-secret\n", collector.yaml(NEVER));
    let server = TestServer::configured(&yaml);
    let blob = Blob::new("wood");
    let path = format!("/some-secret{}", blob.native_url());
    let trace = |flags: &str| format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
    let put = server.connect().send(
        "PUT",
        &path,
        &[("X-Request-Id", "put"), ("traceparent", &trace("01")), ("tracestate", "farm=7")],
        &blob.bytes,
    );
    assert_eq!(put.status, 201);
    asked(&server, "unseen", "GET", &path, &[("traceparent", &trace("00"))]);
    asked(&server, "alone", "GET", "/some-secret/v1/nothing", &[("traceparent", "rubbish")]);

    let span = collector.span("put");
    assert_eq!(span["traceId"], TRACE);
    assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!((&span["traceState"], &span["flags"]), (&"farm=7".into(), &0x301.into()));
    assert_eq!((&span["name"], &span["kind"]), (&"PUT /v1/blobs/{blob}".into(), &2.into()));
    assert!(span["status"].is_null(), "{span}");
    for (key, value) in [
        ("http.request.method", "PUT"),
        ("http.route", "/v1/blobs/{blob}"),
        ("url.path", &blob.native_url()),
        ("http.response.status_code", "201"),
        ("http.request.body.size", "4"),
        ("client.address", "127.0.0.1"),
        ("shaman.digest", &blob.sha),
    ] {
        assert_eq!(attribute(&span, key), value, "{key}");
    }
    let (began, ended) = (nanos(&span, "startTimeUnixNano"), nanos(&span, "endTimeUnixNano"));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!(began < ended && ended <= now.as_nanos() && now.as_nanos() - began < 60_000_000_000);

    let alone = collector.span("alone");
    assert!(alone["parentSpanId"].is_null() && alone["traceState"].is_null(), "{alone}");
    assert_eq!(alone["traceId"].as_str().unwrap().len(), 32);
    assert_ne!(alone["traceId"], TRACE);
    assert_eq!(attribute(&alone, "http.response.status_code"), "404");
    assert!(alone["status"].is_null(), "what a client did wrong is no failure of the server");

    let said = format!("{:?}", collector.spans());
    assert!(!said.contains("unseen"), "the client said that nobody keeps its trace");
    assert!(!said.contains("some-secret"), "{said}");
    let resource = collector.resource();
    assert_eq!(attribute(&resource, "service.name"), "shaman-server");
    assert_eq!(attribute(&resource, "service.version"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn what_fails_here_is_a_span_that_failed() {
    let collector = Collector::start();
    let yaml = format!("{}upstream: http://127.0.0.1:1\n", collector.yaml(NEVER));
    let server = TestServer::configured(&yaml);
    assert_eq!(asked(&server, "away", "BREW", "/app/", &[]), 502);
    let span = collector.span("away");
    assert_eq!((&span["name"], &span["status"]["code"]), (&"HTTP upstream".into(), &2.into()));
    assert_eq!(attribute(&span, "error.type"), "502");
    assert_eq!(attribute(&span, "http.request.method"), "_OTHER");
    assert_eq!(attribute(&span, "http.request.method_original"), "BREW");
    assert!(attribute(&span, "http.route").is_null());
}

/// The points of a figure.
fn points(figure: &Value) -> &[Value] {
    let of = ["gauge", "sum", "histogram"].iter().find_map(|kind| figure.get(kind));
    of.unwrap()["dataPoints"].as_array().unwrap()
}

#[test]
fn figures_are_those_of_the_page_of_metrics() {
    let collector = Collector::start();
    let server = TestServer::configured(&collector.yaml("1s"));
    let blob = Blob::new("wood");
    server.upload(&blob);
    server.checked_out("one", &[blob.entry("a"), blob.entry("b")]);
    server.until_indexed();
    let page = || server.get("/metrics").text();
    eventually("the storage was looked at", || page().contains("shaman_storage_free_bytes"));
    let before = collector.figures().len();
    eventually("figures came", || collector.figures().len() > before + 1);
    let (page, figures) = (page(), collector.figures().pop().unwrap());
    let kinds: BTreeMap<&str, &str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    for (name, kind) in &kinds {
        let figure = figures.iter().find(|figure| figure["name"] == *name);
        let figure = figure.unwrap_or_else(|| panic!("{name} was not sent"));
        let kind = if *kind == "counter" { "sum" } else { kind };
        assert!(figure[kind].is_object() && !points(figure).is_empty(), "{figure}");
        let help = format!("# HELP {name} {}\n", figure["description"].as_str().unwrap());
        assert!(page.contains(&help), "{help}");
    }
    assert_eq!(figures.len(), kinds.len());
    let figure = |name: &str| figures.iter().find(|figure| figure["name"] == name).unwrap();
    for (name, value) in [
        ("shaman_blobs", "1"),
        ("shaman_blobs_stored_total", "1"),
        ("shaman_checkout_bytes", "8"),
        ("shaman_otlp_spans_dropped_total", "0"),
    ] {
        assert_eq!(points(figure(name))[0]["asInt"], value, "{name}");
    }
    assert_eq!(figure("shaman_blobs_stored_total")["sum"]["isMonotonic"], true);
    let times = figure("shaman_http_request_duration_seconds");
    let create = points(times).iter().find(|point| {
        attribute(point, "route") == "/api/v3/shaman/checkout/create"
            && attribute(point, "status") == "2xx"
    });
    let create = create.unwrap();
    assert_eq!((&create["count"], attribute(create, "method")), (&"1".into(), "POST".into()));
    let (bounds, counts) = (&create["explicitBounds"], &create["bucketCounts"]);
    assert_eq!(bounds.as_array().unwrap().len() + 1, counts.as_array().unwrap().len());
}

#[test]
fn a_stop_sends_what_is_left() {
    let collector = Collector::start();
    let server = TestServer::configured(&collector.yaml(NEVER));
    for nth in 0..700 {
        asked(&server, &format!("id-{nth}"), "GET", "/healthz", &[]);
    }
    assert!(collector.figures().is_empty());
    assert!(server.stop().success());
    let spans = collector.spans();
    assert_eq!(spans.len(), 700);
    assert_eq!(collector.figures().len(), 1);
}

#[test]
fn a_collector_that_does_not_answer_holds_nothing_up() {
    let collector = Collector::start();
    collector.answers(SILENCE);
    let server = TestServer::configured(&collector.yaml("1s"));
    let began = Instant::now();
    for _ in 0..200 {
        assert_eq!(asked(&server, "id", "GET", "/healthz", &[]), 200);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_collector_that_comes_back_gets_what_was_kept_and_the_log_tells_it_once() {
    let somewhere = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = somewhere.local_addr().unwrap();
    drop(somewhere);
    let yaml = format!("otlp: {{endpoint: 'http://{address}', interval: {NEVER}}}\n");
    let server = TestServer::logging(&yaml, "info");
    asked(&server, "early", "GET", "/healthz", &[]);
    let told = |words: &str| server.log().matches(words).count();
    let away = "the collector does not take what it is sent";
    eventually("the log tells it", || told(away) == 1);
    // Time for more than one further try.
    std::thread::sleep(Duration::from_secs(4));
    let collector = Collector::start_at(address);
    assert_eq!(collector.span("early")["name"], "GET /healthz");
    eventually("the log tells it", || told("takes what it is sent again") == 1);
    assert_eq!(told(away), 1);
    let log = server.log();
    assert!(log.contains("/v1/traces") && log.contains("refused"), "{log}");
}

#[test]
fn what_a_collector_refuses_is_dropped_and_counted() {
    let collector = Collector::start();
    collector.answers(400);
    let server = TestServer::configured(&collector.yaml(NEVER));
    asked(&server, "refused", "GET", "/healthz", &[]);
    let counted = |name: &str| {
        let page = server.get("/metrics").text();
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap().parse::<u64>().unwrap()
    };
    eventually("it is counted", || counted("shaman_otlp_spans_dropped_total") > 0);
    collector.answers(503);
    asked(&server, "later", "GET", "/healthz", &[]);
    std::thread::sleep(Duration::from_millis(1_500));
    collector.answers(200);
    collector.span("later");
    assert!(counted("shaman_otlp_spans_sent_total") > 0);
    assert!(!format!("{:?}", collector.spans()).contains("\"refused\""));
}
