//! Fuzzes the target `pylock` of `fuzz-checks`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_checks::check("pylock", data));
