//! `POST /v1/chunks/missing` and `PUT /v1/recipes/{blob}`: large blobs that resemble others.

use std::fs::FileTimes;
use std::time::{Duration, SystemTime};

use serde_json::json;
use shaman_proto::wire::chunks::{
    CHUNK_NAME_BYTES, CHUNKS_TYPE, Origin, RECIPE_TYPE, decode_bits, encode_chunks, encode_step,
};
use shaman_proto::{Chunk, Cutter};

use crate::support::{Answer, Blob, TestServer, eventually};

/// Bytes that do not repeat.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = seed * 2 + 1;
    let mut all = Vec::with_capacity(bytes + 8);
    while all.len() < bytes {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        all.extend_from_slice(&random.to_le_bytes());
    }
    all.truncate(bytes);
    all
}

/// A large blob, and one that differs from it in two places, of which one is longer.
fn alike() -> (Blob, Blob) {
    let before = noise(8 << 20, 7);
    let mut after = before.clone();
    after[1_000_000..1_000_100].fill(1);
    after.splice(5_000_000..5_000_000, noise(1_000, 8));
    (Blob::new(before), Blob::new(after))
}

fn chunks(blob: &Blob) -> Vec<Chunk> {
    let (mut cutter, mut chunks) = (Cutter::default(), Vec::new());
    cutter.push(&blob.bytes, |bytes| chunks.push(Chunk::of(bytes).unwrap()));
    cutter.finish(|bytes| chunks.push(Chunk::of(bytes).unwrap()));
    chunks
}

/// Which chunks of a blob have to be sent.
fn missing(server: &TestServer, blob: &Blob) -> Vec<bool> {
    let chunks = chunks(blob);
    let headers = [("Content-Type", CHUNKS_TYPE)];
    let mut connection = server.connect();
    let answer = connection.send("POST", "/v1/chunks/missing", &headers, &encode_chunks(&chunks));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/vnd.shaman.bits"));
    decode_bits(&answer.body, chunks.len()).unwrap()
}

fn recipe(blob: &Blob, missing: &[bool]) -> Vec<u8> {
    let (mut recipe, mut at) = (Vec::new(), 0);
    for (chunk, is_missing) in chunks(blob).iter().zip(missing) {
        let end = at + chunk.length.bytes() as usize;
        let origin = if *is_missing { Origin::Body } else { Origin::Store };
        recipe.extend_from_slice(&encode_step(chunk, origin));
        if *is_missing {
            recipe.extend_from_slice(&blob.bytes[at..end]);
        }
        at = end;
    }
    recipe
}

fn url(blob: &Blob) -> String {
    format!("/v1/recipes/{}", blob.named())
}

fn put(server: &TestServer, blob: &Blob, recipe: &[u8]) -> Answer {
    server.connect().send("PUT", &url(blob), &[("Content-Type", RECIPE_TYPE)], recipe)
}

/// A server that has this blob, and its chunks.
fn server_with(blob: &Blob) -> TestServer {
    let server = TestServer::start();
    assert_eq!(server.upload(blob).status, 204);
    cut(&server, blob);
    server
}

fn cut(server: &TestServer, blob: &Blob) {
    eventually("it is cut", || missing(server, blob).iter().all(|is_missing| !is_missing));
}

fn assert_stored(server: &TestServer, blob: &Blob) {
    assert_eq!(server.connect().send("GET", &blob.native_url(), &[], b"").body, blob.bytes);
    assert!(server.leftovers().is_empty(), "{:?}", server.leftovers());
}

fn assert_nothing_of(server: &TestServer, blob: &Blob) {
    assert!(!server.blob_path(blob).exists());
    assert!(server.leftovers().is_empty(), "{:?}", server.leftovers());
}

/// Puts other bytes under a blob's name, so that nobody notices.
fn spoil(server: &TestServer, blob: &Blob) {
    let path = server.blob_path(blob);
    let modified = path.metadata().unwrap().modified().unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, noise(blob.size(), 99)).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_times(FileTimes::new().set_modified(modified)).unwrap();
}

#[test]
fn of_a_file_that_resembles_another_only_what_is_new_travels() {
    let (before, after) = alike();
    let server = server_with(&before);
    let lacking = missing(&server, &after);
    let recipe = recipe(&after, &lacking);
    assert!(recipe.len() < after.size() / 10, "{} bytes", recipe.len());
    let answer = put(&server, &after, &recipe);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_stored(&server, &after);
    // Its chunks are known at once, from what was sent and from what was there.
    assert!(missing(&server, &after).iter().all(|is_missing| !is_missing));
    let again = put(&server, &after, &recipe);
    assert_eq!(again.status, 204, "{}", again.text());
}

