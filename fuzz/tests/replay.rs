//! The fuzz bodies on the stable toolchain: the seeds, and random inputs.

use std::path::Path;

use warmstow_fuzz::TARGETS;

/// Random inputs for each target.
const INPUTS: u64 = 2_000;
/// The longest of them, in bytes.
const MAX_LENGTH: u64 = 1_024;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every seed its own stream.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn input(seed: u64) -> Vec<u8> {
        let mut bytes = Self(seed);
        let length = bytes.next() % MAX_LENGTH;
        (0..length).map(|_| (bytes.next() >> 32) as u8).collect()
    }
}

#[test]
fn every_seed_passes() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, body) in TARGETS {
        let folder = seeds.join(name);
        let files = std::fs::read_dir(&folder).expect("each target has a folder of seeds");
        let mut count = 0;
        for file in files {
            let path = file.expect("the folder can be read").path();
            println!("{}", path.display());
            body(&std::fs::read(&path).expect("a seed can be read"));
            count += 1;
        }
        assert!(count > 0, "{}: no seeds", folder.display());
    }
}

#[test]
fn random_inputs_pass() {
    for (name, body) in TARGETS {
        for seed in 0..INPUTS {
            // The last line before a failure says how to see it again.
            println!("{name}, seed {seed}");
            body(&Bytes::input(seed));
        }
    }
}
