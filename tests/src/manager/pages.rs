//! What is no API: the web interface, the add-on to download, files of jobs.

use super::answer::Answer;
use super::shared::Shared;

const INDEX: &str =
    "<!DOCTYPE html><title>Flamenco</title><script src=\"/app/assets/index.js\"></script>\n";

pub(super) fn page(shared: &Shared, path: &str) -> Answer {
    if path == "/app/assets/index.js" {
        return Answer::bytes(
            200,
            "text/javascript; charset=utf-8",
            b"console.log('Flamenco');\n".to_vec(),
        );
    }
    // The web interface has addresses of its own; each of them gives the same page.
    if path.starts_with("/app/") {
        return Answer::bytes(200, "text/html; charset=utf-8", INDEX.into());
    }
    if path == "/flamenco-addon.zip" {
        return Answer::bytes(200, "application/zip", pattern(shared.setup.addon_zip_bytes))
            .with("Content-Disposition", "attachment; filename=flamenco-addon.zip");
    }
    if path.starts_with("/job-files/") {
        return Answer::bytes(200, "image/jpeg", pattern(100_000));
    }
    Answer::message(404, "Not Found")
}

/// Bytes of which no two stretches are alike, the same at each call.
pub(super) fn pattern(length_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0; length_bytes];
    fastrand::Rng::with_seed(0x00f1_a3e7).fill(&mut bytes);
    bytes
}
