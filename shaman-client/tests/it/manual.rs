//! What the program says of itself: completions, manual pages, exit statuses, colours.

use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory as _;
use shaman_client::cli::Cli;
use shaman_client::commands::Exit;

fn shaman(arguments: &[&str]) -> Command {
    let mut shaman = Command::new(env!("CARGO_BIN_EXE_shaman"));
    shaman.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    shaman
}

fn run(arguments: &[&str]) -> Output {
    shaman(arguments).output().unwrap()
}

fn commands() -> Vec<String> {
    Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

#[test]
fn each_shell_gets_a_script_that_knows_all_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        assert!(script.status.success());
        let script = String::from_utf8(script.stdout).unwrap();
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        if shell == "bash" {
            let read = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
            assert!(read.status.success() && read.stderr.is_empty(), "{read:?}");
        }
    }
}

#[test]
fn each_command_has_a_manual_page_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("man/man1");
    assert!(run(&["man", "--into", into.to_str().unwrap()]).status.success());
    let page = |name: &str| std::fs::read_to_string(into.join(name)).unwrap();
    for command in commands() {
        assert!(page(&format!("shaman-{command}.1")).contains(".SH NAME"), "{command}");
    }
    assert!(page("shaman-checkouts-pin.1").contains("reason"));
    assert!(page("shaman.1").contains("EXIT STATUS"));
    // Of man-db, which not every machine has.
    for entry in std::fs::read_dir(&into).unwrap() {
        let path = entry.unwrap().path();
        if let Some(said) = complaints(&path) {
            assert_eq!(said, "", "{}", path.display());
        }
    }
}

/// What `man` has to say against a page; `None` where there is no `man`.
fn complaints(page: &Path) -> Option<String> {
    let man =
        Command::new("man").args(["--warnings", "-P", "cat", "-l"]).arg(page).output().ok()?;
    Some(String::from_utf8_lossy(&man.stderr).into_owned())
}

#[test]
fn the_reference_has_each_exit_status() {
    let reference = include_str!("../../../docs/reference/cli.md");
    let (_, table) = reference.split_once("## Exit statuses").unwrap();
    for exit in Exit::ALL {
        let row = format!("| {} | {} |", exit as u8, exit.meaning());
        assert!(table.contains(&row), "{row}");
    }
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.contains("status"));
    assert_eq!(rows.count(), Exit::ALL.len());
    let ended = |arguments: &[&str]| run(arguments).status.code().unwrap();
    assert_eq!(ended(&["--version"]), Exit::Done as i32);
    assert_eq!(ended(&["deps", "/nowhere/shot.blend"]), Exit::Failed as i32);
    assert_eq!(ended(&["deps", "--no-such-flag"]), Exit::Usage as i32);
}

#[test]
fn colours_are_left_out_where_nobody_wants_them() {
    let has_colours = |name: &str, more: &[&str]| {
        let mut help = shaman(&["--help"]);
        help.envs(more.iter().map(|name| (*name, "1")));
        help.env(name, "1").output().unwrap().stdout.contains(&0x1B)
    };
    assert!(has_colours("CLICOLOR_FORCE", &[]));
    assert!(!has_colours("NO_COLOR", &["CLICOLOR_FORCE"]));
    assert!(!has_colours("SOMETHING_ELSE", &[]), "no terminal");
}
