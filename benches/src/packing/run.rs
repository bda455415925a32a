//! One instance within a time.

use core::time::Duration;
use std::time::Instant as Clock;

use warmstow_core::placement::pack::{Packer, Problem};

/// Work between two looks at the clock: some tenths of a millisecond.
const STEP: u64 = 1 << 14;

/// What came of it after each time.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Bins of the best packing.
    pub bins: u64,
    /// What is proven.
    pub bound: u64,
    /// What it took; less than the time where the packing is proven.
    pub took: Duration,
}

/// Packs `problem` and reports after each of `times`, in rising order.
///
/// # Panics
///
/// Where a packing does not hold: then no figure is worth anything.
pub fn pack(problem: &Problem, times: &[Duration]) -> Vec<Outcome> {
    let mut packer = Packer::new(problem.clone(), 1);
    let start = Clock::now();
    let mut more = true;
    let each = |time: &Duration| {
        while more && start.elapsed() < *time {
            more = packer.advance(STEP);
        }
        let took = start.elapsed();
        let best = packer.best();
        assert_eq!(best.verify(packer.problem()), Ok(()), "a packing does not hold");
        assert!(best.unplaced.is_empty(), "{} units are left out", best.unplaced.len());
        Outcome { bins: best.bins.len() as u64, bound: packer.lower_bound(), took }
    };
    times.iter().map(each).collect()
}