#[test]
fn where_no_chunks_are_wanted_none_are_known_and_recipes_are_taken_all_the_same() {
    let (before, after) = alike();
    let server = server_with(&before);
    let folder = std::sync::Arc::clone(&server.folder);
    assert!(server.stop().success());
    let server = TestServer::start_configured_in(&folder, "delta: {known: 0}\n");
    let lacking = missing(&server, &after);
    assert!(lacking.iter().all(|is_missing| *is_missing), "what was known is forgotten");
    let answer = put(&server, &after, &recipe(&after, &lacking));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_stored(&server, &after);
    assert!(missing(&server, &after).iter().all(|is_missing| *is_missing));
    assert!(server.stop().success());
    // When they are wanted again, the store is looked through.
    let server = TestServer::start_configured_in(&folder, "delta: {known: 1GiB}\n");
    eventually("it is cut", || missing(&server, &after).iter().all(|is_missing| !is_missing));
}

#[test]
fn a_recipe_may_be_packed() {
    let (before, after) = alike();
    let server = server_with(&before);
    let packed = zstd::bulk::compress(&recipe(&after, &missing(&server, &after)), 3).unwrap();
    let headers = [("Content-Type", RECIPE_TYPE), ("Content-Encoding", "zstd")];
    let mut connection = server.connect();
    assert_eq!(connection.send("PUT", &url(&after), &headers, &packed).status, 201);
    assert_stored(&server, &after);
    let other = Blob::new(noise(2 << 20, 3));
    let packed = zstd::bulk::compress(&recipe(&other, &missing(&server, &other)), 3).unwrap();
    let torn = &packed[..packed.len() - 5];
    assert_eq!(connection.send("PUT", &url(&other), &headers, torn).status, 400);
    assert_nothing_of(&server, &other);
}

#[test]
fn a_row_that_lies_is_a_chunk_that_is_missing() {
    let (before, after) = alike();
    let server = server_with(&before);
    spoil(&server, &before);
    let mut lacking = missing(&server, &after);
    assert!(lacking.iter().any(|is_missing| !is_missing), "the index does not know better");
    let mut answer = put(&server, &after, &recipe(&after, &lacking));
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.message().contains("ask again"));
    assert_nothing_of(&server, &after);
    // What it was caught in once it does not say again.
    let known = lacking.iter().filter(|is_missing| !**is_missing).count();
    lacking = missing(&server, &after);
    assert_eq!(lacking.iter().filter(|is_missing| !**is_missing).count(), known - 1);
    answer = put(&server, &after, &recipe(&after, &vec![true; lacking.len()]));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_stored(&server, &after);
}

#[test]
fn what_is_not_what_its_name_says_leaves_nothing() {
    let (before, after) = alike();
    let server = server_with(&before);
    let lacking = missing(&server, &after);
    let good = recipe(&after, &lacking);
    // All chunks are right, and the blob has another name.
    let mut bytes = after.bytes.clone();
    bytes[0] ^= 1;
    let other = Blob::new(bytes);
    let answer = put(&server, &other, &good);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_nothing_of(&server, &other);
    // A chunk that is sent is another one: what was read before is thrown away.
    let answer = put(&server, &after, &recipe_with_a_wrong_byte(&after, &lacking));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_nothing_of(&server, &after);
    // Too long, too short.
    let twice = [good.as_slice(), &good].concat();
    assert_eq!(put(&server, &after, &twice).status, 422);
    let entry = &good[..CHUNK_NAME_BYTES];
    assert_eq!(put(&server, &after, entry).status, 422);
    assert_eq!(put(&server, &after, b"").status, 422);
    assert_nothing_of(&server, &after);
    assert_eq!(put(&server, &after, &good).status, 201);
}

fn recipe_with_a_wrong_byte(blob: &Blob, missing: &[bool]) -> Vec<u8> {
    let before: usize = missing.iter().take_while(|is_missing| !**is_missing).count();
    let mut recipe = recipe(blob, missing);
    recipe[(before + 1) * CHUNK_NAME_BYTES] ^= 1;
    recipe
}

