//! The dashboard in a real browser, as somebody uses it who looks after a farm.
//!
//! `SHAMAN_BLESS=1 cargo test -p shaman-tests --test dashboard` also writes the pictures in
//! `docs/images/` anew.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests look at the disk behind the server's back, and a failed step is a failed test"
)]

mod browser;
mod house;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use shaman_tests::wire::{ask, sha256_hex};

use browser::{Browser, DESK, NIGHT, PHONE, pictures};
use house::House;

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';
const ESCAPE: char = '\u{E00C}';

/// Pages, what they call themselves, and the picture of each.
const PAGES: [(&str, &str, &str); 6] = [
    ("", "overview", "dashboard"),
    ("#/checkouts", "checkouts", "dashboard-checkouts"),
    ("#/checkouts/spring%2Fshot_010", "checkouts", "dashboard-checkout"),
    ("#/diff/spring%2Fshot_010/spring%2Fshot_020", "checkouts", "dashboard-diff"),
    ("#/upkeep", "upkeep", "dashboard-upkeep"),
    ("#/events", "events", "dashboard-events"),
];

#[test]
fn every_page_shows_what_is_there_also_on_a_phone_and_at_night() {
    let Some(browser) = Browser::start() else { return };
    let house = House::new("");
    let url = format!("{}/", house.server.url);
    // Who listens from the beginning sees all of it.
    browser.open(&url, "overview");
    browser.says("#pulse", "live");
    house.fill();
    browser.says("#checkouts", "30");
    browser.says("#blobs", "43");
    assert!(browser.text("#would-free").contains("Sweeping would free"));
    browser.run("document.getElementById('span').value = '1d'");
    browser.run("document.getElementById('span').dispatchEvent(new Event('change'))");
    browser.until("document.querySelectorAll('.chart svg[role=img]').length === 2");
    let sentence = browser.run("return document.querySelector('.chart svg').ariaLabel");
    assert!(sentence.as_str().unwrap().contains("as copies: from"), "{sentence}");
    for (place, page, picture) in PAGES {
        // Only the address behind `#` changes: the events that were seen stay.
        browser.run("delete document.getElementById('main').dataset.ready");
        if place.is_empty() {
            browser.run("location.hash = '#/'");
        } else {
            browser.run(&format!("location.hash = '{place}'"));
        }
        browser.until(&format!("document.getElementById('main').dataset.ready === '{page}'"));
        browser
            .until("![...document.querySelectorAll('.own')].some((one) => one.innerText === '…')");
        if page == "upkeep" {
            browser.write("#max-age", "1s");
            browser.click("#dry");
            browser.says("#swept", "1.26 MB");
        }
        for (screen, suffix) in [(DESK, ""), (NIGHT, "-dark"), (PHONE, "-phone")] {
            browser.screen(screen);
            let wide = browser.run("return document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(screen.width), "{place}: {wide}");
            browser.picture(&pictures(&format!("{picture}{suffix}")));
        }
        browser.screen(DESK);
    }
    browser.says("#log", "spring/shot_100");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_happens_is_seen_while_it_happens() {
    let Some(browser) = Browser::start() else { return };
    let house = House::new("");
    browser.open(&format!("{}/shaman/", house.server.url), "overview");
    browser.says("#uploads", "Nothing is being sent");

    let bytes = vec![7; 8 << 20];
    let sha = sha256_hex(&bytes);
    let mut line = TcpStream::connect(house.server.address()).unwrap();
    let head = format!(
        "PUT /v1/blobs/{sha}-{} HTTP/1.1\r\nHost: farm\r\nContent-Length: {}\r\n\r\n",
        bytes.len(),
        bytes.len()
    );
    line.write_all(head.as_bytes()).unwrap();
    let (half, rest) = bytes.split_at(4 << 20);
    line.write_all(half).unwrap();
    browser.until(&format!("document.querySelector('[data-digest=\"{sha}\"]')"));
    browser
        .until("Number(document.querySelector('#uploads [role=progressbar]').ariaValueNow) >= 40");
    let now =
        browser.run("return document.querySelector('#uploads [role=progressbar]').ariaValueNow");
    assert!(now.as_str().unwrap().parse::<u32>().unwrap() <= 50, "{now}");
    browser.picture(&pictures("dashboard-upload"));
    line.write_all(rest).unwrap();
    browser.says("#uploads", "Nothing is being sent");
    browser.says("#blobs", "1");
    browser.says(".log", "1 blob came, 8.39 MB");
    house.checked_out("shot", &[house.stored("shot.blend", b"BLENDER")]);
    browser.says(".log", "A checkout was made: shot");
    browser.says("#checkouts", "1");

    // The server goes, and comes back at the same place.
    let (address, storage) = (house.server.address(), house.folder.path().join("storage"));
    assert!(house.server.stop(Duration::from_secs(20)));
    browser.says("#pulse", "no connection");
    let server = shaman_tests::server::Server::start_at(address, &storage, house.folder.path(), "");
    browser.says("#pulse", "live");
    drop(server);
}

#[test]
fn a_dry_run_comes_before_a_sweep_and_a_question_before_an_erase() {
    let Some(browser) = Browser::start() else { return };
    let house = House::new("");
    let kept = house.stored("kept.blend", &vec![2; 20_000]);
    house.checked_out("films/one", std::slice::from_ref(&kept));
    house.checked_out("films/other", &[kept, house.stored("more.png", b"pixels")]);
    house.stored("old.png", &[1; 5_000]);
    // Until nobody used it for so long.
    std::thread::sleep(Duration::from_millis(2_600));
    let url = format!("{}/", house.server.url);
    browser.open(&format!("{url}#/upkeep"), "upkeep");
    assert_eq!(browser.run("return document.getElementById('real').hidden"), true);
    browser.write("#max-age", "1s");
    browser.click("#dry");
    browser.says("#swept", "5.00 KB");
    browser.says("#report", "Would be swept");
    let blobs = || {
        let status = house.ask("GET", "/v1/status", b"");
        let status: serde_json::Value = serde_json::from_slice(&status.body).unwrap();
        status["blobs"]["blobs"].as_u64().unwrap()
    };
    assert_eq!(blobs(), 3, "a dry run takes nothing");
    browser.click("#real");
    browser.picture(&pictures("dashboard-question"));
    browser.click("dialog .danger");
    browser.says("#report", "Was swept");
    assert_eq!(blobs(), 2);
    browser.says("#toast", "Swept 1 blob");

    browser.open(&format!("{url}#/checkouts"), "checkouts");
    browser.write("#search", "other");
    browser.says("#sum", "1 checkout,");
    browser.click("#rows a");
    browser.says("h1", "films/other");
    browser.until("document.getElementById('erase')");
    browser.click("#erase");
    browser.press(ESCAPE);
    browser.until("!document.querySelector('dialog')");
    let place = house.server.jobs().join("films/other");
    assert!(place.is_dir(), "no is no");
    browser.click("#erase");
    browser.says("dialog", "films/other");
    browser.click("dialog .danger");
    browser.says("#toast", "films/other is erased");
    assert!(!place.exists());
    assert!(house.server.jobs().join("films/one").is_dir());
    browser.says("#sum", "1 checkout");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn who_has_no_token_sees_nothing_and_who_may_only_read_changes_nothing() {
    let Some(browser) = Browser::start() else { return };
    let house = House::new("");
    house.checked_out("films/one", &[house.stored("kept.blend", b"BLENDER")]);
    let [submit, read, ops] = ["submit", "read", "ops"].map(|scope| house.token(scope));
    house.until("/v1/status", 401);
    let url = format!("{}/", house.server.url);
    let pages = [("#/checkouts/films%2Fone", "checkouts"), ("#/upkeep", "upkeep")];
    let changing = "document.querySelectorAll('main button').length";

    browser.come(&format!("{url}#/upkeep"));
    browser.until("document.activeElement.id === 'token'");
    browser.says("h1", "Log in");
    for (wrong, sentence) in
        [("shaman_wrong", "this token is not known"), (&submit, "submit may not do this")]
    {
        browser.write("#token", wrong);
        browser.press(ENTER);
        browser.says("main", sentence);
    }
    assert!(!browser.text("main").contains("Sweep"));
    browser.click("#who");

    browser.write("#token", &read);
    browser.press(ENTER);
    browser.says("h1", "Upkeep");
    browser.says("#scrub", "Nothing is being read");
    for (place, page) in pages {
        browser.open(&format!("{url}{place}"), page);
        browser.says("h1", if page == "upkeep" { "Upkeep" } else { "films/one" });
        browser.until("document.querySelector('main dl, #scrub p')");
        assert_eq!(browser.run(&format!("return {changing}")), 0, "{place}");
    }
    // What somebody asks for all the same is refused with a sentence.
    let asked = "return import('./shaman/api.js').then(({ ask }) => ask('POST', 'v1/sweep', {})).catch(({ status, message }) => `${status} ${message}`)";
    let refused = browser.run(asked);
    let refused = refused.as_str().unwrap();
    assert!(refused.starts_with("403 ") && refused.contains("`ops`"), "{refused}");
    browser.click("#who");

    browser.write("#token", &ops);
    browser.press(ENTER);
    browser.until(&format!("{changing} > 1"));
    for (place, page) in pages {
        browser.open(&format!("{url}{place}"), page);
        browser.until(&format!("{changing} > 1"));
    }
    // The token goes while the page is open, which asks for another one.
    browser.open(&format!("{url}{}", pages[0].0), pages[0].1);
    browser.until("document.getElementById('erase')");
    house.revoke("ops");
    // Until the server looks at its tokens again.
    std::thread::sleep(Duration::from_secs(1));
    browser.click("#erase");
    browser.click("dialog .danger");
    browser.says("#refused", "revoked");
    assert!(house.server.jobs().join("films/one").is_dir());
}

#[test]
fn who_only_submits_sees_what_is_its_own_and_a_word_about_the_rest() {
    let Some(browser) = Browser::start() else { return };
    let house = House::new("");
    let file = house.stored("kept.blend", b"BLENDER");
    house.checked_out("films/of-somebody-else", std::slice::from_ref(&file));
    let submit = house.token("submit");
    house.until("/v1/status", 401);
    let bearer = format!("Bearer {submit}");
    let list = serde_json::json!({"checkout": "films/hers", "files": [file]}).to_string();
    let fields = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let address = house.server.address();
    let made = ask(address, "POST", "/v1/checkouts", &fields, list.as_bytes()).unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    // Of two uploads that run one is hers.
    let other = house.token("ops");
    let begin = |fill: u8, secret: &str| {
        let bytes = vec![fill; 8 << 20];
        let (sha, size) = (sha256_hex(&bytes), bytes.len());
        let head = format!(
            "PUT /v1/blobs/{sha}-{size} HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer {secret}\r\nContent-Length: {size}\r\n\r\n"
        );
        let mut line = TcpStream::connect(address).unwrap();
        line.write_all(head.as_bytes()).unwrap();
        line.write_all(&bytes[..4 << 20]).unwrap();
        (line, sha)
    };
    let ((_hers, sha), (_his, his_sha)) = (begin(1, &submit), begin(2, &other));

    browser.come(&format!("{}/", house.server.url));
    browser.until("document.activeElement.id === 'token'");
    assert!(browser.complaints().iter().all(|one| one.contains("401")), "it asked who it is");
    browser.write("#token", &submit);
    browser.press(ENTER);
    browser.says("#own", "films/hers");
    browser.says("#version", "shaman-server");
    browser.says("#checkouts", "2");
    browser.says("#rest", "read or ops");
    browser.says("#pulse", "live");
    browser.until(&format!("document.querySelector('[data-digest=\"{sha}\"]')"));
    // Until everything was asked for once more.
    std::thread::sleep(Duration::from_secs(2));
    let page = browser.text("body");
    for word in ["somebody-else", "may not do this", "Upkeep", "Lately"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    assert_eq!(
        browser.run(&format!(
            "return document.querySelectorAll('[data-digest=\"{his_sha}\"]').length"
        )),
        0
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.click("#own a");
    browser.says("h1", "films/hers");
    browser.until("document.getElementById('erase')");
}

/// Presses Tab until the focus is on what this expression is true of.
fn tab_to(browser: &Browser, expression: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while browser.run(&format!("const it = document.activeElement; return Boolean({expression})"))
        != true
    {
        assert!(Instant::now() < end, "no Tab leads to {expression}");
        browser.press(TAB);
    }
    let ring = browser.run("return getComputedStyle(document.activeElement).outlineStyle");
    assert_ne!(ring, "none", "{expression}: where the focus is can be seen");
}

#[test]
fn everything_can_be_done_with_the_keyboard_and_below_a_prefix() {
    let Some(browser) = Browser::start() else { return };
    let house = House::new("path_prefix: /farm\n");
    let prefixed = |path: &str| format!("/farm{path}");
    let sha = sha256_hex(b"BLENDER");
    let put = house.ask("PUT", &prefixed(&format!("/v1/blobs/{sha}-7")), b"BLENDER");
    assert_eq!(put.status, 201);
    let entry = format!("{{\"path\": \"a.blend\", \"size\": 7, \"sha256\": \"{sha}\"}}");
    for name in ["one", "two"] {
        let body = format!("{{\"checkout\": \"{name}\", \"files\": [{entry}]}}");
        assert_eq!(house.ask("POST", &prefixed("/v1/checkouts"), body.as_bytes()).status, 201);
    }
    // Without the slash, as somebody types it.
    browser.open(&format!("{}/farm", house.server.url), "overview");
    browser.says("#checkouts", "2");
    browser.press(TAB);
    assert_eq!(browser.run("return document.activeElement.className"), "skip");
    tab_to(&browser, "it.dataset.page === 'checkouts'");
    browser.press(ENTER);
    browser.says("h1", "Checkouts");
    browser.until("document.activeElement.id === 'main'");
    for name in ["one", "two"] {
        tab_to(&browser, &format!("it.id === 'pick-{name}'"));
        browser.press(' ');
    }
    browser.until("!document.getElementById('compare').hidden");
    tab_to(&browser, "it.id === 'compare'");
    browser.press(ENTER);
    browser.says("h1", "What differs");
    browser.says("main", "The same");
    tab_to(&browser, "it.innerText === 'two'");
    browser.press(ENTER);
    browser.says("h1", "two");
    browser.until("document.getElementById('erase')");
    tab_to(&browser, "it.id === 'erase'");
    browser.press(ENTER);
    browser.until("document.activeElement.innerText === 'Cancel'");
    tab_to(&browser, "it.innerText === 'Erase it'");
    browser.press(ENTER);
    browser.says("#toast", "two is erased");
    assert!(!house.server.jobs().join("two").exists());
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
