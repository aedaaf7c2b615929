//! The archive: a zip file whose entries are stored as they are, without packing.
//!
//! ```text
//! entry    PK\3\4  … at 26: u16 name length, u16 extra length; name, extra, bytes
//! table    PK\1\2  … at 10: u16 method, at 20: u32 packed size, at 24: u32 size, at 28: u16 name
//!          length, u16 extra length, u16 comment length, at 42: u32 place of the entry; name, …
//! end      PK\5\6  … at 10: u16 entries, u32 size of the table, u32 its place
//! ```
//!
//! What its layers refer to is in it, as a rule; only what is not is of interest here.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Where the end may begin: its 22 bytes and a comment of 64 KiB before the end of the file.
const END_BYTES_MAX: u64 = 22 + 65_535;

/// Most bytes of the table: 16 MiB, some 100,000 entries.
const TABLE_BYTES_MAX: u32 = 16 << 20;

/// Most bytes of layers that are read from one archive: 256 MiB.
const LAYER_BYTES_MAX: u64 = 256 << 20;

struct Entry {
    name: Vec<u8>,
    is_packed: bool,
    size: u64,
    place: u64,
}

/// Adds the paths in all layers of an archive that lead out of it.
pub(super) fn paths(
    file: &mut (impl Read + Seek),
    found: &mut BTreeSet<Vec<u8>>,
) -> io::Result<()> {
    let entries = table(file)?;
    let mut inside = BTreeSet::new();
    let mut bytes_left = LAYER_BYTES_MAX;
    for entry in &entries {
        let ending = entry.name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        if !["usd", "usda", "usdc"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known.as_bytes()))
        {
            continue;
        }
        if entry.is_packed {
            return Err(damaged("it is packed, which USD does not allow"));
        }
        let left = bytes_left.checked_sub(entry.size);
        bytes_left = left.ok_or_else(|| damaged("its layers are too large to be looked into"))?;
        file.seek(SeekFrom::Start(entry.place))?;
        let mut head = [0; 30];
        file.read_exact(&mut head)?;
        let skipped = number(&head, 26, 2) + number(&head, 28, 2);
        file.seek(SeekFrom::Current(i64::try_from(skipped).unwrap_or(0)))?;
        let mut layer = Vec::new();
        file.take(entry.size).read_to_end(&mut layer)?;
        // An archive in an archive is looked into by nobody.
        if !layer.starts_with(b"PK") {
            super::paths_in(&mut Cursor::new(layer), &mut inside)?;
        }
    }
    let is_inside = |path: &[u8]| {
        let path = name(path);
        entries.iter().any(|entry| name(&entry.name) == path)
    };
    found.extend(inside.into_iter().filter(|path| !is_inside(path)));
    Ok(())
}

/// The last part of a path: where in the archive it is does not matter here.
fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default()
}

fn table(file: &mut (impl Read + Seek)) -> io::Result<Vec<Entry>> {
    const BAD: &str = "its table of contents is damaged";
    let len = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(len.saturating_sub(END_BYTES_MAX)))?;
    let mut tail = Vec::new();
    file.take(END_BYTES_MAX).read_to_end(&mut tail)?;
    let end = tail.windows(4).rposition(|mark| mark == b"PK\x05\x06");
    let end = end.and_then(|end| tail.get(end..)).filter(|end| end.len() >= 22);
    let end = end.ok_or_else(|| damaged(BAD))?;
    let size = u32::try_from(number(end, 12, 4)).unwrap_or(u32::MAX);
    if size > TABLE_BYTES_MAX {
        return Err(damaged(BAD));
    }
    file.seek(SeekFrom::Start(number(end, 16, 4)))?;
    let mut table = Vec::new();
    file.take(size.into()).read_to_end(&mut table)?;
    let mut rest = table.as_slice();
    let mut entries = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(46) {
        if !head.starts_with(b"PK\x01\x02") {
            break;
        }
        let name_len = usize::try_from(number(head, 28, 2)).unwrap_or(0);
        let others = usize::try_from(number(head, 30, 2) + number(head, 32, 2)).unwrap_or(0);
        let name = after.get(..name_len).ok_or_else(|| damaged(BAD))?;
        entries.push(Entry {
            name: name.to_vec(),
            is_packed: number(head, 10, 2) != 0,
            size: number(head, 20, 4),
            place: number(head, 42, 4),
        });
        rest = after.get(name_len + others..).unwrap_or_default();
    }
    Ok(entries)
}

fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    let bytes = bytes.get(at..at + len).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn damaged(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of these files, stored.
    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let (mut bytes, mut table) = (Vec::new(), Vec::new());
        for (name, text) in files {
            let place = u32::try_from(bytes.len()).unwrap();
            let (name_len, size) =
                (u16::try_from(name.len()).unwrap(), u32::try_from(text.len()).unwrap());
            let mut head = vec![0; 46];
            head[..4].copy_from_slice(b"PK\x01\x02");
            head[20..24].copy_from_slice(&size.to_le_bytes());
            head[24..28].copy_from_slice(&size.to_le_bytes());
            head[28..30].copy_from_slice(&name_len.to_le_bytes());
            head[42..46].copy_from_slice(&place.to_le_bytes());
            table.extend(head);
            table.extend(name.as_bytes());
            let mut head = vec![0; 30];
            head[26..28].copy_from_slice(&name_len.to_le_bytes());
            bytes.extend(head);
            bytes.extend(name.as_bytes());
            bytes.extend(text.as_bytes());
        }
        let mut end = vec![0; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[12..16].copy_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
        end[16..20].copy_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        bytes.extend(table);
        bytes.extend(end);
        bytes
    }

    fn read(bytes: &[u8]) -> io::Result<BTreeSet<Vec<u8>>> {
        let mut found = BTreeSet::new();
        paths(&mut Cursor::new(bytes), &mut found)?;
        Ok(found)
    }

    #[test]
    fn only_what_leads_out_of_the_archive_is_given() {
        let layer = "#usda 1.0\n( subLayers = [@./in.usda@, @../out.usda@] ) @tex/a.png@ @b.png@";
        let bytes =
            archive(&[("main.usda", layer), ("in.usda", "#usda"), ("tex/a.png", "picture")]);
        let found: Vec<_> = read(&bytes).unwrap().into_iter().collect();
        assert_eq!(found, [b"../out.usda".as_slice(), b"b.png"]);
    }

    #[test]
    fn damaged_archives_are_refused() {
        let bytes = archive(&[("main.usda", "#usda 1.0\n@a.png@")]);
        for cut in [3, 40, bytes.len() - 22] {
            assert!(read(&bytes[..cut]).is_err(), "{cut}");
        }
        let mut packed = bytes.clone();
        let table = bytes.windows(4).position(|mark| mark == b"PK\x01\x02").unwrap();
        packed[table + 10] = 8;
        assert!(read(&packed).unwrap_err().to_string().contains("packed"));
        let mut huge = bytes;
        huge[table + 20..table + 24].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(read(&huge).unwrap_err().to_string().contains("too large"));
    }
}
