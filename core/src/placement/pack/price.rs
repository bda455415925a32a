//! The bin worth most, where every item has a price: a knapsack of several
//! dimensions, solved by branch and bound.
//!
//! All in integers, so that what it proves is proven. The bound is that of
//! Lagrange: for any charges on the dimensions, a bin is worth at most the
//! charges for its whole capacity plus what each item is worth above its own
//! charge. Sizes count for the charge as shares of 2^20, rounded down.

use alloc::vec;
use alloc::vec::Vec;

use super::simplex::Column;
use super::state::within;

/// A price of 1.
pub(super) const ONE: i64 = 1 << 20;
/// Bits behind the point of a share and of a charge.
const POINT: u32 = 20;
/// The whole of a dimension, in shares.
const WHOLE: i64 = 1 << POINT;
/// Most items in a bin that is searched to the end.
const MAX_DEPTH: usize = 256;

/// The items to choose from, for one kind of bin.
#[derive(Clone, Debug)]
pub(super) struct Knapsack {
    dims: usize,
    pub(super) capacity: Vec<i64>,
    /// The sizes, `dims` amounts each.
    pub(super) sizes: Vec<i64>,
    /// The sizes as shares, rounded down.
    shares: Vec<i64>,
}

/// The best bin that was found, and what none can exceed.
#[derive(Clone, Debug)]
pub(super) struct Priced {
    pub(super) column: Column,
    /// No bin is worth more than this.
    pub(super) most: i64,
    pub(super) work: u64,
}

/// One row as the search sees it.
#[derive(Clone, Copy)]
struct Candidate {
    row: u32,
    price: i64,
    count: u32,
    charge: i64,
}

struct Search<'k> {
    knapsack: &'k Knapsack,
    candidates: Vec<Candidate>,
    /// What the candidates from each on are worth above their charges.
    above: Vec<i64>,
    /// The largest price for its charge from each on, in 2^-POINT.
    dearest: Vec<i64>,
    /// What is free at each depth, `dims` amounts each.
    free: Vec<i64>,
    taken: Vec<u32>,
    best: Vec<u32>,
    best_worth: i64,
    nodes: u64,
    limit: u64,
    /// The largest bound of what was left out for want of nodes.
    open: i64,
}

impl Knapsack {
    pub(super) fn new(capacity: Vec<i64>, sizes: Vec<i64>) -> Self {
        let dims = capacity.len();
        let share = |(at, &amount): (usize, &i64)| {
            let whole = i128::from(capacity[at % dims].max(1));
            let share = i128::from(amount) * i128::from(WHOLE) / whole;
            i64::try_from(share).unwrap_or(WHOLE).min(WHOLE)
        };
        let shares = sizes.iter().enumerate().map(share).collect();
        Self { dims, capacity, sizes, shares }
    }

    pub(super) fn size(&self, row: u32) -> &[i64] {
        &self.sizes[row as usize * self.dims..][..self.dims]
    }

    fn shares(&self, row: u32) -> &[i64] {
        &self.shares[row as usize * self.dims..][..self.dims]
    }

    /// The bin worth most at `prices` (in parts of [`ONE`], from 0 to it), of
    /// at most `count` of each row. At most `limit` nodes are looked at, and
    /// worths up to `floor` are of no interest. `charges` may be any from 0;
    /// good ones make it quick.
    pub(super) fn solve(
        &self,
        prices: &[i64],
        count: &[u32],
        charges: &[i64],
        floor: i64,
        limit: u64,
    ) -> Priced {
        let mut candidates = candidates(prices, count);
        for candidate in &mut candidates {
            let shares = self.shares(candidate.row).iter().zip(charges);
            candidate.charge = shares.map(|(share, charge)| share * charge).sum::<i64>() >> POINT;
        }
        // What is worth most above its charge first; else by its number.
        candidates.sort_unstable_by_key(|c| (c.charge - c.price, c.row));
        let mut search = Search {
            knapsack: self,
            above: suffix_sums(&candidates),
            dearest: suffix_ratios(&candidates),
            free: self.capacity.clone(),
            taken: vec![],
            best: vec![],
            best_worth: floor,
            nodes: 0,
            limit,
            open: 0,
            candidates,
        };
        search.visit(0, 0, charges.iter().sum());
        let mut column: Column = vec![];
        search.best.sort_unstable();
        for &row in &search.best {
            match column.last_mut() {
                Some((last, count)) if *last == row => *count += 1,
                _ => column.push((row, 1)),
            }
        }
        let work = search.nodes * 2 + 4 * prices.len() as u64;
        Priced { column, most: search.best_worth.max(search.open), work }
    }

    /// Charges to begin with.
    pub(super) fn first_charges(&self) -> Vec<i64> {
        vec![ONE / i64::try_from(self.dims).unwrap_or(1); self.dims]
    }

