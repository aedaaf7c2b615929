//! What the server costs, against what its disk and its formats cost without it.
//!
//! Every row is a ratio of two times of one round, our own and the limit's, in turn and on the same
//! file system, which is a fresh one for each table: the figures of two machines, or of two disks,
//! cannot be compared.

mod blobs;
mod checkouts;
mod farm;
mod memory;
mod questions;
mod stream;
mod sweep;

use std::path::Path;
use std::time::Duration;

use shaman_tests::disk::Disk;

use crate::process;

/// Rounds of which the median counts.
pub(crate) const ROUNDS: usize = 5;

/// Of the image that is mounted for the table of a disk.
pub(crate) const DISK_BYTES: u64 = 16 << 30;

/// A file system in memory that every Linux has.
pub(crate) const MEMORY: &str = "/dev/shm";

/// The rows of a part, on a file system.
type Rows = fn(&Path) -> anyhow::Result<()>;

const PARTS: [(&str, Rows); 5] = [
    ("stream", stream::rows),
    ("blobs", blobs::rows),
    ("questions", questions::rows),
    ("checkouts", checkouts::rows),
    ("memory", memory::rows),
];

/// All rows, or those of one part.
pub(crate) fn run(part: Option<&str>) -> anyhow::Result<()> {
    process::ensure_built(&["shaman-server"])?;
    if Path::new(MEMORY).is_dir() {
        let folder = tempfile::tempdir_in(MEMORY)?;
        table("tmpfs", part, folder.path())?;
        if part.is_none_or(|part| part == "sweep") {
            sweep::rows(folder.path())?;
            println!();
        }
    }
    let Some(disk) = Disk::new("ext4", DISK_BYTES) else {
        println!("no ext4 can be mounted here (it takes root): no table of a disk");
        return Ok(());
    };
    let folder = disk.storage();
    std::fs::create_dir(&folder)?;
    table("ext4 in an image", part, &folder)
}

fn table(name: &str, part: Option<&str>, folder: &Path) -> anyhow::Result<()> {
    println!("{name}; medians of {ROUNDS} rounds in turn, lowest and highest ratio behind them");
    println!("{:44} {:>10} {:>10} {:>20} {:>8}", "", "ours", "limit", "limit / ours", "asked");
    for (name, rows) in PARTS {
        if part.is_none_or(|part| part == name) {
            rows(folder)?;
        }
    }
    println!();
    Ok(())
}

/// Times of one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) ours: Duration,
    pub(crate) limit: Duration,
}

impl Round {
    /// 1 is the limit itself.
    fn ratio(self) -> f64 {
        self.limit.as_secs_f64() / self.ours.as_secs_f64()
    }
}

/// Prints a row.
pub(crate) fn say(name: &str, rounds: &[Round], asked: &str) {
    let ratios = sorted(rounds.iter().map(|round| round.ratio()));
    let ours = sorted(rounds.iter().map(|round| round.ours.as_secs_f64()));
    let limit = sorted(rounds.iter().map(|round| round.limit.as_secs_f64()));
    let middle = rounds.len() / 2;
    println!(
        "{name:44} {:>8.3} s {:>8.3} s {:>6.2} ({:.2} to {:.2}) {asked:>8}",
        ours[middle],
        limit[middle],
        ratios[middle],
        ratios[0],
        ratios[ratios.len() - 1],
    );
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}
