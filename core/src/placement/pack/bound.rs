//! Lower bounds that need no search: how much is wanted in all, functions that
//! are dual feasible, and units of which no two share a bin.
//!
//! Dual feasible functions change the amounts of one dimension so that what
//! fitted into a bin still does, and the sum grows (S. Fekete and J.
//! Schepers, "New classes of fast lower bounds for bin packing problems",
//! Mathematical Programming 91, 2001: `u` and the function behind Martello
//! and Toth's L2; J. Carlier, F. Clautiaux and A. Moukrim, "New reduction
//! procedures and lower bounds for the two-dimensional bin packing problem
//! with fixed orientation", Computers & OR 34, 2007: `f_ccm`).

use alloc::vec::Vec;

use super::problem::Problem;
use super::state::within;

/// Most thresholds that are tried in one dimension.
const MAX_THRESHOLDS: usize = 128;
/// The `k` of Fekete and Schepers' `u` up to which it is tried.
const MAX_U: i128 = 12;
/// Most units for which a set that shares no bin is looked for.
const MAX_CLIQUE: usize = 4_096;

/// The units that fit into an empty bin of some kind that they may go into.
pub(super) fn placeable(problem: &Problem) -> Vec<u32> {
    let kinds = 0..u32::try_from(problem.kinds.len()).unwrap_or(0);
    let fits = |unit: &u32| {
        kinds.clone().any(|kind| {
            let capacity = &problem.kinds[kind as usize].capacity;
            let mut choices = 0..problem.choices(*unit);
            problem.count(kind as usize) > 0
                && problem.is_allowed(*unit, kind)
                && choices.any(|choice| within(problem.size(*unit, choice), capacity))
        })
    };
    let units = (0..).take(problem.units());
    // What brings room may make another fit: then no unit is ruled out.
    if problem.has_negative { units.collect() } else { units.filter(fits).collect() }
}

/// The least that any packing of all placeable units costs.
pub(super) fn least_cost(problem: &Problem) -> u64 {
    let units = placeable(problem);
    if units.is_empty() {
        return 0;
    }
    let by_sums = (0..problem.dims).map(|d| cost_of_sum(problem, &units, d)).max().unwrap_or(0);
    let cheapest = problem.kinds.iter().map(|kind| kind.cost).min().unwrap_or(0);
    let bins = if problem.has_negative { 1 } else { least_bins(problem, &units) };
    by_sums.max(bins.saturating_mul(cheapest))
}

/// The least amount of any choice of a unit.
fn least_amount(problem: &Problem, unit: u32, d: usize) -> i64 {
    (0..problem.choices(unit)).map(|choice| problem.size(unit, choice)[d]).min().unwrap_or(0)
}

/// The least that enough of dimension `d` costs, with parts of bins allowed.
fn cost_of_sum(problem: &Problem, units: &[u32], d: usize) -> u64 {
    let mut wanted: i128 =
        units.iter().map(|&unit| i128::from(least_amount(problem, unit, d))).sum();
    let mut kinds: Vec<(i128, i128, u32)> = (0..problem.kinds.len())
        .map(|k| {
            let kind = &problem.kinds[k];
            (i128::from(kind.cost), i128::from(kind.capacity[d]), problem.count(k))
        })
        .filter(|(_, capacity, count)| *capacity > 0 && *count > 0)
        .collect();
    // The cheapest for what it has first.
    kinds.sort_by_key(|a| (a.0 << 64) / a.1);
    let mut cost = 0_i128;
    for (each, capacity, count) in kinds {
        if wanted <= 0 {
            break;
        }
        let bins = i128::from(count).min((wanted + capacity - 1) / capacity);
        let whole = i128::from(count).min(wanted / capacity);
        cost += whole * each;
        if bins > whole {
            // A part of a bin: rounded up where its cost is all that is whole.
            let rest = wanted - whole * capacity;
            cost += (rest * each + capacity - 1) / capacity;
        }
        wanted -= bins * capacity;
    }
    u64::try_from(cost.max(0)).unwrap_or(u64::MAX)
}

/// The fewest bins of the largest capacities.
fn least_bins(problem: &Problem, units: &[u32]) -> u64 {
    let mut bins = 1;
    for d in 0..problem.dims {
        let capacity = i128::from(problem.largest[d]);
        if capacity == 0 {
            continue;
        }
        let amounts: Vec<i128> =
            units.iter().map(|&unit| i128::from(least_amount(problem, unit, d))).collect();
        bins = bins.max(by_functions(&amounts, capacity));
    }
    bins.max(clique(problem, units))
}

/// The best of the dual feasible functions, in bins.
fn by_functions(amounts: &[i128], capacity: i128) -> u64 {
    let mut thresholds: Vec<i128> =
        amounts.iter().copied().filter(|amount| *amount > 0 && 2 * amount <= capacity).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    let every = thresholds.len().div_ceil(MAX_THRESHOLDS).max(1);
    let mut best = 0;
    let mut raise = |sum: i128, whole: i128| best = best.max((sum + whole - 1) / whole);
    for k in 1..=MAX_U {
        raise(amounts.iter().map(|&x| u(x, k, capacity)).sum(), k * capacity);
    }
    for &threshold in thresholds.iter().step_by(every) {
        raise(amounts.iter().map(|&x| zeroed(x, threshold, capacity)).sum(), capacity);
        let whole = 2 * (capacity / threshold);
        raise(amounts.iter().map(|&x| f_ccm(x, threshold, capacity)).sum(), whole);
    }
    u64::try_from(best).unwrap_or(0)
}

/// `u^(k)`, times `k`: fractions of 1/k that are not exact are rounded down.
fn u(x: i128, k: i128, capacity: i128) -> i128 {
    let scaled = (k + 1) * x;
    if scaled % capacity == 0 { k * x } else { (scaled / capacity) * capacity }
}

/// More than `capacity - threshold` counts as a whole bin, less than
/// `threshold` as nothing.
fn zeroed(x: i128, threshold: i128, capacity: i128) -> i128 {
    if x > capacity - threshold {
        capacity
    } else if x < threshold {
        0
    } else {
        x
    }
}

fn f_ccm(x: i128, threshold: i128, capacity: i128) -> i128 {
    if 2 * x > capacity {
        2 * (capacity / threshold - (capacity - x).max(0) / threshold)
    } else if 2 * x == capacity {
        capacity / threshold
    } else {
        2 * (x / threshold)
    }
}

/// How many units were found of which no two fit into a bin together.
fn clique(problem: &Problem, units: &[u32]) -> u64 {
    if units.len() > MAX_CLIQUE {
        return 1;
    }
    let mut sorted: Vec<u32> = units.to_vec();
    sorted.sort_by_key(|&unit| core::cmp::Reverse(problem.least_weight(unit)));
    let mut clique: Vec<u32> = Vec::new();
    for unit in sorted {
        let apart = |other: &u32| {
            (0..problem.dims).any(|d| {
                let both = least_amount(problem, unit, d) + least_amount(problem, *other, d);
                both > problem.largest[d]
            })
        };
        if clique.iter().all(apart) {
            clique.push(unit);
        }
    }
    clique.len() as u64
}
