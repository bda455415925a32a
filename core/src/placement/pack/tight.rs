//! Packings of three to a bin with next to nothing left over.
//!
//! Where there are at most three units for each bin of the lower bound, what
//! the bins may leave free in all is known: their capacity less the sizes.
//! Only pairs and triples that leave no more than that can be bins. They are
//! listed (of two units the third is looked up by its first amount), and units
//! are covered by them exactly once by depth-first search, always the unit
//! with the fewest that are left (as D. Knuth's "Dancing Links", 2000, does).

use alloc::vec;
use alloc::vec::Vec;

use super::packing::{Packing, UsedBin};
use super::problem::Problem;
use crate::rng::Rng;

/// Most units for which triples are listed: it takes the square of them.
const MAX_UNITS: usize = 1_200;
/// Most sets that are listed, and sizes compared to find them.
const MAX_SETS: usize = 400_000;
const MAX_LOOKS: u64 = 100_000_000;
/// Nodes of the first search; each further one has half as many more.
const FIRST_NODES: u64 = 2_000;
const NONE: u32 = u32::MAX;

/// A bin to be: up to three units, [`NONE`] where there are fewer.
type Set = [u32; 3];

/// The search for an exact cover.
#[derive(Clone, Debug)]
pub(super) struct Tight {
    sets: Vec<Set>,
    /// The sets of each unit.
    sets_of: Vec<Vec<u32>>,
    /// How many units of each set are covered.
    blocked: Vec<u8>,
    /// How many sets of each unit are not blocked.
    open: Vec<u32>,
    covered: Vec<bool>,
    stack: Vec<Frame>,
    nodes: u64,
    limit: u64,
    rng: Rng,
    pub(super) work: u64,
    /// What may be left free in all yet, in each dimension.
    slack: Vec<i64>,
}

/// A unit that was to be covered, and the sets that are to be tried.
#[derive(Clone, Debug)]
struct Frame {
    sets: Vec<u32>,
    /// The one that is tried, if any.
    chosen: Option<u32>,
}

/// How a search goes on.
#[derive(Clone, Debug)]
pub(super) enum Covered {
    /// Another step.
    On,
    /// There is no such packing among the listed sets.
    Never,
    /// Everything is packed.
    Done(Packing),
}

impl Tight {
    /// The search for a packing into `bins` bins of the one kind there is;
    /// `None` where the problem is of another form, or too large.
    pub(super) fn new(problem: &Problem, bins: u64, seed: u64) -> Option<Self> {
        let units = problem.units();
        let simple =
            problem.kinds.len() == 1 && problem.has_one_choice() && !problem.is_restricted();
        let least = u64::try_from(units).ok()?.div_ceil(3);
        let is_triples = least <= bins && 2 * bins < units as u64;
        let enough = bins <= u64::from(problem.count(0));
        if !simple || !(6..=MAX_UNITS).contains(&units) || !is_triples || !enough {
            return None;
        }
        let capacity = &problem.kinds[0].capacity;
        let slack: Vec<i64> = (0..problem.dims)
            .map(|d| {
                let sizes = (0..).take(units).map(|unit| problem.size(unit, 0)[d]);
                capacity[d].saturating_mul(i64::try_from(bins).unwrap_or(i64::MAX))
                    - sizes.sum::<i64>()
            })
            .collect();
        if slack.iter().any(|slack| *slack < 0) {
            return None;
        }
        let sets = Listing::new(problem, &slack, units as u64 == 3 * bins).list()?;
        let mut sets_of = vec![vec![]; units];
        for (number, set) in (0_u32..).zip(&sets) {
            set.iter().filter(|u| **u != NONE).for_each(|&u| sets_of[u as usize].push(number));
        }
        Some(Self {
            blocked: vec![0; sets.len()],
            open: sets_of.iter().map(|own| u32::try_from(own.len()).unwrap_or(NONE)).collect(),
            covered: vec![false; units],
            stack: vec![],
            nodes: 0,
            limit: FIRST_NODES,
            rng: Rng::new(seed),
            work: units as u64 * units as u64,
            slack,
            sets,
            sets_of,
        })
    }

    /// Covers one unit more, or goes back.
    pub(super) fn step(&mut self, problem: &Problem) -> Covered {
        self.nodes += 1;
        if self.nodes > self.limit {
            self.restart(problem);
        }
        // What has the fewest sets left; of several any.
        let mut found: Option<(u32, usize)> = None;
        let units = self.covered.len();
        let from = usize::try_from(self.rng.below(units as u64)).unwrap_or(0);
        for at in (from..units).chain(0..from) {
            if !self.covered[at] && found.is_none_or(|(least, _)| self.open[at] < least) {
                found = Some((self.open[at], at));
            }
        }
        self.work += units as u64 / 8 + 1;
        let Some((open, unit)) = found else { return Covered::Done(self.packing(problem)) };
        if open > 0 {
            let own = self.sets_of[unit].iter().copied();
            let mut sets: Vec<u32> = own.filter(|set| self.blocked[*set as usize] == 0).collect();
            // Any order; sets that shut out the fewest others last, so first tried.
            for i in (1..sets.len()).rev() {
                sets.swap(i, usize::try_from(self.rng.below(i as u64 + 1)).unwrap_or(0));
            }
            sets.sort_by_key(|set| core::cmp::Reverse(self.shut_out(*set)));
            self.stack.push(Frame { sets, chosen: None });
        }
        if self.advance(problem) { Covered::On } else { Covered::Never }
    }

