//! Packing the published instances: a few of each class, by work, not time.

use std::path::Path;

use warmstow_benches::packing::data::{self, Instance, Set};
use warmstow_core::placement::pack::Packer;

/// Every so many of a set; `None`, with a line, where the data are absent.
fn sample(set: Set, every: usize) -> Option<Vec<Instance>> {
    let Some(folder) = data::folder() else {
        eprintln!("SKIPPED: {} (no ../shared/data beside the project)", set.name());
        return None;
    };
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{set:?}"));
    let instances = data::read(set, &folder, &work).expect("the data are whole");
    assert!(!instances.is_empty());
    Some(instances.into_iter().filter(|i| i.optimum.is_some()).step_by(every).collect())
}

/// Bins over the optima, and the optima, after so much work on each.
fn packed(instances: &[Instance], work: u64) -> (u64, u64, f64) {
    let (mut over, mut optima, mut gaps) = (0, 0, 0.0);
    for instance in instances {
        let mut packer = Packer::new(instance.problem.clone(), 1);
        while packer.work() < work && packer.advance(work / 4 + 1) {}
        let best = packer.best();
        assert_eq!(best.verify(packer.problem()), Ok(()), "{}", instance.name);
        let optimum = instance.optimum.expect("chosen so");
        let bins = best.bins.len() as u64;
        assert!(packer.lower_bound() <= optimum, "{}: a bound is too high", instance.name);
        assert!(bins >= optimum, "{}: below the optimum", instance.name);
        over += bins - optimum;
        optima += optimum;
        gaps += (bins - optimum) as f64 / optimum as f64;
    }
    (over, optima, gaps / instances.len() as f64)
}

#[test]
fn vectors_of_up_to_60_items_come_within_1_percent_of_the_optimum() {
    let Some(mut instances) = sample(Set::New, 9) else { return };
    instances.retain(|instance| instance.problem.units() <= 60);
    let (over, optima, mean) = packed(&instances, 4_000_000);
    assert!(mean <= 0.01, "{over} bins over {optima}, {:.2} % in the mean", 100.0 * mean);
}

#[test]
fn triplets_of_vectors_are_packed_to_the_optimum() {
    let Some(mut instances) = sample(Set::Triplet, 7) else { return };
    instances.retain(|instance| instance.problem.units() <= 249);
    let (over, optima, _) = packed(&instances, 8_000_000);
    // Half of the best published heuristics' gap would be 7.85 %.
    assert!(100 * over <= optima, "{over} bins over {optima}");
}

#[test]
fn falkenauers_uniform_items_come_within_a_bin_of_the_optimum() {
    let Some(mut instances) = sample(Set::Uniform, 5) else { return };
    instances.retain(|instance| instance.problem.units() <= 120);
    for instance in &instances {
        let (over, _, _) = packed(core::slice::from_ref(instance), 20_000_000);
        assert!(over <= 1, "{}: {over} over", instance.name);
    }
}
