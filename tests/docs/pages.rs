//! The pages, and the blocks of shell in them.

use std::path::{Path, PathBuf};

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// All pages of the book, and those at the project's root.
pub(crate) fn pages() -> Vec<PathBuf> {
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

/// A page's text, by its path below the root.
pub(crate) fn text(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// What stands between ```` ```sh ```` and ```` ``` ````.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) text: String,
    /// What stands in a block of `text` right behind it: what it prints.
    pub(crate) prints: String,
}

impl Block {
    /// By this it is named.
    pub(crate) fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or("")
    }

    /// Lines that the page says it prints: those of comments below a command, then those behind it.
    pub(crate) fn claims(&self) -> Vec<&str> {
        let mut is_below = false;
        let comments = self.text.lines().filter_map(move |line| {
            let said = line.strip_prefix("# ").filter(|_| is_below);
            is_below = is_below && said.is_some() || !line.starts_with('#') && !line.is_empty();
            said
        });
        comments.chain(self.prints.lines()).collect()
    }
}

/// The blocks of shell, from the top.
pub(crate) fn blocks(page: &str) -> impl Iterator<Item = Block> {
    page.split("```sh\n").skip(1).map(|rest| {
        let (text, behind) = rest.split_once("```").unwrap();
        let prints = behind.trim_start_matches('\n').strip_prefix("```text\n");
        let prints = prints.map_or("", |rest| rest.split("```").next().unwrap());
        Block { text: text.to_owned(), prints: prints.to_owned() }
    })
}

#[test]
fn what_a_block_prints_stands_below_its_command_or_right_behind_it() {
    let page = "```sh\n# why\none   # how\n# 1\n# …\n\n# then\ntwo\n```\n\n```text\n2\n```\n\
                ```sh\nthree\n```\nand\n```text\nelse\n```\n";
    let found: Vec<Block> = blocks(page).collect();
    assert_eq!(found[0].claims(), ["1", "…", "2"]);
    assert_eq!((found.len(), found[1].first_line()), (2, "three"));
    assert_eq!(found[1].claims(), Vec::<&str>::new());
}
