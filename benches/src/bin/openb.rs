//! Policies for GPUs on the openb trace, beside the published figures.
//!
//! Ten seeds of each workload and policy: GPUs allocated at a load of 130 %,
//! and how many decisions a second. Writes a table; `openb [SEEDS]` where SEEDS
//! is `42-51` unless given.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

extern crate alloc;

use core::error::Error;
use std::env;
use std::path::Path;
use std::time::Instant;

use openb::{Openb, folder};
use warmstow_core::placement::gpu::PolicyName;

#[path = "../../../core/tests/support/openb.rs"]
mod openb;

/// Mean of ten seeds at 130 %, by Weng et al. (USENIX ATC'23, artifact), in the
/// order of [`PolicyName::ALL`] without ours.
const PUBLISHED: [(&str, [f64; 6]); 3] = [
    ("default", [87.47, 90.85, 91.88, 92.00, 93.08, 95.39]),
    ("gpuspec33", [86.46, 89.14, 92.12, 93.22, 93.09, 94.55]),
    ("multigpu50", [90.28, 94.85, 95.81, 96.18, 95.74, 97.18]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = env::args().nth(1).unwrap_or_else(|| "42-51".to_owned());
    let (first, last) = seeds.split_once('-').unwrap_or((&seeds, &seeds));
    let seeds: Vec<u64> = (first.parse()?..=last.parse()?).collect();
    let Some(folder) = folder() else { return Ok(()) };
    println!(
        "| workload | policy | published | mean | lowest | highest | at 100 % load | decisions/s |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for (workload, published) in PUBLISHED {
        for (position, policy) in PolicyName::ALL.into_iter().enumerate() {
            row(&folder, workload, policy, published.get(position).copied(), &seeds)?;
        }
    }
    Ok(())
}

/// Runs every seed of one policy and prints its line.
fn row(
    folder: &Path,
    workload: &str,
    policy: PolicyName,
    published: Option<f64>,
    seeds: &[u64],
) -> Result<(), Box<dyn Error>> {
    let openb = Openb::read(folder, workload)?;
    let (mut allocated, mut at_capacity, mut decisions, mut took_s) = (vec![], 0.0, 0.0, 0.0);
    for seed in seeds {
        let start = Instant::now();
        let run = openb.run(policy, *seed);
        took_s += start.elapsed().as_secs_f64();
        decisions += run.decisions as f64;
        at_capacity += run.curve.get(100).copied().unwrap_or(run.allocated_percent);
        allocated.push(run.allocated_percent);
    }
    let mean = |sum: f64| sum / seeds.len() as f64;
    let published = published.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}"));
    println!(
        "| {workload} | {policy} | {published} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} |",
        mean(allocated.iter().sum()),
        allocated.iter().copied().fold(f64::INFINITY, f64::min),
        allocated.iter().copied().fold(0.0, f64::max),
        mean(at_capacity),
        decisions / took_s,
    );
    Ok(())
}
