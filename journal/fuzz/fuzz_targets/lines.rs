//! Runs the proof `lines` on whatever the fuzzer makes up. Knows nothing itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| journal_fuzz::lines(bytes));
