//! The dashboard's files; what they do in a browser is in `tests/dashboard/`.

use crate::support::TestServer;

#[test]
fn the_page_is_at_the_root_and_its_files_beside_it() {
    let server = TestServer::start();
    for (page, base) in [("/", "shaman/"), ("/shaman/", "")] {
        let answer = server.get(page);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(answer.text().contains(&format!("src=\"{base}app.js\"")), "{}", answer.text());
    }
    let script = server.get("/shaman/app.js");
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    let tag = script.header("etag").unwrap();
    let again = server.connect().send("GET", "/shaman/app.js", &[("If-None-Match", tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let missing = server.get("/shaman/absent.js");
    assert_eq!(missing.status, 404);
    missing.message();
    let moved = server.get("/shaman");
    assert_eq!((moved.status, moved.header("location")), (308, Some("shaman/")));
}

#[test]
fn it_is_below_a_prefix() {
    let server = TestServer::configured("path_prefix: /of/the/farm\n");
    let moved = server.get("/of/the/farm");
    assert_eq!((moved.status, moved.header("location")), (308, Some("farm/")));
    for path in ["/of/the/farm/", "/of/the/farm/shaman/", "/of/the/farm/shaman/style.css"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(server.get("/").status, 404);
}

#[test]
fn with_a_manager_the_root_is_its_own() {
    let server = TestServer::configured("upstream: http://127.0.0.1:1\n");
    for path in ["/", "/app/"] {
        assert_eq!(server.get(path).status, 502, "it is asked for {path}");
    }
    let prefixed = TestServer::configured("upstream: http://127.0.0.1:1\npath_prefix: /farm\n");
    for path in ["/farm/", "/farm/?a=b", "/farm/app/"] {
        assert_eq!(prefixed.get(path).status, 502, "it is asked for {path}");
    }
    let moved = prefixed.get("/farm");
    assert_eq!((moved.status, moved.header("location")), (308, Some("farm/")));
    assert_eq!(server.get("/shaman/").status, 200);
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(server.get(path).status, 200, "{path} is ours");
    }
}
