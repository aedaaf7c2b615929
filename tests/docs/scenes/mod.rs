//! What each page takes for granted, and who follows it.

mod access;
mod api;
mod approaches;
mod flamenco;
mod readme;
mod tls;
mod upkeep;
mod workers;

use std::collections::BTreeSet;

use crate::elsewhere::is_elsewhere;
use crate::machine;
use crate::pages::{blocks, pages, root, text};
use crate::reader::Reader;

/// A page, and how somebody follows it.
type Scene = (&'static str, fn(Reader));

const SCENES: [Scene; 12] = [
    ("README.md", readme::follow),
    ("docs/guides/access.md", access::follow),
    ("docs/guides/approaches.md", approaches::follow),
    ("docs/guides/dashboard.md", upkeep::dashboard),
    ("docs/guides/flamenco.md", flamenco::follow),
    ("docs/guides/workers-without-share.md", workers::follow),
    ("docs/ops/moving.md", flamenco::move_and_go_back),
    ("docs/ops/sizing.md", upkeep::sizing),
    ("docs/ops/storages.md", upkeep::storages),
    ("docs/ops/tls.md", tls::follow),
    ("docs/ops/watching.md", upkeep::watching),
    ("docs/reference/api.md", api::follow),
];

#[test]
fn every_block_of_the_pages_works_as_it_stands_and_prints_what_they_claim() {
    if let Some(page) = machine::page_here() {
        let (page, follow) = SCENES.into_iter().find(|(known, _)| *known == page).unwrap();
        return follow(Reader::of(page));
    }
    if !machine::is_possible() {
        return;
    }
    let this = "scenes::every_block_of_the_pages_works_as_it_stands_and_prints_what_they_claim";
    machine::follow_each(this, SCENES.map(|(page, _)| page));
}

#[test]
fn every_block_of_a_page_that_nobody_follows_is_run_elsewhere() {
    let followed = BTreeSet::from(SCENES.map(|(page, _)| page));
    let root = root();
    let mut elsewhere = 0;
    for page in pages() {
        let page = page.strip_prefix(&root).unwrap().to_str().unwrap();
        let counts = page == "README.md"
            || page == "docs/reference/api.md"
            || page.starts_with("docs/guides/")
            || page.starts_with("docs/ops/");
        if !counts || followed.contains(page) {
            continue;
        }
        for block in blocks(&text(page)) {
            assert!(is_elsewhere(page, &block), "{page}: nobody runs this:\n{}", block.text);
            elsewhere += 1;
        }
    }
    assert!(elsewhere > 5, "{elsewhere} blocks were looked at");
}
