//! Alignment: the sum over CPU and memory of need times what is free, each a
//! share of what the node has (Grandl et al., "Multi-resource packing for
//! cluster schedulers", SIGCOMM 2014: the score of Tetris, without its term for
//! job times). In hundred-thousandths, rounded down.

use super::{Load, narrow};

/// 0 where nothing is needed or free, 200,000 where all of both.
pub(super) fn score(load: &Load) -> u32 {
    let aligned = |needed: u32, free: u32, capacity: u32| {
        let capacity = u128::from(capacity.max(1));
        let product = u128::from(needed) * u128::from(free) * 100_000;
        u64::try_from(product / (capacity * capacity)).unwrap_or(u64::MAX)
    };
    let Load { capacity, free, needed } = load;
    let cpu = aligned(needed.cpu_units, free.cpu_units, capacity.cpu_units);
    narrow(cpu.saturating_add(aligned(needed.memory_mib, free.memory_mib, capacity.memory_mib)))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::resources::Resources;

    #[test]
    fn what_points_where_the_needs_do_scores_higher() {
        let capacity = Resources::new(100, 100);
        let of = |cpu, memory| {
            score(&Load {
                capacity,
                free: Resources::new(cpu, memory),
                needed: Resources::new(10, 1),
            })
        };
        assert_eq!(of(80, 20), 10 * 80 * 10 + 20 * 10);
        assert!(of(80, 20) > of(20, 80));
        let all = Load { capacity, free: capacity, needed: capacity };
        assert_eq!(score(&all), 200_000);
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let most = Resources::new(Resources::MAX, Resources::MAX);
        let beyond = Load { capacity: Resources::new(1, 1), free: most, needed: most };
        assert_eq!(score(&beyond), super::super::MAX_SCORE);
    }
}
