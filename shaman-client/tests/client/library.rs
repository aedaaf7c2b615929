//! What other programs get: progress, an end whenever they want it, and nothing half-made.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime};

use shaman_client::api::Api;
use shaman_client::fetch::{BlobCache, FetchError, Means, Order, fetch};
use shaman_client::hash::HashCache;
use shaman_client::pack;
use shaman_client::progress::{self, Event, Listener, Phase};
use shaman_client::stop::Stop;
use shaman_client::submit::submit;
use shaman_client::upload::Delta;

use crate::blobs::{Blobs, Fault};
use crate::peer::Peer;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn order<'a>(checkout: &'a shaman_proto::CheckoutPath, into: &'a std::path::Path) -> Order<'a> {
    Order { checkout, into, means: Means::Copy, cache_bytes_max: 1 << 30 }
}

/// Files and bytes of a phase when it ended, by the events alone.
fn sums(events: &Receiver<Event>, of: Phase) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    for event in events.try_iter() {
        match event {
            Event::Advanced { phase, files: more, bytes: bytes_more } if phase == of => {
                files += more;
                bytes += bytes_more;
            }
            Event::Rewound { phase, bytes: less } if phase == of => bytes -= less,
            _ => {}
        }
    }
    (files, bytes)
}

#[test]
fn progress_comes_out_of_a_channel_and_adds_up_whatever_goes_wrong() {
    let bytes = vec![7; 5 << 20];
    let peer = Blobs::start(&[("a", &bytes), ("b", b"small")], |asked, before| {
        (asked.len() > 9 && before < 2).then_some(Fault::CutAfter(1 << 20))
    });
    let folder = tempfile::tempdir().unwrap();
    let cache = BlobCache::open(&folder.path().join("cache"), SystemTime::now).unwrap();
    let (listener, events) = progress::channel();
    let (checkout, into) = ("film/shot".parse().unwrap(), folder.path().join("shot"));
    let api = Api::new(&peer.url).unwrap();
    let done = runtime().block_on(fetch(
        &api,
        order(&checkout, &into),
        &cache,
        &Stop::default(),
        &listener,
    ));
    assert_eq!(done.unwrap().fetched_blobs, 2);
    assert_eq!(sums(&events, Phase::Fetch), (2, (5 << 20) + 5));
}

#[test]
fn a_fetch_ends_when_it_is_asked_to_and_when_it_is_dropped() {
    let bytes = vec![7; 5 << 20];
    let peer = Blobs::start(&[("a", &bytes)], |_, _| Some(Fault::HangAfter(3 << 20)));
    for is_asked in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let cache = BlobCache::open(&folder.path().join("cache"), SystemTime::now).unwrap();
        let (listener, events) = progress::channel();
        let (checkout, into) = ("film/shot".parse().unwrap(), folder.path().join("shot"));
        let api = Api::new(&peer.url).unwrap();
        let stop = Stop::default();
        let halfway = async {
            let mut came = 0;
            while came < 2 << 20 {
                came += sums(&events, Phase::Fetch).1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let began = Instant::now();
        runtime().block_on(async {
            let fetching = fetch(&api, order(&checkout, &into), &cache, &stop, &listener);
            tokio::pin!(fetching);
            tokio::select! {
                ended = &mut fetching => panic!("{ended:?}"),
                () = halfway => {}
            }
            if is_asked {
                stop.ask();
                assert!(matches!(fetching.await, Err(FetchError::Stopped)));
            }
        });
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the cache");
    }
}

#[test]
fn a_submit_that_is_dropped_makes_no_checkout_and_keeps_what_it_learnt() {
    let peer = Peer::start(|request, _| {
        if request.ends_with("/create") || request.contains("/shaman/files/") {
            std::thread::sleep(Duration::from_secs(1));
        }
        None
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "one").unwrap();
    let (job, _) = pack::from_directory(folder.path(), "job".to_owned()).unwrap();
    let api = Api::new(&peer.url).unwrap();
    let heard: Arc<std::sync::Mutex<Vec<Event>>> = Arc::default();
    let callback = Arc::clone(&heard);
    let listener: Listener = Arc::new(move |event| callback.lock().unwrap().push(event));
    let names = Arc::new(HashCache::none());
    runtime().block_on(async {
        let work = submit(&api, &job, &names, SystemTime::now, Delta::Auto, &listener);
        assert!(tokio::time::timeout(Duration::from_millis(600), work).await.is_err());
    });
    assert!(heard.lock().unwrap().contains(&Event::Ended { phase: Phase::Hash }));
    assert_eq!(peer.count("/create"), 0);
    let done = runtime()
        .block_on(submit(&api, &job, &names, SystemTime::now, Delta::Auto, &listener))
        .unwrap();
    assert_eq!((done.files, done.bytes, &*done.checkout), (1, 3, "job"));
}
