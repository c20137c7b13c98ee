//! Fuzzes the target `text_references` of `fuzz-checks`, which says what must hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_checks::check("text_references", data));
