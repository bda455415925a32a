//! libFuzzer's entry to the target `pool`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Pool as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
