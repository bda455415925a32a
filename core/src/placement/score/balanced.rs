//! Balanced allocation: 100 less the standard deviation of the shares taken, in
//! percent, rounded down (Kubernetes, `noderesources/balanced_allocation.go`).
//! Of two shares it is half their difference, so a fraction of integers; the
//! original computes it in floats.

use super::{Load, narrow};

/// 100 where the same share of both would be taken, 50 where all of one and
/// none of the other.
pub(super) fn score(load: &Load) -> u32 {
    let [cpu, memory] = load.shares();
    // |a/b - c/d| / 2, over the common denominator 2bd.
    let denominator = 2 * cpu.capacity * memory.capacity;
    let difference = (cpu.taken * memory.capacity).abs_diff(memory.taken * cpu.capacity);
    narrow((denominator - difference) * 100 / denominator)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::resources::Resources;

    #[test]
    fn scores_are_those_of_the_tests_of_kube_scheduler() {
        let of = |cpu, memory| {
            let capacity = Resources::new(cpu, memory);
            score(&Load { capacity, free: capacity, needed: Resources::new(3_000, 5_000) })
        };
        // Shares 0.75 and 0.5: a deviation of 0.125; then 0.5 and 0.5.
        assert_eq!(of(4_000, 10_000), 87);
        assert_eq!(of(6_000, 10_000), 100);
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let capacity = Resources::new(Resources::MAX, Resources::MAX);
        let needed = Resources::new(Resources::MAX, 0);
        assert_eq!(score(&Load { capacity, free: capacity, needed }), 50);
    }
}
