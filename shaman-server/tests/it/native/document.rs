//! `GET /v1/openapi.json` and `GET /v1/docs`.

use crate::support::TestServer;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/openapi.json");

#[test]
fn the_document_is_served_as_committed_and_every_operation_in_it_is_answered() {
    let server = TestServer::start();
    let served = server.get("/v1/openapi.json");
    assert_eq!((served.status, served.header("content-type")), (200, Some("application/json")));
    let document = served.json();
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if std::env::var("SHAMAN_BLESS").is_ok() {
        std::fs::write(COMMITTED, &text).unwrap();
    }
    assert!(
        text == std::fs::read_to_string(COMMITTED).unwrap_or_default(),
        "the API changed; `SHAMAN_BLESS=1 cargo test --workspace --test it document` writes docs/reference/openapi.json anew"
    );
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in document["paths"].as_object().unwrap() {
        let url = path.replace(['{', '}'], "");
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "head") {
            let mut connection = server.connect();
            connection.head(&method.to_uppercase(), &url, &[], Some(0));
            let answer = connection.head_answer();
            assert_ne!(answer.status, 405, "{method} {url}");
        }
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let server = TestServer::start();
    let page = server.get("/v1/docs");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let text = page.text();
    assert!(text.contains("openapi.json") && !text.contains("//cdn") && !text.contains("http"));
}
