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

use std::path::Path;
use std::time::Duration;

use shaman_tests::disk::Disk;

use crate::process;

/// Rounds of which the median counts.
const ROUNDS: usize = 5;

/// Of the image that is mounted for the table of a disk.
const DISK_BYTES: u64 = 16 << 30;

/// A file system in memory that every Linux has.
const MEMORY: &str = "/dev/shm";

pub(crate) fn run() -> anyhow::Result<()> {
    process::ensure_built(&["shaman-server"])?;
    if Path::new(MEMORY).is_dir() {
        let folder = tempfile::tempdir_in(MEMORY)?;
        table("tmpfs", folder.path())?;
    }
    let Some(disk) = Disk::new("ext4", DISK_BYTES) else {
        println!("no ext4 can be mounted here (it takes root): no table of a disk");
        return Ok(());
    };
    let folder = disk.storage();
    std::fs::create_dir(&folder)?;
    table("ext4 in an image", &folder)
}

fn table(name: &str, folder: &Path) -> anyhow::Result<()> {
    println!("{name}; medians of {ROUNDS} rounds in turn, lowest and highest ratio behind them");
    println!("{:44} {:>10} {:>10} {:>20} {:>8}", "", "ours", "limit", "limit / ours", "asked");
    stream::rows(folder)?;
    blobs::rows(folder)?;
    questions::rows(folder)?;
    checkouts::rows(folder)?;
    memory::rows(folder)?;
    println!();
    Ok(())
}

/// Times of one round.
#[derive(Debug, Clone, Copy)]
struct Round {
    ours: Duration,
    limit: Duration,
}

impl Round {
    /// 1 is the limit itself.
    fn ratio(self) -> f64 {
        self.limit.as_secs_f64() / self.ours.as_secs_f64()
    }
}

/// Prints a row.
fn say(name: &str, rounds: &[Round], asked: &str) {
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