    /// Moves the charges towards those that make the bound least, by `steps`
    /// shrinking steps of the subgradient method.
    pub(super) fn improve_charges(
        &self,
        prices: &[i64],
        count: &[u32],
        charges: &mut Vec<i64>,
        steps: u32,
    ) {
        let candidates = candidates(prices, count);
        let (mut best, mut least) = (charges.clone(), i64::MAX);
        let mut step = ONE / 2 / i64::try_from(self.dims).unwrap_or(1);
        for _ in 0..steps {
            let mut bound: i64 = charges.iter().sum();
            let mut slope = vec![WHOLE; self.dims];
            for c in &candidates {
                let shares = self.shares(c.row);
                let charge: i64 = shares.iter().zip(charges.iter()).map(|(s, c)| s * c).sum();
                let above = c.price - (charge >> POINT);
                if above > 0 {
                    let count = i64::from(c.count);
                    bound += above.saturating_mul(count);
                    let each = slope.iter_mut().zip(shares);
                    each.for_each(|(slope, share)| *slope -= share.saturating_mul(count));
                }
            }
            if bound < least {
                least = bound;
                best.copy_from_slice(charges);
            }
            let norm = slope.iter().map(|slope| slope.abs()).max().unwrap_or(1).max(1);
            for (charge, slope) in charges.iter_mut().zip(&slope) {
                let change = i128::from(step) * i128::from(*slope) / i128::from(norm);
                *charge = (*charge - i64::try_from(change).unwrap_or(0)).max(0);
            }
            step -= step / 4;
        }
        *charges = best;
    }
}

fn candidates(prices: &[i64], count: &[u32]) -> Vec<Candidate> {
    let rows = (0_u32..).zip(prices).zip(count);
    rows.filter(|((_, price), count)| **price > 0 && **count > 0)
        .map(|((row, &price), &count)| Candidate { row, price, count, charge: 0 })
        .collect()
}

fn suffix_sums(candidates: &[Candidate]) -> Vec<i64> {
    let mut sums = vec![0; candidates.len() + 1];
    for (at, c) in candidates.iter().enumerate().rev() {
        // The charge was rounded down, so this is no less than what is meant.
        let above = (c.price - c.charge).max(0).saturating_mul(i64::from(c.count));
        sums[at] = above.saturating_add(sums[at + 1]);
    }
    sums
}

fn suffix_ratios(candidates: &[Candidate]) -> Vec<i64> {
    let mut ratios = vec![0; candidates.len() + 1];
    for (at, c) in candidates.iter().enumerate().rev() {
        let ratio = if c.charge > 0 { (c.price << POINT) / c.charge + 1 } else { i64::MAX };
        ratios[at] = ratio.max(ratios[at + 1]);
    }
    ratios
}

impl Search<'_> {
    /// The best of what can be added from candidate `from` on to what is
    /// taken, worth `worth`, with `charge` of the capacity left.
    fn visit(&mut self, from: usize, worth: i64, charge: i64) {
        if worth > self.best_worth {
            self.best_worth = worth;
            self.best.clone_from(&self.taken);
        }
        let dims = self.knapsack.dims;
        let depth = self.taken.len();
        let mut taken_of_last = self
            .taken
            .iter()
            .rev()
            .take_while(|row| self.candidates.get(from).is_some_and(|c| c.row == **row))
            .count();
        for at in from..self.candidates.len() {
            let c = self.candidates[at];
            let bound = worth.saturating_add(self.bound(at, charge));
            if bound <= self.best_worth {
                return;
            }
            if self.nodes >= self.limit || depth >= MAX_DEPTH {
                self.open = self.open.max(bound);
                return;
            }
            self.nodes += 1;
            let taken = core::mem::take(&mut taken_of_last);
            let free = &self.free[depth * dims..][..dims];
            let size = self.knapsack.size(c.row);
            if taken >= c.count as usize || !within(size, free) {
                continue;
            }
            self.free.truncate((depth + 1) * dims);
            self.free.extend_from_within(depth * dims..);
            let next = &mut self.free[(depth + 1) * dims..];
            next.iter_mut().zip(size).for_each(|(free, amount)| *free -= amount);
            self.taken.push(c.row);
            self.visit(at, worth + c.price, charge - c.charge);
            self.taken.pop();
        }
    }

    fn bound(&self, at: usize, charge: i64) -> i64 {
        // All that can still be added has at most that charge.
        let above = charge.saturating_add(self.above[at]);
        let ratio = self.dearest[at];
        if ratio == i64::MAX {
            return above;
        }
        let by_ratio = (i128::from(charge.max(0)) * i128::from(ratio)) >> POINT;
        above.min(i64::try_from(by_ratio).unwrap_or(i64::MAX).saturating_add(1))
    }
}
