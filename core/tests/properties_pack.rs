//! Offline packing against a plain search of everything, on tiny problems.
//!
//! * Every packing is one: nothing over capacity, nothing twice, nothing lost.
//! * The bound is never above the optimum, the packing never below it.
//! * On problems this small the optimum is found.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use warmstow_core::placement::pack::{BinKind, Item, Packer, Problem};

/// The least cost of packing all units, by trying every place of each; `None`
/// where not all can be placed.
fn cheapest(problem: &Problem) -> Option<u64> {
    let mut bins = vec![];
    let mut best = None;
    place(problem, 0, &mut bins, &mut best);
    best
}

fn place(problem: &Problem, unit: u32, bins: &mut Vec<(usize, Vec<i64>)>, best: &mut Option<u64>) {
    let cost: u64 = bins.iter().map(|(kind, _)| problem.kinds()[*kind].cost).sum();
    if best.is_some_and(|best| best <= cost) {
        return;
    }
    if unit as usize == problem.units() {
        *best = Some(cost);
        return;
    }
    let subtract = |free: &[i64], size: &[i64]| -> Option<Vec<i64>> {
        let left: Vec<i64> = free.iter().zip(size).map(|(free, amount)| free - amount).collect();
        left.iter().all(|left| *left >= 0).then_some(left)
    };
    for choice in 0..problem.choices(unit) {
        let size = problem.size(unit, choice);
        for at in 0..bins.len() {
            if let Some(left) = subtract(&bins[at].1, size) {
                let before = core::mem::replace(&mut bins[at].1, left);
                place(problem, unit + 1, bins, best);
                bins[at].1 = before;
            }
        }
        for (kind, spec) in problem.kinds().iter().enumerate() {
            let used = bins.iter().filter(|(used, _)| *used == kind).count();
            if spec.count.is_none_or(|count| used < count as usize)
                && let Some(left) = subtract(&spec.capacity, size)
            {
                bins.push((kind, left));
                place(problem, unit + 1, bins, best);
                bins.pop();
            }
        }
    }
}

fn sizes(dims: usize) -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0_i64..=10, dims)
}

fn problems() -> impl Strategy<Value = Problem> {
    (1_usize..=3).prop_flat_map(|dims| {
        let kind =
            (prop::collection::vec(5_i64..=15, dims), 1_u64..=3, prop::option::of(0_u32..=3));
        let kind = kind.prop_map(|(capacity, cost, count)| BinKind { capacity, cost, count });
        let item = (prop::collection::vec(sizes(dims), 1..=2), 1_u32..=2);
        let item = item.prop_map(|(choices, demand)| Item { choices, demand, kinds: None });
        let all = (prop::collection::vec(kind, 1..=2), prop::collection::vec(item, 1..=4));
        all.prop_map(|(kinds, items)| Problem::new(kinds, &items).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn packings_hold_and_bounds_are_below_the_optimum(problem in problems(), seed in any::<u64>()) {
        let mut packer = Packer::new(problem.clone(), seed);
        packer.advance(1);
        packer.best().verify(&problem).unwrap();
        for _ in 0..10 {
            packer.advance(20_000);
        }
        let best = packer.best();
        best.verify(&problem).unwrap();
        if let Some(optimum) = cheapest(&problem) {
            prop_assert!(best.unplaced.is_empty(), "{} are left out", best.unplaced.len());
            prop_assert!(packer.lower_bound() <= optimum);
            prop_assert_eq!(best.cost, optimum);
        } else {
            prop_assert!(!best.unplaced.is_empty());
        }
    }

    #[test]
    fn one_kind_is_packed_to_the_optimum(
        sizes in prop::collection::vec(prop::collection::vec(1_i64..=9, 2), 1..=7),
        seed in any::<u64>(),
    ) {
        let items: Vec<Item> = sizes.into_iter().map(Item::new).collect();
        let problem = Problem::new(vec![BinKind::new(vec![12, 12])], &items).unwrap();
        let mut packer = Packer::new(problem.clone(), seed);
        for _ in 0..10 {
            packer.advance(20_000);
        }
        packer.best().verify(&problem).unwrap();
        let optimum = cheapest(&problem).unwrap();
        prop_assert!(packer.lower_bound() <= optimum);
        prop_assert_eq!(packer.best().cost, optimum);
    }
}
