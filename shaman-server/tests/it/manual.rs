//! What the program says of itself: completions, manual pages, exit statuses, colours.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use shaman_server::cli::Cli;
use shaman_server::commands::Exit;

fn server(arguments: &[&str]) -> Command {
    let mut server = Command::new(env!("CARGO_BIN_EXE_shaman-server"));
    server.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    server
}

fn run(arguments: &[&str]) -> Output {
    server(arguments).output().unwrap()
}

#[test]
fn completions_and_manual_pages_know_all_commands() {
    let script = String::from_utf8(run(&["completions", "bash"]).stdout).unwrap();
    let folder = tempfile::tempdir().unwrap();
    assert!(run(&["man", "--into", folder.path().to_str().unwrap()]).status.success());
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(script.contains(name), "{name}");
        assert!(page(&format!("shaman-server-{name}.1")).contains(".SH NAME"), "{name}");
    }
    assert!(page("shaman-server.1").contains("EXIT STATUS"));
    assert!(page("shaman-server-serve.1").contains("SHAMAN_STORAGE"));
}

#[test]
fn the_reference_has_each_exit_status() {
    let reference = include_str!("../../../docs/reference/cli.md");
    let (_, table) = reference.split_once("## Exit statuses").unwrap();
    for exit in Exit::ALL {
        // What is added to it is about the client.
        let (row, _) = exit.meaning().split_once(';').unwrap_or((exit.meaning(), ""));
        assert!(table.contains(&format!("| {} | {row}", exit as u8)), "{row}");
    }
    let ended = |arguments: &[&str]| run(arguments).status.code().unwrap();
    assert_eq!(ended(&["--version"]), Exit::Done as i32);
    assert_eq!(ended(&["check", "--storage", "/nowhere"]), Exit::Failed as i32);
    assert_eq!(ended(&["check", "--no-such-flag"]), Exit::Usage as i32);
}

#[test]
fn the_log_has_no_colours_where_nobody_wants_them() {
    let has_colours = |names: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let below = |name: &str| folder.path().join(name).display().to_string();
        let mut child = server(&["serve", "--listen", "127.0.0.1:0", "--log", "info"])
            .args(["--log-format", "text"])
            .args(["--storage", &below("storage"), "--state", &below("state")])
            .envs(names.iter().map(|name| (*name, "1")))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(child.wait().unwrap().success() && log.contains("tried the storage"), "{log}");
        log.contains('\u{1b}')
    };
    assert!(has_colours(&["CLICOLOR_FORCE"]));
    assert!(!has_colours(&["CLICOLOR_FORCE", "NO_COLOR"]));
    assert!(!has_colours(&[]), "no terminal");
}
