//! Submits a directory and fetches the checkout into another one, with the library alone.
//!
//! ```sh
//! cargo run -p shaman-client --example roundtrip -- http://127.0.0.1:8080 some/directory fetched
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "an example talks to the person, and takes the clock"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::SystemTime;

use anyhow::Context as _;
use shaman_client::api::Api;
use shaman_client::fetch::{BlobCache, Means, Order, fetch};
use shaman_client::hash::HashCache;
use shaman_client::pack;
use shaman_client::progress::{self, Event};
use shaman_client::stop::Stop;
use shaman_client::submit::submit;
use shaman_client::upload::Delta;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = |what| words.next().with_context(|| format!("name {what}"));
    let (server, dir) = (word("a server")?, PathBuf::from(word("a directory to submit")?));
    let into = PathBuf::from(word("a directory to make")?);

    let api = Api::new(&server)?;
    let (listener, events) = progress::channel();
    let printing = std::thread::spawn(move || print(&events));
    let stop = Stop::default();
    let on_ctrl_c = async {
        tokio::signal::ctrl_c().await.ok();
        stop.ask();
        // The fetch takes away what it has half made, and ends the program by its error.
        std::future::pending::<()>().await;
    };

    let work = async {
        let (job, _) = pack::from_directory(&dir, "roundtrip".to_owned())?;
        let names = Arc::new(HashCache::none());
        // To drop this future ends it; it has nothing to take away.
        let done = tokio::select! {
            done = submit(&api, &job, &names, SystemTime::now, Delta::Auto, &listener) => done?,
            () = stop.asked() => anyhow::bail!("stopped"),
        };
        println!("{}: {} of {} files sent", done.checkout, done.uploaded_files, done.files);

        let cache =
            BlobCache::open(&std::env::temp_dir().join("shaman-roundtrip"), SystemTime::now)?;
        let checkout = done.checkout.parse()?;
        let order = Order {
            checkout: &checkout,
            into: &into,
            means: Means::Copy,
            cache_bytes_max: 1 << 30,
        };
        let done = fetch(&api, order, &cache, &stop, &listener).await?;
        println!("{}: {} blobs fetched", into.display(), done.fetched_blobs);
        anyhow::Ok(())
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = on_ctrl_c => Ok(()),
    };
    drop(listener);
    // It ends with the last listener.
    printing.join().ok();
    ended
}

/// Prints what a person likes to know.
fn print(events: &Receiver<Event>) {
    let mut bytes = 0;
    for event in events {
        match event {
            Event::Began { phase, .. } => eprintln!("{} …", phase.word()),
            Event::Advanced { bytes: more, .. } => bytes += more,
            Event::Rewound { bytes: less, .. } => bytes -= less,
            Event::Ended { phase } => eprintln!("{} done; {bytes} bytes so far", phase.word()),
            Event::Warning(text) | Event::Note(text) => eprintln!("{text}"),
            Event::Grew { .. } | Event::Retrying { .. } => {}
        }
    }
}
