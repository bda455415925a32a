//! libFuzzer's entry to the body of `placement`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| warmstow_fuzz::placement::run(data));
