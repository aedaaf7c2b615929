use shaman_tests::manager::Setup;
use shaman_tests::server::program;

use super::flamenco::manager;
use crate::claims::broken;
use crate::pages::{root, text};
use crate::reader::Reader;

/// In the example project; later with a Manager, too.
pub(super) fn follow(mut reader: Reader) {
    the_main_job_shows_what_the_page_says(&mut reader);
    let server = reader.begin(&["shaman-server listening on http://127.0.0.1:8080"]);
    let said = reader.paste();
    assert!(said.contains("27 uploaded") && said.contains("\n0 uploaded, 0 B\n"), "{said}");
    reader.prepare("shaman verify /var/tmp/shot_010; test -s shot_010.zip");
    reader.end(&server);

    let manager = manager(Setup::new("/mnt/flamenco/jobs".as_ref()));
    let server = reader.begin(&["shaman-server listening on http://127.0.0.1:8081"]);
    reader.paste();
    assert_eq!(manager.jobs().len(), 1);
    reader.end(&server);
    reader.finish();
}

/// With what is built already. How long a submit takes, and what directories take on a disk, is each
/// machine's own.
fn the_main_job_shows_what_the_page_says(reader: &mut Reader) {
    let page = text("README.md");
    let said = page.split("```text\nsubmit ").nth(1).unwrap().split("```").next().unwrap();
    let claims = said.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let is_timed = line.ends_with(" s");
        let its_own = if is_timed { line.rsplit_once("  ") } else { line.split_once("2.81 MB on") };
        its_own.map_or_else(|| line.to_owned(), |(same, _)| same.trim_end().to_owned() + "…")
    });
    let claims: Vec<String> = claims.collect();
    let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
    assert_eq!(claims.len(), 5, "three submits, and what they take: {claims:?}");
    let programs = program("shaman");
    let printed = reader.prepare(&format!(
        "mkdir /mnt/built /mnt/bin; ln -s '{}' /mnt/built/debug; ln -s /bin/true /mnt/bin/cargo
         CARGO_TARGET_DIR=/mnt/built PATH=/mnt/bin:$PATH '{}/scripts/demo.sh'",
        programs.parent().unwrap().display(),
        root().display()
    ));
    assert_eq!(broken(&claims, &printed), None, "{printed}");
}
