//! libFuzzer's entry to the target `region`.
#![no_main]

use warmstow_fuzz::{Case, Input, region::Case as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
