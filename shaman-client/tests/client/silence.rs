//! Servers that take the connection and say nothing, or say it slowly.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use shaman_client::api::{Api, ApiError, Pulse, Taken};
use shaman_proto::wire::flamenco::CreateRequest;
use shaman_proto::{BlobRef, BlobSize, Digest};

const SILENCE: Duration = Duration::from_millis(400);

/// A server that does this with each connection once it has read the request's head.
fn server(with: impl Fn(&mut TcpStream) + Send + 'static) -> Api {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = BufReader::with_capacity(1, stream.try_clone().unwrap());
            let mut line = String::new();
            while head.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            with(&mut stream);
        }
    });
    Api::new(&url).unwrap().with_silence(SILENCE)
}

fn run<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = Instant::now();
    let done = runtime.block_on(work);
    (done, began.elapsed())
}

fn blob(bytes: &[u8]) -> BlobRef {
    let digest = Digest::from_bytes(Sha256::digest(bytes).into());
    BlobRef::new(digest, BlobSize::new(bytes.len() as u64).unwrap())
}

/// A body of pieces that beats as the real one does.
fn body(bytes: &[u8], pulse: &Pulse) -> reqwest::Body {
    let pulse = pulse.clone();
    let pieces: Vec<Vec<u8>> = bytes.chunks(64 << 10).map(<[u8]>::to_vec).collect();
    reqwest::Body::wrap_stream(futures_util::stream::iter(pieces.into_iter().map(move |piece| {
        pulse.beat();
        Ok::<_, std::io::Error>(piece)
    })))
}

#[test]
fn a_server_that_says_nothing_is_given_up_with_a_sentence() {
    let api = server(|_| std::thread::sleep(Duration::from_secs(5)));
    let (answer, took) = run(api.version());
    let error = answer.unwrap_err();
    assert!(matches!(error, ApiError::Silent { .. }) && !error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("has been silent"), "{error}");
    assert!(took >= SILENCE && took < 4 * SILENCE, "{took:?}");
}

#[test]
fn an_answer_that_stops_halfway_is_given_up_too() {
    let api = server(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"").unwrap();
        std::thread::sleep(Duration::from_secs(5));
    });
    let (answer, took) = run(api.version());
    assert!(matches!(answer, Err(ApiError::Silent { .. })), "{answer:?}");
    assert!(took < 4 * SILENCE, "{took:?}");
}

#[test]
fn a_server_that_takes_no_more_of_a_file_is_given_up() {
    let api = server(|_| std::thread::sleep(Duration::from_secs(5)));
    let bytes = vec![7; 64 << 20];
    let pulse = Pulse::default();
    let (taken, took) = run(api.upload(&blob(&bytes), "a", body(&bytes, &pulse), &pulse));
    assert!(matches!(taken, Err(ApiError::Silent { .. })), "{taken:?}");
    assert!(took < 8 * SILENCE, "{took:?}");
}

#[test]
fn a_slow_upload_goes_on_for_as_long_as_something_moves() {
    let bytes = vec![7; 64 << 20];
    let length = bytes.len();
    let api = server(move |stream| {
        let mut left = length;
        let mut buffer = vec![0; 1 << 20];
        while left > 0 {
            std::thread::sleep(SILENCE / 20);
            let most = left.min(buffer.len());
            stream.read_exact(&mut buffer[..most]).unwrap();
            left -= most;
        }
        stream.write_all(b"HTTP/1.1 204 X\r\n\r\n").unwrap();
    });
    let pulse = Pulse::default();
    let (taken, took) = run(api.upload(&blob(&bytes), "a", body(&bytes, &pulse), &pulse));
    assert_eq!(taken.unwrap(), Taken::Stored);
    assert!(took > 2 * SILENCE, "longer than any silence: {took:?}");
}

#[test]
fn a_checkout_may_take_longer() {
    let api = server(|stream| {
        std::thread::sleep(2 * SILENCE);
        let text = "{\"checkoutPath\": \"job\"}";
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    });
    let request = CreateRequest { files: Vec::new(), checkout_path: "job".into(), blend: None };
    let (made, _) = run(api.create(&request));
    assert_eq!(made.unwrap(), "job");
}
