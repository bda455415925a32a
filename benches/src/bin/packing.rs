//! Packs the published instances and writes tables of the results.
//!
//! `packing OUTPUT [EVERY]`: every `EVERY`-th instance of each set; all unless
//! given. Instances run on as many threads as there are free cores, each on one.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

use warmstow_benches::packing::data::{self, Instance, Set};
use warmstow_benches::packing::run::{Outcome, pack};
use warmstow_benches::packing::table::tables;

const TIMES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

const HEAD: &str = "# Offline packing on published instances\n\n\
    Written by `make packing`. Sums are over the instances whose optimum is \
    proven; *published* is the best of more than 300 heuristics for each \
    instance (\"Classification and evaluation of the algorithms for vector bin \
    packing\", Computers & Operations Research 2024); *bound* is what was proven \
    here within the longer time. The search ends early where it proves its \
    packing.\n\n";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let output = arguments.next().unwrap_or_else(|| "packing.md".to_owned());
    let every = arguments.next().and_then(|every| every.parse().ok()).unwrap_or(1).max(1);
    let Some(folder) = data::folder() else {
        eprintln!("SKIPPED: the published instances are not beside the project");
        return ExitCode::FAILURE;
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut text = HEAD.to_owned();
    if every > 1 {
        text += &format!("A sample: every {every}th instance of each set.\n\n");
    }
    for set in Set::ALL {
        let work = env::temp_dir().join(format!("warmstow-packing-{}", std::process::id()));
        let instances = match data::read(set, &folder, &work) {
            Ok(instances) => instances,
            Err(problem) => {
                eprintln!("packing: {problem}");
                return ExitCode::FAILURE;
            }
        };
        let _ = fs::remove_dir_all(&work);
        let chosen: Vec<Instance> = instances.into_iter().step_by(every).collect();
        eprintln!("{}: {} instances on {threads} threads", set.name(), chosen.len());
        let results = pack_all(chosen, threads);
        text += &tables(set, &TIMES, &results);
    }
    match fs::write(Path::new(&output), text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("packing: {output}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Packs each instance, in whatever order threads come to them.
fn pack_all(instances: Vec<Instance>, threads: usize) -> Vec<(Instance, Vec<Outcome>)> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    // ORDERING: Relaxed: hands out numbers, publishes nothing.
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(instance) = instances.get(at) else { break };
                    let own = pack(&instance.problem, &TIMES);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((at, own));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(at, _)| *at);
    instances.into_iter().zip(outcomes.into_iter().map(|(_, own)| own)).collect()
}
