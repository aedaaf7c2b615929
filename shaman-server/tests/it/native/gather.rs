//! `POST /v1/blobs/read`: many small blobs in one answer.

use shaman_proto::BlobRef;
use shaman_proto::wire::blobs::{FRAMES_TYPE, LIST_TYPE, encode_list};
use shaman_proto::wire::framing::{Frame, Framed, Framing};

use crate::support::{Answer, Blob, TestServer};

const URL: &str = "/v1/blobs/read";

fn ask(server: &TestServer, blobs: &[BlobRef]) -> Answer {
    server.connect().send("POST", URL, &[("Content-Type", LIST_TYPE)], &encode_list(blobs))
}

fn frames(answer: &Answer) -> Vec<Frame> {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(FRAMES_TYPE)));
    let (mut framing, mut rest, mut frames) = (Framing::default(), &answer.body[..], Vec::new());
    while let Some(framed) = framing.next(&mut rest).unwrap() {
        let Framed::Whole(frame) = framed else { panic!("{framed:?}") };
        frames.push(frame);
    }
    assert!(framing.is_between() && rest.is_empty());
    frames
}

#[test]
fn blobs_come_in_order_and_those_that_are_not_here_are_left_out() {
    let server = TestServer::start();
    // More than one batch, by bytes and by number.
    let blobs: Vec<Blob> = (0..300)
        .map(|n: usize| Blob::new(vec![n.to_le_bytes()[0]; if n < 5 { 200_000 + n } else { n }]))
        .collect();
    for blob in &blobs {
        server.upload(blob);
    }
    let mut asked: Vec<BlobRef> = blobs.iter().map(Blob::named).collect();
    asked.insert(100, Blob::new("never sent").named());
    asked.push(Blob::new("nor this").named());
    let got = frames(&ask(&server, &asked));
    assert_eq!(got.len(), blobs.len());
    for (frame, blob) in got.iter().zip(&blobs) {
        assert_eq!((frame.blob, &frame.bytes), (blob.named(), &blob.bytes));
    }
    assert_eq!(frames(&ask(&server, &[])), []);
    assert_eq!(frames(&ask(&server, &[Blob::new("never sent").named()])), []);
}

#[test]
fn a_blob_that_is_shorter_on_disk_is_left_out_and_its_neighbours_come() {
    let server = TestServer::start();
    let blobs = [Blob::new("first"), Blob::new("damaged"), Blob::new("last")];
    for blob in &blobs {
        server.upload(blob);
    }
    let path = server.blob_path(&blobs[1]);
    let mut rights = std::fs::metadata(&path).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of the test's")]
    rights.set_readonly(false);
    std::fs::set_permissions(&path, rights).unwrap();
    std::fs::write(&path, "dam").unwrap();
    let got = frames(&ask(&server, &blobs.each_ref().map(Blob::named)));
    let got: Vec<&[u8]> = got.iter().map(|frame| &frame.bytes[..]).collect();
    assert_eq!(got, [b"first" as &[u8], b"last"]);
}

#[test]
fn what_is_no_list_of_small_blobs_is_refused() {
    let server = TestServer::start();
    let large = Blob::new(vec![7; (256 << 10) + 1]);
    server.upload(&large);
    let refused = ask(&server, &[Blob::new("a").named(), large.named()]);
    assert_eq!(refused.status, 413);
    assert!(refused.message().contains(&large.named().to_string()), "{}", refused.text());
    let list = encode_list(&[large.named()]);
    let json = [("Content-Type", "application/json")];
    let mut connection = server.connect();
    assert_eq!(connection.send("POST", URL, &json, &list).status, 415);
    let typed = [("Content-Type", LIST_TYPE)];
    assert_eq!(connection.send("POST", URL, &typed, &list[1..]).status, 400);
    // One name more than may be asked for, by what the head announces.
    let mut connection = server.connect();
    connection.head("POST", URL, &typed, Some(100_001 * 40));
    assert_eq!(connection.answer().status, 413);
}
