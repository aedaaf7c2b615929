//! Any bytes: plain, gzip, zstd, or none of them.
#![no_main]

#[path = "shared/look.rs"]
mod look;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| look::look(bytes.to_vec()));
