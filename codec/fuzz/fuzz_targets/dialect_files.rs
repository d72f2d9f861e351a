//! Runs the proof `dialect_files` on whatever the fuzzer makes up. Knows nothing itself.
#![no_main]

#[path = "../src/files.rs"]
mod files;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| files::dialect_files(bytes));
