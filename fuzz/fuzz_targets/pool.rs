//! libFuzzer's entry to the body of `pool`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| warmstow_fuzz::pool::run(data));
