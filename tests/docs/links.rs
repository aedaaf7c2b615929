//! All pages are in the book, and every link leads somewhere.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::pages::{pages, root};

/// A page without what stands in blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the links of a page lead: what stands between `](` and `)`.
fn links(text: &str) -> Vec<String> {
    prose(text).split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
}

/// The name that a heading is linked by.
fn slug(heading: &str) -> String {
    let letters = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    letters.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

#[test]
fn every_page_is_in_the_book() {
    let docs = root().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> = links(&summary).iter().map(|link| docs.join(link)).collect();
    let there =
        pages().into_iter().filter(|page| page.starts_with(&docs) && !page.ends_with("SUMMARY.md"));
    assert_eq!(there.collect::<BTreeSet<_>>(), listed);
}

#[test]
fn every_link_leads_somewhere_and_none_of_the_book_out_of_it() {
    let docs = root().join("docs");
    let mut followed = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let shown = page.display();
            let target = target.canonicalize().unwrap_or_else(|_| panic!("{shown}: {link}"));
            assert!(
                !page.starts_with(&docs) || target.starts_with(&docs),
                "{shown}: {link} leads out"
            );
            if !heading.is_empty() {
                let there = std::fs::read_to_string(&target).unwrap();
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                let is_there = headings.any(|line| slug(line.trim_start_matches('#')) == heading);
                assert!(is_there, "{shown}: {link}");
            }
            followed += 1;
        }
    }
    assert!(followed > 60, "{followed} links were followed");
}
