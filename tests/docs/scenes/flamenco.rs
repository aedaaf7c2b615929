//! In front of a Manager, which is a model: its storage as stock leaves it, one set-up after the other.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use shaman_tests::addon::{Addon, Force, Project, Release};
use shaman_tests::manager::{Manager, Setup};
use shaman_tests::stock_store::StockStore;

use crate::reader::Reader;

/// A Manager at its usual port. The time for heads is long: the machine may be busy.
pub(super) fn manager(setup: Setup) -> Manager {
    let address = SocketAddr::from(([127, 0, 0, 1], 8080));
    let head_timeout = Duration::from_secs(30);
    Manager::start_at(address, Setup { head_timeout, ..setup }).unwrap()
}

pub(super) fn follow(mut reader: Reader) {
    let storage = Path::new("/mnt/flamenco");
    for own_shaman in [false, true] {
        StockStore::create(storage).unwrap();
        let manager = manager(if own_shaman {
            Setup { gc_period: "0s".into(), ..Setup::new(storage).with_shaman() }
        } else {
            Setup::new(&storage.join("jobs"))
        });
        reader.paste();
        reader.paste();
        reader.paste();
        let server = reader.begin(&["shaman-server listening on http://127.0.0.1:8081"]);
        reader.paste();
        reader.paste();
        let said = reader.paste();
        assert!(said.contains("shot_010"), "the checkout is there: {said}");
        assert_eq!(manager.jobs().len(), 1, "the job too");
        assert!(manager.jobs()[0]["storage"]["shaman_checkout_id"].is_string());

        let mut addon = Addon::new("http://127.0.0.1:8081", Release::Current);
        addon.start(Force::No).unwrap();
        let project = Project::new(&[("scene.blend", b"BLENDER"), ("tex/stone.png", b"stone")]);
        assert!(addon.submit_with_bat2(&project, "from Blender").submitted_ok);
        reader.end(&server);
        reader.prepare("rm -r /mnt/flamenco /var/lib/shaman/*");
        if !own_shaman {
            reader.go_back_to("STORAGE=");
        }
    }
    reader.finish();
}

/// The users of both are there, and the Manager's files belong to its own.
pub(super) fn move_and_go_back(mut reader: Reader) {
    let storage = Path::new("/mnt/flamenco");
    StockStore::create(storage).unwrap();
    reader.prepare(
        "id flamenco || useradd --system flamenco; id shaman || useradd --system --home-dir /var/lib/shaman shaman
         chown -R flamenco: /mnt/flamenco; chown shaman: /var/lib/shaman",
    );
    let stock = manager(Setup::new(storage).with_shaman());
    let project = Project::new(&[("scene.blend", b"BLENDER"), ("tex/stone.png", b"stone")]);
    let submit = |port: u16| {
        let mut addon = Addon::new(&format!("http://127.0.0.1:{port}"), Release::Current);
        addon.start(Force::No).unwrap();
        assert!(addon.submit_with_bat1(&project, "a job").submitted_ok);
    };
    submit(8080);
    reader.paste();
    reader.paste();
    let server = reader.start(
        "runuser -u shaman -- shaman-server --storage /mnt/flamenco --state /var/lib/shaman \
         --upstream http://localhost:8080 --listen 127.0.0.1:8081",
        &["shaman-server listening on …"],
    );
    submit(8081);
    reader.end(&server);
    reader.paste();
    reader.paste();
    let left =
        reader.prepare("cd /; find /mnt/flamenco -mindepth 1 -maxdepth 2 -path '*file-store/*'");
    assert_eq!(left.lines().count(), 2, "what stock has: stored and uploading: {left}");
    submit(8080);
    drop(stock);
    reader.finish();
}
