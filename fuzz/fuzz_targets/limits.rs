//! libFuzzer's entry to the target `limits`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Limits as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
