//! libFuzzer's entry to the target `traces`.
#![no_main]

use warmstow_fuzz::{Case, Input, traces::Case as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