#[test]
fn what_is_no_recipe_is_refused_in_a_sentence() {
    let (before, after) = alike();
    let server = server_with(&before);
    let send = |method: &str, path: &str, kind: &str, body: &[u8]| {
        let answer = server.connect().send(method, path, &[("Content-Type", kind)], body);
        answer.message();
        answer.status
    };
    let (list, url) = ("/v1/chunks/missing", url(&after));
    assert_eq!(send("POST", list, "application/json", b"[]"), 415);
    assert_eq!(send("POST", list, CHUNKS_TYPE, &[1; 35]), 400);
    assert_eq!(send("POST", list, CHUNKS_TYPE, &[0; 36]), 400, "a chunk without bytes");
    assert_eq!(send("PUT", &url, "application/octet-stream", b""), 415);
    assert_eq!(send("PUT", &url, RECIPE_TYPE, &[0; 36]), 400);
    assert_eq!(send("PUT", &url, RECIPE_TYPE, &[255; 36]), 400, "a chunk of 2 GiB");
    assert_eq!(send("PUT", "/v1/recipes/x", RECIPE_TYPE, b""), 400);
    let good = recipe(&after, &missing(&server, &after));
    assert_eq!(send("PUT", &url, RECIPE_TYPE, &good[..good.len() - 1]), 400);
    let nowhere = encode_step(&Chunk::of(b"nowhere").unwrap(), Origin::Store);
    assert_eq!(send("PUT", &url, RECIPE_TYPE, &nowhere), 409);
    assert_nothing_of(&server, &after);
    assert_eq!(
        server.connect().send("POST", list, &[("Content-Type", CHUNKS_TYPE)], b"").body,
        b""
    );
}

#[test]
fn a_sender_that_vanishes_leaves_nothing() {
    let (before, after) = alike();
    let server = server_with(&before);
    let recipe = recipe(&after, &missing(&server, &after));
    let mut connection = server.connect();
    connection.head("PUT", &url(&after), &[("Content-Type", RECIPE_TYPE)], Some(recipe.len()));
    connection.raw(&recipe[..recipe.len() - 10]).unwrap();
    eventually("it is being assembled", || !server.leftovers().is_empty());
    drop(connection);
    eventually("nothing is left", || server.leftovers().is_empty());
    assert_nothing_of(&server, &after);
    assert_eq!(put(&server, &after, &recipe).status, 201);
}

#[test]
fn a_blob_that_was_promised_is_not_swept() {
    let (before, after) = alike();
    let server = server_with(&before);
    let file = std::fs::File::open(server.blob_path(&before)).unwrap();
    let then = SystemTime::now() - Duration::from_hours(40 * 24);
    file.set_times(FileTimes::new().set_modified(then)).unwrap();
    let lacking = missing(&server, &after);
    let order = json!({"dry_run": false, "force": true, "max_age": "1h"});
    assert_eq!(server.post_json("/v1/sweep", &order).status, 200);
    assert!(server.blob_path(&before).exists(), "whoever was told of its chunks counts on it");

    // Another server's sweep took it all the same.
    let (name, trash) = (before.below_storage(), "file-store/trash/000000000001-other");
    let trashed = server.storage.join(name.replace("file-store/stored", trash));
    std::fs::create_dir_all(trashed.parent().unwrap()).unwrap();
    std::fs::rename(server.blob_path(&before), trashed).unwrap();
    let answer = put(&server, &after, &recipe(&after, &lacking));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_stored(&server, &after);
    assert!(server.blob_path(&before).exists(), "it came back");
}

#[test]
fn a_blob_that_is_gone_is_chunks_that_are_missing() {
    let (before, after) = alike();
    let server = server_with(&before);
    let lacking = missing(&server, &after);
    std::fs::remove_dir_all(server.blob_path(&before).parent().unwrap()).unwrap();
    let answer = put(&server, &after, &recipe(&after, &lacking));
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_nothing_of(&server, &after);
    let lacking = missing(&server, &after);
    assert!(lacking.iter().all(|is_missing| *is_missing));
    assert_eq!(put(&server, &after, &recipe(&after, &lacking)).status, 201);
}

#[test]
fn without_its_index_a_server_knows_no_chunks_until_it_has_looked_through_its_store() {
    let (before, after) = alike();
    let server = server_with(&before);
    let (folder, state) = (std::sync::Arc::clone(&server.folder), server.state.clone());
    assert!(server.stop().success());
    std::fs::remove_dir_all(state).unwrap();
    let server = TestServer::start_in(&folder, "state");
    let lacking = missing(&server, &after);
    assert!(lacking.iter().all(|is_missing| *is_missing));
    assert_eq!(put(&server, &after, &recipe(&after, &lacking)).status, 201);
    cut(&server, &before);
    let row = missing(&server, &before);
    drop(server);
    // And it knows them after a restart.
    let server = TestServer::start_in(&folder, "state");
    assert_eq!(missing(&server, &before), row);
}
