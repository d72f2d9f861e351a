//! Runs the proof `frames` on whatever the fuzzer makes up. Knows nothing itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| codec_fuzz::frames(bytes));
