//! zstd files as Blender writes them: only what changes is packed anew.

use shaman_client::trace;

use crate::build::{Build, Form};
use crate::pack_support::job;
use crate::support::Folder;

/// The frames of some plain bytes, and a seek table behind them.
fn seekable(plain: &[u8], frame_bytes: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let frames: Vec<_> =
        plain.chunks(frame_bytes).map(|part| zstd::bulk::compress(part, 3).unwrap()).collect();
    let lens: Vec<_> = frames.iter().zip(plain.chunks(frame_bytes)).collect();
    let lens: Vec<_> = lens.into_iter().map(|(frame, plain)| (frame.len(), plain.len())).collect();
    (frames, table(&lens))
}

fn table(lens: &[(usize, usize)]) -> Vec<u8> {
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut table = vec![0x5e, 0x2a, 0x4d, 0x18];
    table.extend(word(lens.len() * 8 + 9));
    table.extend(lens.iter().flat_map(|(packed, plain)| [word(*packed), word(*plain)].concat()));
    table.extend(word(lens.len()));
    table.extend([0, 0xb1, 0xea, 0x92, 0x8f]);
    table
}

#[test]
fn frames_without_a_change_stay_byte_for_byte_and_the_table_is_right() {
    let folder = Folder::new();
    folder.put("outside/a.png", b"a");
    let noise: Vec<u8> =
        (0..400_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut main = Build::new(Form::Large8, 500);
    main.shape("Text", "ID id; char *name; int flags");
    main.raw(b"DATA", 0, 0x10, &noise);
    // One that is overwritten, and one whose block grows.
    main.image("a", 0x20, b"//../outside/a.png");
    main.raw(b"DATA", 0, 0x30, &noise);
    main.block(b"TX", "Text", 0x40, |text| text.int("name", 0x50));
    main.raw(b"DATA", 0, 0x50, b"//../outside/a.png\0");
    main.raw(b"DATA", 0, 0x60, &noise);
    let plain = main.finish();
    let (frames, table_before) = seekable(&plain, 50_000);
    folder.put("project/main.blend", &[frames.concat(), table_before].concat());

    let project = folder.path().join("project");
    let trace = trace::trace(&project.join("main.blend"), Some(&project)).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let job = job(&trace, cache.path());
    let main = job.files.iter().find(|file| file.in_pack == "main.blend").unwrap();
    let after = std::fs::read(&main.path).unwrap();

    let mut left = after.as_slice();
    let mut lens = Vec::new();
    let mut changed = 0;
    for (frame, part) in frames.iter().zip(plain.chunks(50_000)) {
        if let Some(rest) = left.strip_prefix(frame.as_slice()) {
            left = rest;
            lens.push((frame.len(), part.len()));
            continue;
        }
        changed += 1;
        let len = zstd::zstd_safe::find_frame_compressed_size(left).unwrap();
        let (new, rest) = left.split_at(len);
        left = rest;
        lens.push((len, zstd::bulk::decompress(new, 60_000).unwrap().len()));
    }
    assert_eq!(changed, 2);
    assert!(left == table(&lens), "the table, and nothing else, is left");
    let grown: usize = lens.iter().map(|(_, plain)| plain).sum();
    assert!(grown > plain.len(), "the text has a longer path");
}
