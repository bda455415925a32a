//! Least and most allocated: the mean share of CPU and memory that would be
//! left or taken, in whole percent, each rounded down and their mean again
//! (Kubernetes, `noderesources/least_allocated.go` and `most_allocated.go`,
//! both resources with weight 1).

use super::{Load, narrow};

/// 0 where nothing would be left, 100 where all would.
pub(super) fn least(load: &Load) -> u32 {
    let left = load
        .shares()
        .map(|share| (share.capacity - share.taken.min(share.capacity)) * 100 / share.capacity);
    narrow(left.iter().sum::<u64>() / 2)
}

/// 0 where nothing would be taken, 100 where all would.
pub(super) fn most(load: &Load) -> u32 {
    let taken = load.shares().map(|share| share.taken * 100 / share.capacity);
    narrow(taken.iter().sum::<u64>() / 2)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::resources::Resources;

    fn load(taken: (u32, u32)) -> Load {
        let capacity = Resources::new(4_000, 10_000);
        let free = Resources::new(4_000 - taken.0, 10_000 - taken.1);
        Load { capacity, free, needed: Resources::default() }
    }

    #[test]
    fn scores_are_those_of_the_tests_of_kube_scheduler() {
        // "nothing scheduled, resources requested, differently sized machines".
        let of = |cpu, memory| {
            let capacity = Resources::new(cpu, memory);
            Load { capacity, free: capacity, needed: Resources::new(3_000, 5_000) }
        };
        assert_eq!(least(&of(4_000, 10_000)), (25 + 50) / 2);
        assert_eq!(least(&of(6_000, 10_000)), 50);
        assert_eq!(most(&of(4_000, 10_000)), (75 + 50) / 2);
        assert_eq!(most(&of(6_000, 10_000)), 50);
    }

    #[test]
    fn the_ends_are_0_and_100() {
        assert_eq!((least(&load((0, 0))), most(&load((0, 0)))), (100, 0));
        assert_eq!((least(&load((4_000, 10_000))), most(&load((4_000, 10_000)))), (0, 100));
    }
}
