//! The pieces alone: the simplex method, the knapsack, the bounds.

use alloc::vec;
use alloc::vec::Vec;

use super::super::bound::least_cost;
use super::super::price::{Knapsack, ONE};
use super::super::simplex::Simplex;
use super::{BinKind, Item, Problem, simple};
use crate::rng::Rng;

#[test]
fn the_simplex_method_finds_a_fractional_optimum() {
    // Three rows of which each column covers two: 1.5 columns are enough.
    let columns = vec![vec![(0, 1), (1, 1)], vec![(1, 1), (2, 1)], vec![(0, 1), (2, 1)]];
    let mut simplex = Simplex::new(&[1, 1, 1]);
    for _ in 0..3 {
        for (number, column) in (0..).zip(&columns) {
            simplex.enter(number, column);
        }
        simplex.settle(&columns);
    }
    assert!((simplex.value() - 1.5).abs() < 1e-9, "{}", simplex.value());
    assert!(simplex.y.iter().all(|price| (price - 0.5).abs() < 1e-9));
}

#[test]
fn inverting_anew_changes_nothing() {
    let columns = vec![vec![(0, 2), (1, 1)], vec![(1, 1), (2, 3)]];
    let mut simplex = Simplex::new(&[4, 5, 6]);
    simplex.enter(0, &columns[0]);
    simplex.enter(1, &columns[1]);
    simplex.settle(&columns);
    let before = (simplex.value(), simplex.y.clone());
    simplex.invert(&columns);
    simplex.settle(&columns);
    assert!((simplex.value() - before.0).abs() < 1e-9);
    assert!(simplex.y.iter().zip(&before.1).all(|(a, b)| (a - b).abs() < 1e-9));
}

/// The worth of the dearest bin, by trying every set of up to eight units.
fn dearest(sizes: &[Vec<i64>], prices: &[i64], capacity: &[i64]) -> i64 {
    let fits = |set: u32, d: usize| {
        let sum: i64 =
            (0..sizes.len()).filter(|at| set >> at & 1 == 1).map(|at| sizes[at][d]).sum();
        sum <= capacity[d]
    };
    let sets = (0..1_u32 << sizes.len()).filter(|set| (0..capacity.len()).all(|d| fits(*set, d)));
    sets.map(|set| (0..sizes.len()).filter(|at| set >> at & 1 == 1).map(|at| prices[at]).sum())
        .max()
        .unwrap()
}

#[test]
fn the_knapsack_agrees_with_trying_every_set() {
    let mut rng = Rng::new(11);
    for _ in 0..300 {
        let dims = 1 + usize::try_from(rng.below(3)).unwrap();
        let capacity = vec![50; dims];
        let mut draw = |below: u64| i64::try_from(rng.below(below)).unwrap();
        let sizes: Vec<Vec<i64>> = (0..8).map(|_| (0..dims).map(|_| draw(31)).collect()).collect();
        let prices: Vec<i64> = (0..8).map(|_| draw(1 << 20)).collect();
        let knapsack = Knapsack::new(capacity.clone(), sizes.concat());
        let mut charges = knapsack.first_charges();
        knapsack.improve_charges(&prices, &[1; 8], &mut charges, 20);
        let priced = knapsack.solve(&prices, &[1; 8], &charges, 0, 1 << 20);
        let expected = dearest(&sizes, &prices, &capacity);
        assert_eq!(priced.most, expected);
        let worth: i64 = priced.column.iter().map(|&(row, _)| prices[row as usize]).sum();
        assert_eq!(worth, expected);
        // A search that is cut off still gives a bound.
        let cut = knapsack.solve(&prices, &[1; 8], &charges, ONE / 2, 3);
        assert!(cut.most >= expected);
    }
}

#[test]
fn bounds_of_one_dimension_see_what_sums_do_not() {
    // Five of 51 need five bins, however little they are in sum.
    let halves: [&[i64]; 5] = [&[51], &[51], &[51], &[51], &[51]];
    assert_eq!(least_cost(&simple(&[100], &halves)), 5);
    // Three of 34 and three of 34 are 2.04 bins in sum, and two fit together.
    let thirds: [&[i64]; 6] = [&[34]; 6];
    assert_eq!(least_cost(&simple(&[100], &thirds)), 3);
}

#[test]
fn units_that_exclude_each_other_in_different_dimensions_are_counted() {
    let sizes: [&[i64]; 3] = [&[60, 1, 60], &[60, 60, 1], &[1, 60, 60]];
    assert_eq!(least_cost(&simple(&[100, 100, 100], &sizes)), 3);
}

#[test]
fn the_least_cost_takes_the_cheapest_capacity_as_far_as_it_goes() {
    let kinds = vec![
        BinKind { cost: 2, count: Some(1), ..BinKind::new(vec![10]) },
        BinKind { cost: 5, ..BinKind::new(vec![10]) },
    ];
    let items = [Item { demand: 4, ..Item::new(vec![4]) }];
    // 16: one bin for 2, and six tenths of one for 5.
    assert_eq!(least_cost(&Problem::new(kinds, &items).unwrap()), 5);
}
