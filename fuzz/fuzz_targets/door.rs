//! libFuzzer's entry to the target `door`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Door as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
