//! libFuzzer's entry to the target `ecs`.
#![no_main]

use warmstow_fuzz::{Case, Input, models::Ecs as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
