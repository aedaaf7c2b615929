//! `POST /v1/missing`.

use serde_json::json;
use shaman_proto::wire::blobs::{LIST_TYPE, decode_list, encode_list};
use shaman_proto::{BlobRef, BlobSize, Digest};

use crate::support::{Answer, Blob, TestServer};

const URL: &str = "/v1/missing";

fn ask(server: &TestServer, body: &[u8]) -> Answer {
    server.connect().send("POST", URL, &[("Content-Type", LIST_TYPE)], body)
}

#[test]
fn what_is_missing_is_named_in_order_and_once_in_either_form() {
    let server = TestServer::start();
    let (here, first, second) = (Blob::new("here"), Blob::new("first"), Blob::new("second"));
    server.upload(&here);
    let name = |blob: &Blob| json!({"sha256": blob.sha, "size": blob.size()});
    let asked = json!({"blobs": [name(&second), name(&here), name(&first), name(&second)]});
    let answer = server.post_json(URL, &asked);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({"missing": [name(&second), name(&first)]}));

    let asked = encode_list(&[second.named(), here.named(), first.named(), second.named()]);
    let answer = ask(&server, &asked);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(LIST_TYPE)));
    assert_eq!(decode_list(&answer.body).unwrap(), [second.named(), first.named()]);

    let headers = [("Content-Type", LIST_TYPE), ("Accept", "text/html, application/json;q=0.5")];
    let answer = server.connect().send("POST", URL, &headers, &asked);
    assert_eq!(answer.json(), json!({"missing": [name(&second), name(&first)]}));
    assert_eq!(ask(&server, b"").body, b"");
}

#[test]
fn a_list_of_100_000_blobs_is_answered_in_one_call() {
    let server = TestServer::start();
    let here = Blob::new("here");
    server.upload(&here);
    let mut blobs: Vec<BlobRef> = (0..100_000_u32)
        .map(|n| {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&n.to_be_bytes());
            BlobRef::new(Digest::from_bytes(digest), BlobSize::new(u64::from(n)).unwrap())
        })
        .collect();
    let expected = blobs.clone();
    blobs[50_000] = here.named();
    let answer = ask(&server, &encode_list(&blobs));
    assert_eq!(answer.status, 200);
    let missing = decode_list(&answer.body).unwrap();
    assert_eq!(missing.len(), 99_999);
    assert_eq!(missing[..50_000], expected[..50_000]);
    assert_eq!(missing[50_000], expected[50_001]);
    let again = ask(&server, &encode_list(&blobs.repeat(4)));
    assert_eq!(again.body, answer.body, "400,000 entries, each blob once");
    let mut too_many = server.connect();
    too_many.head("POST", URL, &[("Content-Type", LIST_TYPE)], Some(20_000_000));
    let too_many = too_many.answer();
    assert_eq!(too_many.status, 413, "before any of it is sent");
    too_many.message();
}

#[test]
fn a_list_that_is_none_is_refused_with_a_sentence() {
    let server = TestServer::start();
    let torn = ask(&server, &[7; 41]);
    assert_eq!(torn.status, 400);
    assert!(torn.message().contains("41 bytes"), "{}", torn.message());
    let huge = ask(&server, &[0xff; 80]);
    assert_eq!(huge.status, 400);
    assert!(huge.message().starts_with("entry 0"), "{}", huge.message());
    for body in [json!({}), json!({"blobs": [{"sha256": "ab", "size": 1}]}), json!([])] {
        let answer = server.post_json(URL, &body);
        assert_eq!(answer.status, 400, "{body}");
        answer.message();
    }
    let untyped = server.connect().send("POST", URL, &[], b"{}");
    assert_eq!(untyped.status, 400);
    untyped.message();
    let wrong = server.get(URL);
    assert_eq!(wrong.status, 405);
    wrong.message();
}
