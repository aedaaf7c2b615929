//! Memory while a 2 GiB file is submitted.

use std::path::Path;

use crate::process;

/// The file that grows: the example's sound, of which only the start is sound.
const FILE: &str = "audio/chord.wav";
const FILE_BYTES: u64 = 2 << 30;
const LIMIT_KIB: u64 = 64 << 10;

pub(crate) fn run() -> anyhow::Result<()> {
    process::ensure_built(&["shaman", "shaman-server"])?;
    let folder = tempfile::tempdir()?;
    let project = folder.path().join("studio");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/studio");
    copy_tree(&example, &project)?;
    let storage = folder.path().join("storage");
    let server = process::Server::start(&storage, &folder.path().join("state"))?;
    measure(&server, folder.path(), &project)
}

fn measure(server: &process::Server, folder: &Path, project: &Path) -> anyhow::Result<()> {
    let url = format!("http://{}", server.address);
    // First without the large file, so that what both always need is not counted.
    let client_small_kib = submit(folder, project, &url)?;
    let server_small_kib = process::peak_kib(server.id())?;
    std::fs::OpenOptions::new().write(true).open(project.join(FILE))?.set_len(FILE_BYTES)?;
    let client_large_kib = submit(folder, project, &url)?;
    let server_large_kib = process::peak_kib(server.id())?;

    println!("peak resident memory, submit of the example without and with a 2 GiB file");
    println!("{:8} {:>12} {:>12} {:>12} {:>16}", "", "without", "with", "growth", "of 64 MiB");
    let rows = [
        ("server", server_small_kib, server_large_kib),
        ("client", client_small_kib, client_large_kib),
    ];
    for (name, small, large) in rows {
        let growth = large.saturating_sub(small);
        println!(
            "{name:8} {:>8} KiB {:>8} KiB {:>8} KiB {:>14} %",
            small,
            large,
            growth,
            growth * 100 / LIMIT_KIB
        );
        anyhow::ensure!(growth < LIMIT_KIB, "the {name} grew by {growth} KiB, more than 64 MiB");
    }
    Ok(())
}

/// Submits and gives the client's peak in KiB.
fn submit(folder: &Path, project: &Path, url: &str) -> anyhow::Result<u64> {
    let mut client = process::program("shaman");
    client
        .arg("submit")
        .arg(project.join("shots/shot_010.blend"))
        .args(["--name", "job", "--server", url])
        .env("SHAMAN_CACHE", folder.join("cache"));
    process::peak(&mut client)
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
