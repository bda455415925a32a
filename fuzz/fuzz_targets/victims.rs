//! libFuzzer's entry to the target `victims`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Victims as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