    /// How many sets a set would shut out, about.
    fn shut_out(&self, set: u32) -> u64 {
        let units = self.sets[set as usize].iter().filter(|unit| **unit != NONE);
        units.map(|unit| u64::from(self.open[*unit as usize])).sum()
    }

    /// Tries the next set, of the last unit that has one; whether there is.
    fn advance(&mut self, problem: &Problem) -> bool {
        while let Some(mut frame) = self.stack.pop() {
            if let Some(set) = frame.chosen.take() {
                self.put_back(problem, set);
            }
            while let Some(set) = frame.sets.pop() {
                if self.choose(problem, set) {
                    frame.chosen = Some(set);
                    self.stack.push(frame);
                    return true;
                }
            }
        }
        false
    }

    fn restart(&mut self, problem: &Problem) {
        while let Some(frame) = self.stack.pop() {
            if let Some(set) = frame.chosen {
                self.put_back(problem, set);
            }
        }
        self.nodes = 0;
        self.limit += self.limit / 2;
    }

    fn units(&self, set: u32) -> impl Iterator<Item = u32> + use<> {
        self.sets[set as usize].into_iter().filter(|unit| *unit != NONE)
    }

    /// Covers the units of a set, unless that leaves too much free.
    fn choose(&mut self, problem: &Problem, set: u32) -> bool {
        let left = self.left(problem, set);
        if left.iter().zip(&self.slack).any(|(left, slack)| left > slack) {
            return false;
        }
        self.slack.iter_mut().zip(&left).for_each(|(slack, left)| *slack -= left);
        for unit in self.units(set) {
            self.covered[unit as usize] = true;
            for at in 0..self.sets_of[unit as usize].len() {
                let other = self.sets_of[unit as usize][at];
                self.blocked[other as usize] += 1;
                if self.blocked[other as usize] == 1 {
                    self.units(other).for_each(|unit| self.open[unit as usize] -= 1);
                }
            }
            self.work += self.sets_of[unit as usize].len() as u64;
        }
        true
    }

    fn put_back(&mut self, problem: &Problem, set: u32) {
        let left = self.left(problem, set);
        self.slack.iter_mut().zip(&left).for_each(|(slack, left)| *slack += left);
        for unit in self.units(set) {
            self.covered[unit as usize] = false;
            for at in 0..self.sets_of[unit as usize].len() {
                let other = self.sets_of[unit as usize][at];
                self.blocked[other as usize] -= 1;
                if self.blocked[other as usize] == 0 {
                    self.units(other).for_each(|unit| self.open[unit as usize] += 1);
                }
            }
        }
    }

    /// What a set leaves free of a bin.
    fn left(&self, problem: &Problem, set: u32) -> Vec<i64> {
        let mut left = problem.kinds[0].capacity.clone();
        for unit in self.units(set) {
            left.iter_mut().zip(problem.size(unit, 0)).for_each(|(left, amount)| *left -= amount);
        }
        left
    }

    fn packing(&self, problem: &Problem) -> Packing {
        let mut packing = Packing::default();
        for set in self.stack.iter().filter_map(|frame| frame.chosen) {
            let mut units: Vec<(u32, u8)> = self.units(set).map(|unit| (unit, 0)).collect();
            units.sort_unstable();
            packing.bins.push(UsedBin { kind: 0, units });
            packing.cost += problem.kinds[0].cost;
        }
        packing
    }
}

/// The listing of the sets.
struct Listing<'p> {
    problem: &'p Problem,
    slack: &'p [i64],
    triples_only: bool,
    /// The units by their first amount.
    sorted: Vec<u32>,
    looks: u64,
    sets: Vec<Set>,
}

impl<'p> Listing<'p> {
    fn new(problem: &'p Problem, slack: &'p [i64], triples_only: bool) -> Self {
        let mut sorted: Vec<u32> = (0..).take(problem.units()).collect();
        sorted.sort_unstable_by_key(|&unit| (problem.size(unit, 0)[0], unit));
        Self { problem, slack, triples_only, sorted, looks: 0, sets: vec![] }
    }

    fn first(&self, at: usize) -> i64 {
        self.problem.size(self.sorted[at], 0)[0]
    }

    /// Every set that leaves no more than the slack; `None`: too many.
    fn list(mut self) -> Option<Vec<Set>> {
        let capacity = &self.problem.kinds[0].capacity;
        let count = self.sorted.len();
        for i in 0..count {
            // As the second grows, the third shrinks.
            let mut end = count;
            for j in i + 1..count {
                let left = capacity[0] - self.first(i) - self.first(j);
                while end > 0 && self.first(end - 1) > left {
                    end -= 1;
                }
                if !self.triples_only {
                    self.admit([self.sorted[i], self.sorted[j], NONE]);
                }
                let mut k = end;
                while k > j + 1 && self.first(k - 1) >= left - self.slack[0] {
                    k -= 1;
                    self.admit([self.sorted[i], self.sorted[j], self.sorted[k]]);
                }
                if self.sets.len() > MAX_SETS || self.looks > MAX_LOOKS {
                    return None;
                }
            }
        }
        Some(self.sets)
    }

    fn admit(&mut self, set: Set) {
        self.looks += 1;
        let units = || set.iter().filter(|unit| **unit != NONE);
        let fits = (0..self.problem.dims).all(|d| {
            let sum: i64 = units().map(|&unit| self.problem.size(unit, 0)[d]).sum();
            let left = self.problem.kinds[0].capacity[d] - sum;
            (0..=self.slack[d]).contains(&left)
        });
        if fits {
            self.sets.push(set);
        }
    }
}
