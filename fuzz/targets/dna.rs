//! Any bytes as the description of the structures, after blocks that use them.
#![no_main]

#[path = "shared/look.rs"]
mod look;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut file = b"BLENDER17-01v0500".to_vec();
    let mut block = |code: &[u8; 4], shape: u32, old: u64, data: &[u8]| {
        file.extend(code);
        file.extend(shape.to_le_bytes());
        file.extend(old.to_le_bytes());
        file.extend((data.len() as u64).to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(data);
    };
    // All pointers in them lead to each other.
    let data: Vec<u8> = (0..64_u64).flat_map(|at| (at % 9 + 1).to_le_bytes()).collect();
    for shape in 1..5 {
        block(b"OB\0\0", shape, u64::from(shape), &data);
        block(b"DATA", shape, u64::from(shape) + 4, &data);
    }
    block(b"DNA1", 0, 9, bytes);
    look::look(file);
});
