//! libFuzzer's entry to the body of `region`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| warmstow_fuzz::region::run(data));
