//! Every command that a page names has the options that stand there, also in pages of which nothing
//! is run.

use std::process::Command;

use shaman_tests::server::program;

use crate::pages::{blocks, pages};

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
        let text = std::fs::read_to_string(&page).unwrap();
        let shell = blocks(&text).map(|block| block.text.replace("\\\n", " "));
        for line in shell.collect::<String>().lines() {
            let line = line.split(" # ").next().unwrap();
            let mut words: Vec<&str> = line.split_whitespace().collect();
            // Image and container are called as the programs are.
            if words.starts_with(&["docker"]) {
                let is_exec = words.get(1) == Some(&"exec");
                words.drain(..if is_exec { 3 } else { words.len() });
            }
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
