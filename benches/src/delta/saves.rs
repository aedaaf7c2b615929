//! Saves of real Blender, cut in several ways: how much of the later one is new.

use std::collections::HashSet;
use std::path::Path;

use shaman_proto::{ChunkName, Cutter};

use super::frames;

/// The earlier and the later save.
const PAIRS: [(&str, &str); 7] = [
    ("base", "same-again"),
    ("base", "same-moved"),
    ("base", "same-material"),
    ("base", "day1"),
    ("day1", "day2-again"),
    ("day1", "day2-moved"),
    ("day1", "day2-material"),
];

/// Average sizes that are tried, in KiB.
const AVERAGES: [usize; 5] = [16, 32, 64, 128, 256];

/// How a file is cut.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By its content, into chunks of about so many KiB.
    Content(usize),
    /// Where its zstd frames end.
    Frames,
    /// The same, and within each frame by content.
    Within(usize),
    /// By the content of what is in its frames: nobody could put the file together from that.
    Plain(usize),
}

pub(super) fn run(dir: &Path) -> anyhow::Result<()> {
    let mut ways: Vec<Way> = AVERAGES.into_iter().map(Way::Content).collect();
    ways.extend([Way::Frames, Way::Within(64), Way::Plain(64)]);
    println!("share of the later save that is not in the earlier one, in percent");
    print!("{:34} {:>7}", "", "MB");
    for way in &ways {
        let name = match way {
            Way::Content(average) => format!("{average} K"),
            Way::Frames => "frames".to_owned(),
            Way::Within(average) => format!("fr+{average}K"),
            Way::Plain(average) => format!("(in {average}K)"),
        };
        print!(" {name:>8}");
    }
    println!();
    for version in folders(dir)? {
        for kind in ["plain", "zstd"] {
            for (before, after) in PAIRS {
                row(&dir.join(&version).join(kind), (before, after), &ways, &version)?;
            }
        }
    }
    Ok(())
}

fn folders(dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

fn row(
    dir: &Path,
    (before, after): (&str, &str),
    ways: &[Way],
    version: &str,
) -> anyhow::Result<()> {
    let read = |name: &str| std::fs::read(dir.join(format!("{name}.blend")));
    let (old, new) = (read(before)?, read(after)?);
    let kind = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = format!("{version} {kind} {before} > {after}");
    print!("{name:34} {:>7.1}", mega(new.len()));
    for way in ways {
        match (chunks(&old, *way)?, chunks(&new, *way)?) {
            (Some(old), Some(new)) => {
                let old: HashSet<ChunkName> = old.into_iter().map(|(name, _)| name).collect();
                let all: usize = new.iter().map(|(_, bytes)| bytes).sum();
                let fresh: usize =
                    new.iter().filter(|(name, _)| !old.contains(name)).map(|(_, b)| b).sum();
                print!(" {:>8.2}", mega(fresh) / mega(all) * 100.0);
            }
            _ => print!(" {:>8}", "-"),
        }
    }
    println!();
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// The chunks of a file; `None`: it cannot be cut so.
fn chunks(bytes: &[u8], way: Way) -> anyhow::Result<Option<Vec<(ChunkName, usize)>>> {
    let mut chunks = Vec::new();
    match way {
        Way::Content(average) => cut(bytes, average, &mut chunks),
        Way::Frames => {
            let Some(frames) = frames::split(bytes) else { return Ok(None) };
            chunks.extend(frames.iter().map(|frame| (ChunkName::of(frame), frame.len())));
        }
        Way::Within(average) => {
            let Some(frames) = frames::split(bytes) else { return Ok(None) };
            for frame in &frames {
                cut(frame, average, &mut chunks);
            }
        }
        Way::Plain(average) => {
            if frames::split(bytes).is_none() {
                return Ok(None);
            }
            cut(&zstd::stream::decode_all(bytes)?, average, &mut chunks);
        }
    }
    Ok(Some(chunks))
}

fn cut(bytes: &[u8], average: usize, chunks: &mut Vec<(ChunkName, usize)>) {
    let average = average << 10;
    let mut cutter = Cutter::with_sizes(average / 4, average, average * 4);
    let mut add = |bytes: &[u8]| chunks.push((ChunkName::of(bytes), bytes.len()));
    cutter.push(bytes, &mut add);
    cutter.finish(&mut add);
}
