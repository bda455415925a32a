//! libFuzzer's entry to the target `placement`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Placement as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
