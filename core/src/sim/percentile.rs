//! Exact percentiles over several sorted lists, without merging them.

/// The value of rank ceil(`per_mille` / 1000 * n), at least 1, among all values
/// of `lists` (the nearest-rank percentile); 0 where there is none.
///
/// Each list is sorted. O(64 * lists * log n), no allocation: the value is
/// found by halving the range of values, not by merging.
pub(super) fn nearest_rank(lists: &[&[u64]], per_mille: u64) -> u64 {
    let count: u64 = lists.iter().map(|list| len(list)).sum();
    let rank = (u128::from(count) * u128::from(per_mille)).div_ceil(1000).max(1);
    let (mut low, mut high) = (0, lists.iter().filter_map(|list| list.last()).copied().max());
    while let Some(top) = high
        && low < top
    {
        let middle = low + (top - low) / 2;
        let at_most: u64 = lists.iter().map(|list| count_at_most(list, middle)).sum();
        if u128::from(at_most) >= rank {
            high = Some(middle);
        } else {
            low = middle + 1;
        }
    }
    high.unwrap_or(0)
}

fn count_at_most(sorted: &[u64], value: u64) -> u64 {
    len(&sorted[..sorted.partition_point(|&other| other <= value)])
}

/// A length as `u64`, which every slice's fits.
fn len(list: &[u64]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use alloc::vec::Vec;

    #[test]
    fn the_rank_is_that_of_the_merged_list() {
        let mut rng = Rng::new(5);
        for _ in 0..200 {
            let mut lists: Vec<Vec<u64>> = (0..rng.below(4)).map(|_| Vec::new()).collect();
            for list in &mut lists {
                list.extend((0..rng.below(20)).map(|_| rng.below(30)));
                list.sort_unstable();
            }
            let mut merged = lists.concat();
            merged.sort_unstable();
            let lists: Vec<&[u64]> = lists.iter().map(Vec::as_slice).collect();
            for per_mille in [0, 1, 500, 900, 950, 990, 1000] {
                let rank = (merged.len() * usize::try_from(per_mille).unwrap()).div_ceil(1000);
                let want = merged.get(rank.max(1) - 1).copied().unwrap_or(0);
                assert_eq!(nearest_rank(&lists, per_mille), want, "{per_mille} of {merged:?}");
            }
        }
    }

    #[test]
    fn extreme_values_and_no_values_are_fine() {
        assert_eq!(nearest_rank(&[], 500), 0);
        assert_eq!(nearest_rank(&[&[], &[u64::MAX]], 500), u64::MAX);
        assert_eq!(nearest_rank(&[&[0, u64::MAX]], 500), 0);
    }
}
