//! libFuzzer's entry to the target `service`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Service as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
