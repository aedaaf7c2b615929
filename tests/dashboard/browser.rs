//! A real browser, driven over `WebDriver`, which is JSON over HTTP.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::wire::ask;

/// How long something on a page may take: machines of CI are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `WebDriver` calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window; closed when dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    profile: tempfile::TempDir,
}

/// How a screen is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// `light` or `dark`.
    pub(crate) scheme: &'static str,
}

pub(crate) const DESK: Screen = Screen { width: 1200, height: 900, scheme: "light" };
pub(crate) const NIGHT: Screen = Screen { scheme: "dark", ..DESK };
pub(crate) const PHONE: Screen = Screen { width: 360, height: 740, scheme: "light" };

impl Browser {
    /// Starts one; `None`, loudly, where there is none.
    pub(crate) fn start() -> Option<Self> {
        let spawned = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let Ok(mut driver) = spawned else {
            eprintln!(
                "\n*** SKIPPED: there is no browser here (Debian: chromium, chromium-driver). ***\n"
            );
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            line.unwrap().split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self {
            driver,
            address: SocketAddr::from(([127, 0, 0, 1], port.expect("the driver says its port"))),
            session: String::new(),
            profile,
        };
        let profile = format!("--user-data-dir={}", browser.profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=en",
            &profile,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        // On a busy machine the driver gives up after a minute.
        let mut tries = (0..3).map(|_| browser.try_say("POST", "/session", &wanted));
        let session = tries.find_map(Result::ok).expect("the browser starts");
        session["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser.screen(DESK);
        Some(browser)
    }

    fn say(&self, method: &str, target: &str, body: &Value) -> Value {
        self.try_say(method, target, body).unwrap_or_else(|error| panic!("{target}: {error}"))
    }

    fn try_say(&self, method: &str, target: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let fields = [("Content-Type", "application/json"), ("Connection", "close")];
        let answer = ask(self.address, method, target, &fields, body.as_bytes());
        let answer = answer.map_err(|error| error.to_string())?;
        let said: Value = serde_json::from_slice(&answer.body).map_err(|_| answer.text())?;
        if answer.status == 200 {
            return Ok(said["value"].clone());
        }
        Err(said["value"]["message"].as_str().unwrap_or("no message").to_owned())
    }

    fn tell(&self, command: &str, body: &Value) -> Value {
        self.say("POST", &format!("/session/{}/{command}", self.session), body)
    }

    /// Sends a command of Chromium's own protocol.
    fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.tell("goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Makes the screen like this.
    pub(crate) fn screen(&self, screen: Screen) {
        let Screen { width, height, scheme } = screen;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.chromium("Emulation.setDeviceMetricsOverride", &metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.chromium("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Opens a page, and waits until it is ready.
    pub(crate) fn open(&self, url: &str, page: &str) {
        self.run("delete document.getElementById('main')?.dataset.ready");
        self.tell("url", &json!({"url": url}));
        self.until(&format!("document.getElementById('main')?.dataset.ready === '{page}'"));
    }

    /// Opens a page, whatever it shows.
    pub(crate) fn come(&self, url: &str) {
        self.tell("url", &json!({"url": url}));
    }

    /// Runs a script, and gives what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until this expression is true.
    pub(crate) fn until(&self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.run(&format!("return Boolean({expression})")) != true {
            assert!(
                Instant::now() < end,
                "{expression} is not true of\n{}\n{:?}",
                self.run("return document.body.innerText"),
                self.complaints()
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// The text of the first element like this.
    pub(crate) fn text(&self, css: &str) -> String {
        let text = self.run(&format!("return document.querySelector({css:?})?.innerText"));
        text.as_str().unwrap_or_else(|| panic!("there is no {css}")).to_owned()
    }

    /// Waits until the text of an element has this in it.
    pub(crate) fn says(&self, css: &str, words: &str) {
        self.until(&format!("document.querySelector({css:?})?.innerText.includes({words:?})"));
    }

    fn element(&self, css: &str) -> String {
        let found = self.tell("element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// Clicks as a mouse does: something that is covered or hidden cannot be.
    pub(crate) fn click(&self, css: &str) {
        self.tell(&format!("element/{}/click", self.element(css)), &json!({}));
    }

    /// Types into an element.
    pub(crate) fn write(&self, css: &str, text: &str) {
        self.tell(&format!("element/{}/value", self.element(css)), &json!({"text": text}));
    }

    /// Presses a key, wherever the focus is.
    pub(crate) fn press(&self, key: char) {
        let key = key.to_string();
        let presses = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": presses});
        self.tell("actions", &json!({"actions": [keyboard]}));
    }

    /// What the browser complained about: scripts that fail, what the policy forbids.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.tell("se/log", &json!({"type": "browser"}));
        let lines = log.as_array().into_iter().flatten();
        lines
            .filter(|line| line["level"] == "SEVERE")
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// A picture of the page as it stands, as a file.
    pub(crate) fn picture(&self, path: &Path) {
        // From its top to its end, however long it is.
        let height = self.run("return document.documentElement.scrollHeight").as_u64().unwrap();
        let width = self.run("return innerWidth").as_u64().unwrap();
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height.min(1_500), "scale": 1});
        let shot = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.chromium("Page.captureScreenshot", &shot);
        let bytes = from_base64(picture["data"].as_str().unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.try_say("DELETE", &format!("/session/{}", self.session), &Value::Null));
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| -> Option<u32> {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(u32::from(value))
    };
    let sixes: Vec<u32> = text.bytes().filter_map(value).collect();
    let mut bytes = Vec::with_capacity(sixes.len());
    for four in sixes.chunks(4) {
        let word = four.iter().fold(0, |word, six| (word << 6) | six) << (6 * (4 - four.len()));
        let [_, three @ ..] = word.to_be_bytes();
        bytes.extend_from_slice(&three[..four.len() - 1]);
    }
    bytes
}

/// Pictures of what is light and wide are in the documentation, and of the others these.
const SHOWN: [&str; 3] = ["dashboard-dark", "dashboard-phone", "dashboard-checkout-dark"];

/// Where a picture of this name goes: into the documentation when that is wanted, else beside the
/// build.
pub(crate) fn pictures(name: &str) -> PathBuf {
    let is_shown = SHOWN.contains(&name) || !(name.ends_with("-dark") || name.ends_with("-phone"));
    let folder = if is_shown && std::env::var_os("SHAMAN_BLESS").is_some() {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images")
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard")
    };
    folder.join(format!("{name}.png"))
}
