//! A machine for each page: what its commands write, start and listen to is there and nowhere else.
//!
//! This test runs itself anew in it. It takes root and namespaces; loudly skipped where there are none.
#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "see above")]

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

use shaman_tests::blender::blender;
use shaman_tests::server::program;

use crate::pages::{blocks, root, text};

/// Names the page to a test that is on its machine.
const PAGE: &str = "SHAMAN_TEST_PAGE";

/// A Python with Blender, if there is one.
pub(crate) const BLENDER: &str = "SHAMAN_TEST_BLENDER";

/// No page takes nearly so long.
const SECONDS_MAX: u32 = 100;

/// At the same time: more than one, since a page waits a good deal.
const MACHINES: usize = 3;

/// What pages take for granted and a small system may not have.
const TOOLS: [&str; 6] = ["curl", "openssl", "promtool", "findmnt", "runuser", "sha256sum"];

/// The page that is followed here, on its machine.
pub(crate) fn page_here() -> Option<String> {
    std::env::var(PAGE).ok()
}

/// Whether machines can be made here; says loudly if not.
pub(crate) fn is_possible() -> bool {
    let why = match enter("", None, &["true".as_ref()]) {
        Err(error) => error.to_string(),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if !said.starts_with("unshare:") && output.status.code() != Some(77) {
                assert!(output.status.success(), "{said}");
                return true;
            }
            said
        }
    };
    eprintln!("\n*** SKIPPED: no page is followed, as no machine can be made here: {why} ***\n");
    false
}

/// Runs the test of this name once more for each page, on the page's machine.
pub(crate) fn follow_each<const N: usize>(test: &str, pages: [&'static str; N]) {
    let this = std::env::current_exe().unwrap();
    let python = blender("5.0.1");
    let (waiting, faults) = (Mutex::new(pages.to_vec()), Mutex::new(Vec::new()));
    let follow = |page| {
        if let Some(tool) = missing(page) {
            eprintln!("\n*** SKIPPED: {page} is not followed, as there is no {tool} here. ***\n");
            return;
        }
        let again = [this.as_os_str(), "--exact".as_ref(), test.as_ref(), "--nocapture".as_ref()];
        let output = enter(page, python.as_deref(), &again).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        // Who names no test runs none.
        if !(output.status.success() && said.contains("test result: ok. 1 passed")) {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            faults.lock().unwrap().push(format!("{page}: {}\n{errors}", output.status));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..MACHINES {
            scope.spawn(|| {
                while let Some(page) = { waiting.lock().unwrap().pop() } {
                    follow(page);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The first tool that the page names and that is not here.
fn missing(page: &str) -> Option<&'static str> {
    let commands: String = blocks(&text(page)).map(|block| block.text).collect();
    let path = std::env::var_os("PATH").unwrap();
    let is_here = |tool: &str| std::env::split_paths(&path).any(|place| place.join(tool).exists());
    TOOLS.into_iter().find(|tool| commands.contains(tool) && !is_here(tool))
}

fn enter(page: &str, python: Option<&Path>, command: &[&OsStr]) -> std::io::Result<Output> {
    let folder = tempfile::tempdir()?;
    let programs = program("shaman").parent().unwrap().to_owned();
    let path = format!("/usr/local/bin:{}", std::env::var("PATH").unwrap());
    Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child", "bash"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/machine.sh"))
        .arg(SECONDS_MAX.to_string())
        .args([folder.path(), &root(), &programs])
        .args(command)
        .env("PATH", path)
        .env("HOME", "/root")
        .env("RUST_BACKTRACE", "0")
        .env(PAGE, page)
        .envs(python.map(|python| (BLENDER, python)))
        .output()
}
