//! The pages: all are in the book, every link leads somewhere, and every command is one.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use shaman_tests::server::program;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// All pages of the book, and those at the project's root.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root().join("docs")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.extend(
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
            .map(|name| root().join(name)),
    );
    found.sort();
    found
}

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

/// Whether a program has this command with these options, as its help says.
fn fault(words: &[&str]) -> Option<String> {
    let mut known = Command::new(program(words[0]));
    let mut path = Vec::new();
    let mut help = String::from_utf8(known.arg("--help").output().unwrap().stdout).unwrap();
    for word in &words[1..] {
        let is_command = help
            .lines()
            .any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(*word));
        if !is_command || word.starts_with('-') {
            break;
        }
        path.push(*word);
        let output = Command::new(program(words[0])).args(&path).arg("--help").output().unwrap();
        help = String::from_utf8(output.stdout).unwrap();
    }
    if path.is_empty() && !words[1..].is_empty() && !words[1].starts_with('-') {
        return Some(format!("`{}` has no `{}`", words[0], words[1]));
    }
    let options = words.iter().filter(|word| word.starts_with("--"));
    let mut options = options.map(|word| word.split('=').next().unwrap());
    let unknown = options.find(|option| {
        !help.contains(&format!("{option} ")) && !help.contains(&format!("{option}\n"))
    });
    unknown.map(|option| format!("`{} {}` has no `{option}`", words[0], path.join(" ")))
}

#[test]
fn every_command_of_the_pages_is_one() {
    let (mut faults, mut tried) = (Vec::new(), 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap().replace("\\\n", " ");
        let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        for line in blocks.flat_map(str::lines) {
            let line = line.split(" # ").next().unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_program = |at: &usize| {
                matches!(words[*at], "shaman" | "shaman-server")
                    && (*at == 0 || words[*at - 1] != "-u")
            };
            let Some(at) = (0..words.len()).find(is_program) else { continue };
            // Whoever names a package says the same word.
            if words[..at].iter().any(|word| matches!(*word, "systemctl" | "apt-get" | "install")) {
                continue;
            }
            tried += 1;
            faults.extend(fault(&words[at..]).map(|fault| format!("{}: {fault}", page.display())));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(tried > 15, "{tried} commands were tried");
}
