//! The fuzz bodies on the stable toolchain: the seeds, and random inputs.

use std::panic;
use std::path::Path;

use warmstow_core::rng::Rng;
use warmstow_fuzz::{TARGETS, Target};

/// Random inputs for each target.
const INPUTS: u64 = 2_000;
/// The longest of them, in bytes.
const MAX_LENGTH: u64 = 1_024;

/// Bytes of a random number and length; every seed its own.
fn input(seed: u64) -> Vec<u8> {
    let mut draws = Rng::stream(seed, 0);
    let length = draws.below(MAX_LENGTH);
    (0..length).map(|_| draws.below(256) as u8).collect()
}

/// Plays a case. One that fails is printed as a unit test first.
fn check(target: &Target, data: &[u8]) {
    if let Err(failure) = panic::catch_unwind(|| (target.check)(data)) {
        println!("{}", (target.show)(data));
        panic::resume_unwind(failure);
    }
}

/// Plays every file of the target's folder in `parent`; how many there were.
fn play(target: &Target, parent: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(parent).join(target.name);
    let files = std::fs::read_dir(&folder).into_iter().flatten();
    files
        .map(|file| {
            let path = file.expect("the folder can be read").path();
            println!("{}", path.display());
            check(target, &std::fs::read(&path).expect("a seed can be read"));
        })
        .count()
}

#[test]
fn every_seed_passes() {
    for target in &TARGETS {
        assert!(play(target, "seeds") > 0, "{}: no seeds", target.name);
    }
}

/// What `make fuzz` has found on this machine, if it has run.
#[test]
fn the_corpus_passes() {
    for target in &TARGETS {
        play(target, "corpus");
    }
}

#[test]
fn random_inputs_pass() {
    for target in &TARGETS {
        for seed in 0..INPUTS {
            check(target, &input(seed));
        }
    }
}
