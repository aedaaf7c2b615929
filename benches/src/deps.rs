//! Time and memory of `shaman deps`, against the floor and against Blender Asset Tracer.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::{process, project};

/// Runs of which the median counts.
const RUNS: usize = 7;

/// Runs of what takes seconds.
const SLOW_RUNS: usize = 3;

/// How long a file must be unchanged until what it says is kept.
const SETTLED: Duration = Duration::from_secs(4);

/// The project of 5,590 files; the other one is what `make_project.py` makes unless told.
const BIG: &str = "--libraries 40 --textures 4000 --texture-size 16 --objects 200 --mesh-side 300 \
                   --sequence 1000 --vdb-frames 200 --fluid-frames 100";

pub(crate) fn run() -> anyhow::Result<()> {
    process::ensure_built(&["shaman"])?;
    let blender = project::found("get-blender.sh")?;
    let bat = project::found("get-bat.sh")?;
    println!(
        "`shaman deps`, whole process, medians; floor: all .blends decompressed, all files looked at"
    );
    println!(
        "{:8} {:>6} {:>9} {:>9} {:>7} {:>9} {:>7} {:>9} {:>9} {:>9} {:>6}",
        "project",
        "files",
        "floor",
        "deps",
        "ratio",
        "again",
        "BAT",
        "BAT/deps",
        "plain",
        "memory",
        "ratio"
    );
    for (name, options) in [("default", ""), ("big", BIG)] {
        row(name, options, &blender, &bat)?;
    }
    Ok(())
}

fn row(name: &str, options: &str, blender: &Path, bat: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let blend = project::make(blender, &folder.path().join("made"), options)?;
    let files = listed(&blend, &folder.path().join("first"))?;
    std::thread::sleep(SETTLED);

    // In turn, so that all of them see the same machine.
    let (_, plain) = floor(&files)?;
    let (mut floors, mut firsts, mut agains, mut bats) = (vec![], vec![], vec![], vec![]);
    for run in 0..RUNS {
        let cache = folder.path().join(run.to_string());
        floors.push(floor(&files)?.0);
        firsts.push(timed(shaman(&blend).env("SHAMAN_CACHE", &cache))?);
        agains.push(timed(shaman(&blend).env("SHAMAN_CACHE", &cache))?);
        if run < SLOW_RUNS {
            bats.push(timed(Command::new(bat).arg("list").arg(&blend))?);
        }
    }
    let (floor, deps, again) = (median(floors)?, median(firsts)?, median(agains)?);
    let bat_time = median(bats)?;
    let memory_kib =
        process::peak(shaman(&blend).env("SHAMAN_CACHE", folder.path().join("memory")))?;
    let plain_kib = plain >> 10;
    println!(
        "{name:8} {:>6} {:>6} ms {:>6} ms {:>7.2} {:>6} ms {:>4.1} s {:>9.1} {:>5} KiB {:>5} KiB {:>6.2}",
        files.len(),
        floor.as_millis(),
        deps.as_millis(),
        deps.as_secs_f64() / floor.as_secs_f64(),
        again.as_millis(),
        bat_time.as_secs_f64(),
        bat_time.as_secs_f64() / deps.as_secs_f64(),
        plain_kib,
        memory_kib,
        f64::from(u32::try_from(memory_kib)?) / f64::from(u32::try_from(plain_kib)?),
    );
    Ok(())
}

fn shaman(blend: &Path) -> Command {
    let mut command = process::program("shaman");
    let project = blend.ancestors().nth(2).unwrap_or(blend);
    command.arg("deps").arg(blend).arg("--project").arg(project).stderr(Stdio::null());
    command
}

/// All files that the .blend needs.
fn listed(blend: &Path, cache: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = shaman(blend).arg("--json").env("SHAMAN_CACHE", cache).output()?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let files = said["files"].as_array().context("no files")?;
    Ok(files.iter().filter_map(|file| file["path"].as_str().map(PathBuf::from)).collect())
}

/// What no tracer can do without, with as many threads. Gives the bytes of the largest plain .blend.
fn floor(files: &[PathBuf]) -> anyhow::Result<(Duration, u64)> {
    let start = Instant::now();
    let sizes: Vec<u64> = files
        .par_iter()
        .map(|file| {
            let size = file.metadata()?.len();
            if file.extension().is_none_or(|extension| extension != "blend") {
                return Ok(0);
            }
            let mut plain = zstd::Decoder::new(File::open(file)?)?;
            let plain = std::io::copy(&mut plain, &mut std::io::sink());
            // Not compressed: that is what there is to read.
            Ok(plain.unwrap_or(size))
        })
        .collect::<std::io::Result<_>>()?;
    Ok((start.elapsed(), sizes.into_iter().max().unwrap_or(1)))
}

fn timed(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    anyhow::ensure!(status.code().is_some(), "it was killed");
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> anyhow::Result<Duration> {
    times.sort();
    times.get(times.len() / 2).copied().context("no run")
}
