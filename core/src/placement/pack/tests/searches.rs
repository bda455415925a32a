//! Searches: optima that are known, each by another method.

use alloc::vec;
use alloc::vec::Vec;

use super::{BinKind, Item, Packer, Problem, packed, simple};
use crate::rng::Rng;

#[test]
fn what_fits_nowhere_is_left_out_and_the_rest_is_packed() {
    let (best, packer) = packed(simple(&[10, 10], &[&[5, 5], &[11, 1], &[5, 5]]), 100_000);
    assert_eq!((best.unplaced, best.cost), (vec![1], 1));
    assert!(packer.is_optimal());
}

#[test]
fn where_bins_run_out_as_many_are_placed_as_can_be() {
    let kind = BinKind { count: Some(2), ..BinKind::new(vec![10]) };
    let items: Vec<Item> = [6, 6, 6, 4, 4].iter().map(|&size| Item::new(vec![size])).collect();
    let (best, packer) = packed(Problem::new(vec![kind], &items).unwrap(), 200_000);
    assert_eq!((best.unplaced.len(), best.cost), (1, 2));
    // That one more cannot be placed is not proven.
    assert!(!packer.is_optimal());
}

/// What is wanted alone would fill more bins than there are: no method may
/// come back with them.
#[test]
fn no_method_opens_more_bins_than_there_are() {
    let scarce = |count, size, demand| {
        let kind = BinKind { count: Some(count), ..BinKind::new(vec![9]) };
        Problem::new(vec![kind], &[Item { demand, ..Item::new(vec![size]) }]).unwrap()
    };
    for (count, size, demand, placed) in [(2, 3, 9, 6), (1, 2, 6, 4), (3, 4, 9, 6)] {
        let problem = scarce(count, size, demand);
        let (best, packer) = packed(problem.clone(), 400_000);
        best.verify(&problem).unwrap();
        assert_eq!((demand as usize - best.unplaced.len(), best.cost), (placed, count.into()));
        assert!(!packer.is_optimal());
    }
}

/// VPSolver's example of multiple-choice packing (`test_multiplechoice`):
/// optimal cost 5.
#[test]
fn choices_and_kinds_of_vpsolvers_example_cost_5() {
    let kind = |capacity: [i64; 2], cost| BinKind { cost, ..BinKind::new(capacity.to_vec()) };
    let kinds = vec![
        kind([100, 75], 3),
        BinKind { count: Some(1), ..kind([75, 50], 2) },
        kind([75, 50], 3),
        kind([100, 100], 100),
    ];
    let twice = Item { demand: 2, ..Item::new(vec![75, 50]) };
    let either = Item { choices: vec![vec![40, 75], vec![25, 25]], ..Item::new(vec![0, 0]) };
    let (best, packer) = packed(Problem::new(kinds, &[twice, either]).unwrap(), 400_000);
    assert_eq!(best.cost, 5);
    assert!(packer.lower_bound() <= 5);
}

#[test]
fn an_item_goes_only_into_kinds_it_may() {
    let kinds = vec![BinKind::new(vec![10]), BinKind { cost: 5, ..BinKind::new(vec![10]) }];
    let kept = Item { kinds: Some(vec![1]), ..Item::new(vec![5]) };
    let (best, _) = packed(Problem::new(kinds, &[Item::new(vec![5]), kept]).unwrap(), 100_000);
    assert_eq!((best.cost, best.bins.len()), (5, 1));
}

#[test]
fn an_item_that_gives_room_lets_another_in() {
    let (best, packer) = packed(simple(&[10, 10], &[&[12, 4], &[-2, 6]]), 100_000);
    assert_eq!((best.bins.len(), best.unplaced.len()), (1, 0));
    assert!(packer.lower_bound() <= 1);
}

/// Bins of exactly three units that fill them in every dimension, as in the
/// class Triplet of the published instances.
fn triplets(bins: usize, dims: usize, capacity: i64, seed: u64) -> Problem {
    let mut rng = Rng::new(seed);
    let (half, fifth) = (capacity / 2, capacity / 5);
    let mut items = vec![];
    for _ in 0..bins {
        let mut draw = || -> Vec<i64> {
            let span = u64::try_from(half - fifth).unwrap();
            (0..dims).map(|_| fifth + i64::try_from(rng.below(span)).unwrap()).collect()
        };
        let (a, b) = (draw(), draw());
        let c = a.iter().zip(&b).map(|(a, b)| capacity - a - b).collect();
        items.extend([Item::new(a), Item::new(b), Item::new(c)]);
    }
    Problem::new(vec![BinKind::new(vec![capacity; dims])], &items).unwrap()
}

#[test]
fn triplets_without_slack_are_packed_to_the_last_bin() {
    for (bins, dims) in [(20, 3), (40, 5), (83, 10)] {
        let (best, packer) = packed(triplets(bins, dims, 1_000, 3), 5_000_000);
        assert_eq!(best.bins.len(), bins, "{dims} dimensions");
        assert!(packer.is_optimal());
    }
}

/// Sizes of one half down to one third and their complements, one dimension
/// each way: first fit is far off.
#[test]
fn the_linear_program_proves_what_greedy_and_sums_do_not() {
    let sizes: Vec<Vec<i64>> = (0..30)
        .map(|at| vec![[51, 27, 26, 23][at % 4] + at as i64 % 3, [20, 34, 45, 33][at % 4]])
        .collect();
    let sizes: Vec<&[i64]> = sizes.iter().map(Vec::as_slice).collect();
    let (best, packer) = packed(simple(&[100, 100], &sizes), 20_000_000);
    assert!(packer.is_optimal(), "{} of {}", best.cost, packer.lower_bound());
}

#[test]
fn the_same_seed_and_work_give_the_same_packing() {
    let run = |seed| {
        let mut rng = Rng::new(5);
        let sizes: Vec<Vec<i64>> = (0..60)
            .map(|_| (0..3).map(|_| 1 + i64::try_from(rng.below(60)).unwrap()).collect())
            .collect();
        let sizes: Vec<&[i64]> = sizes.iter().map(Vec::as_slice).collect();
        let mut packer = Packer::new(simple(&[100, 100, 100], &sizes), seed);
        for _ in 0..20 {
            packer.advance(100_000);
        }
        (packer.best().clone(), packer.lower_bound(), packer.work())
    };
    assert_eq!(run(1), run(1));
}

#[test]
fn a_bound_only_rises_and_the_best_only_gets_better() {
    let mut packer = Packer::new(triplets(12, 2, 100, 9), 1);
    let (mut bound, mut best) = (0, usize::MAX);
    for _ in 0..40 {
        packer.advance(50_000);
        let now = packer.best().bins.len();
        assert!(packer.lower_bound() >= bound && now <= best);
        assert!(packer.lower_bound() <= now as u64);
        (bound, best) = (packer.lower_bound(), now);
    }
}

/// Only the first dimension is wanted, so the smaller kind holds more. The
/// other is the larger in all, costs the same, and comes first.
#[test]
fn a_kind_is_opened_for_what_is_wanted() {
    let kinds = vec![BinKind::new(vec![9, 12]), BinKind::new(vec![15, 6])];
    let items = [Item { demand: 2, ..Item::new(vec![5, 0]) }];
    let (best, packer) = packed(Problem::new(kinds, &items).unwrap(), 20_000);
    assert_eq!((best.cost, best.bins[0].kind), (1, 1));
    assert!(packer.is_optimal());
}
