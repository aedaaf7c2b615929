//! Any bytes as blocks, between a header of each form and real structures.
#![no_main]

#[path = "shared/look.rs"]
mod look;

/// Block `DNA1` with its header and the end mark, as Blender 5 writes it: the seed `dna/5.0.1`.
static DNA: &[u8] = include_bytes!("../seeds/dna/studio");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((form, blocks)) = bytes.split_first() else {
        return;
    };
    let (header, is_large): (&[u8], bool) = match form % 4 {
        0 => (b"BLENDER17-01v0500", true),
        1 => (b"BLENDER-v405", false),
        2 => (b"BLENDER_v304", false),
        _ => (b"BLENDER-V279", false),
    };
    let mut head = b"DNA1".to_vec();
    let len = DNA.len() as u64;
    if is_large {
        head.extend([0; 12]);
        head.extend(len.to_le_bytes());
        head.extend([0; 8]);
    } else {
        let len = u32::try_from(len).unwrap_or(0);
        let is_big = header.contains(&b'V');
        head.extend(if is_big { len.to_be_bytes() } else { len.to_le_bytes() });
        head.extend(vec![0; if header.contains(&b'_') { 12 } else { 16 }]);
    }
    // The structures come first, so that blocks that end too early are looked at as well.
    look::look([header, &head, DNA, blocks].concat());
});
