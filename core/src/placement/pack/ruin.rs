//! Cheaper bins: some are emptied, their units packed anew, and each bin gets
//! the cheapest kind that holds what is in it.
//!
//! Ruin and recreate (G. Schrimpf, J. Schneider, H. Stamm-Wilbrandt and G.
//! Dueck, "Record Breaking Optimization Results Using the Ruin and Recreate
//! Principle", Journal of Computational Physics 159, 2000), for kinds of bins
//! that differ in cost, and units that may choose their size.

use alloc::vec::Vec;

use super::greedy::{OPENS, Pass, preferred};
use super::packing::Packing;
use super::problem::Problem;
use super::state::{NOWHERE, State, within};
use crate::rng::Rng;

/// Most bins that are emptied at once.
const MAX_RUINS: u64 = 4;

/// The search from a packing on.
#[derive(Clone, Debug)]
pub(super) struct Ruin {
    state: State,
    now: Packing,
    /// The kinds in the order of each rule.
    orders: [Vec<u32>; OPENS.len()],
    rng: Rng,
    pub(super) work: u64,
}

impl Ruin {
    pub(super) fn new(problem: &Problem, packing: &Packing, seed: u64) -> Self {
        let state = State::of(problem, packing);
        let orders = OPENS.map(|open| preferred(problem, open));
        Self { state, now: packing.clone(), orders, rng: Rng::new(seed), work: 0 }
    }

    /// Ruins and recreates once; the packing, if it is better than any before.
    pub(super) fn round(&mut self, problem: &Problem) -> Option<Packing> {
        let before = self.state.clone();
        let bins = self.state.bins() as u64;
        let mut pool = self.now.unplaced.clone();
        for _ in 0..=self.rng.below(MAX_RUINS.min(bins)) {
            let left = self.state.bins() as u64;
            if left == 0 {
                break;
            }
            let bin = u32::try_from(self.rng.below(left)).unwrap_or(0);
            for unit in self.state.members[bin as usize].clone() {
                self.state.take(problem, unit);
                pool.push(unit);
            }
            self.state.close(bin);
        }
        // The heavy first, more or less.
        let mut keyed: Vec<(u64, u32)> = pool
            .into_iter()
            .map(|unit| (problem.least_weight(unit) * (8 + self.rng.below(5)), unit))
            .collect();
        keyed.sort_unstable_by(|a, b| b.cmp(a));
        let rule = usize::try_from(self.rng.below(self.orders.len() as u64)).unwrap_or(0);
        let kinds = self.orders[rule].clone();
        let mut pass = Pass::new(problem, kinds, &self.state);
        let best = self.rng.below(4) > 0;
        pass.light = self.rng.below(2) > 0;
        if self.rng.below(4) == 0 {
            pass.rng = Some(Rng::new(self.rng.next_u64()));
        }
        for (_, unit) in keyed {
            pass.place(&mut self.state, unit, best);
        }
        self.work += pass.work + problem.units() as u64 / 4;
        shrink(problem, &mut self.state);
        let packing = self.state.packing(problem);
        if self.now.beats(&packing) {
            self.state = before;
            return None;
        }
        let better = packing.beats(&self.now);
        self.now = packing;
        better.then(|| self.now.clone())
    }
}

/// Gives each bin the cheapest kind that holds what is in it.
pub(super) fn shrink(problem: &Problem, state: &mut State) {
    let kinds = u32::try_from(problem.kinds.len()).unwrap_or(NOWHERE);
    if kinds < 2 {
        return;
    }
    let mut used = alloc::vec![0_u32; problem.kinds.len()];
    state.kind.iter().for_each(|&kind| used[kind as usize] += 1);
    for bin in 0..u32::try_from(state.bins()).unwrap_or(0) {
        let own = state.kind[bin as usize];
        let capacity = &problem.kinds[own as usize].capacity;
        let load: Vec<i64> =
            capacity.iter().zip(state.free(bin)).map(|(capacity, free)| capacity - free).collect();
        let cost = |kind: u32| problem.kinds[kind as usize].cost;
        let members = &state.members[bin as usize];
        let suits = |kind: &u32| {
            cost(*kind) < cost(own)
                && used[*kind as usize] < problem.count(*kind as usize)
                && within(&load, &problem.kinds[*kind as usize].capacity)
                && members.iter().all(|&unit| problem.is_allowed(unit, *kind))
        };
        if let Some(kind) = (0..kinds).filter(suits).min_by_key(|&kind| (cost(kind), kind)) {
            used[own as usize] -= 1;
            used[kind as usize] += 1;
            state.turn_into(problem, bin, kind);
        }
    }
}
