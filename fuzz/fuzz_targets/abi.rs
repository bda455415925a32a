//! libFuzzer's entry to the target `abi`.
#![no_main]

use warmstow_fuzz::{Case, Input, abi::Case as Played};

libfuzzer_sys::fuzz_target!(|input: Input<Played>| input.0.check());
