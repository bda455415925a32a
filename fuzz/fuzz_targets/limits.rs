//! libFuzzer's entry to the body of `limits`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| warmstow_fuzz::limits::run(data));
