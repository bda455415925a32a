//! Fewer bins: one is dissolved, and its units are forced into the others,
//! where they eject what is easier to place.
//!
//! Guided ejection search (Y. Nagata and O. Bräysy, "A powerful route
//! minimization heuristic for the vehicle routing problem with time windows",
//! Operations Research Letters 37, 2009), carried over to vectors. The units
//! without a bin form a stack. The top one goes into a bin with room; where
//! there is none, its penalty grows, and it goes where the units that must
//! leave have the least penalties in sum. Units that come back again and again
//! so become those that stay. Random moves between bins in between keep the
//! search from going in circles.

use alloc::vec::Vec;

use super::problem::Problem;
use super::state::{NOWHERE, State};
use crate::rng::Rng;

/// The search for a packing of all units into a given set of bins.
#[derive(Clone, Debug)]
pub(super) struct Eject {
    pub(super) state: State,
    /// The units in no bin.
    pool: Vec<u32>,
    penalty: Vec<u64>,
    rng: Rng,
    pub(super) work: u64,
}

/// What must leave a bin so that a unit may enter.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    cost: u64,
    bin: u32,
    choice: u8,
    out: [u32; 3],
}

impl Eject {
    /// The search for places for the units of `pool`, which are in no bin.
    pub(super) fn new(problem: &Problem, state: State, mut pool: Vec<u32>, seed: u64) -> Self {
        let units = 0..u32::try_from(problem.units()).unwrap_or(NOWHERE);
        let penalty = units.map(|unit| problem.least_weight(unit)).collect();
        pool.sort_unstable_by_key(|&unit| problem.least_weight(unit));
        Self { state, pool, penalty, rng: Rng::new(seed), work: 0 }
    }

    /// The search that dissolves the bin which is least used for its cost.
    pub(super) fn dissolve(problem: &Problem, mut state: State, seed: u64) -> Option<Self> {
        let used = |bin: &u32| {
            let members = state.members[*bin as usize].iter();
            let weight: u64 = members.map(|&unit| problem.least_weight(unit)).sum();
            let cost = problem.kinds[state.kind[*bin as usize] as usize].cost;
            (weight / cost.max(1), *bin)
        };
        let bin = (0..u32::try_from(state.bins()).unwrap_or(0)).min_by_key(used)?;
        let pool = state.members[bin as usize].clone();
        for &unit in &pool {
            state.take(problem, unit);
        }
        state.close(bin);
        Some(Self::new(problem, state, pool, seed))
    }

    /// How many units have no place.
    pub(super) fn homeless(&self) -> usize {
        self.pool.len()
    }

    /// Places the unit on top of the stack.
    pub(super) fn round(&mut self, problem: &Problem) {
        let Some(unit) = self.pool.pop() else { return };
        if self.insert(problem, unit) {
            return;
        }
        self.penalty[unit as usize] += problem.least_weight(unit) / GROWTH + 1;
        let Some(found) = self.least_exchange(problem, unit) else {
            // It fits into no bin, however empty.
            self.pool.insert(0, unit);
            return;
        };
        for out in found.out.into_iter().filter(|out| *out != NOWHERE) {
            self.state.take(problem, out);
            self.pool.push(out);
        }
        self.state.put(problem, unit, found.choice, found.bin);
        self.stir(problem);
    }

    fn bins(&self) -> u32 {
        u32::try_from(self.state.bins()).unwrap_or(NOWHERE)
    }

    fn draw(&mut self, below: u32) -> u32 {
        u32::try_from(self.rng.below(u64::from(below))).unwrap_or(0)
    }

    /// Puts `unit` into some bin with room.
    fn insert(&mut self, problem: &Problem, unit: u32) -> bool {
        let bins = self.bins();
        let from = self.draw(bins.max(1));
        for choice in 0..problem.choices(unit) {
            let size = problem.size(unit, choice);
            self.work += u64::from(bins);
            for bin in (from..bins).chain(0..from) {
                if self.state.fits(size, bin)
                    && problem.is_allowed(unit, self.state.kind[bin as usize])
                {
                    self.state.put(problem, unit, choice, bin);
                    return true;
                }
            }
        }
        false
    }

    fn least_exchange(&mut self, problem: &Problem, unit: u32) -> Option<Exchange> {
        let bins = self.bins();
        let from = self.draw(bins.max(1));
        let mut best: Option<Exchange> = None;
        for bin in (from..bins).chain(0..from) {
            if !problem.is_allowed(unit, self.state.kind[bin as usize]) {
                continue;
            }
            for choice in 0..problem.choices(unit) {
                self.exchange_in(problem, unit, choice, bin, &mut best);
            }
        }
        best
    }

    /// Improves `best` by what up to three units of `bin` would make room for.
    fn exchange_in(
        &mut self,
        problem: &Problem,
        unit: u32,
        choice: u8,
        bin: u32,
        best: &mut Option<Exchange>,
    ) {
        let size = problem.size(unit, choice);
        let state = &self.state;
        let mut lack = [0_i64; super::problem::MAX_DIMENSIONS];
        let lack = &mut lack[..problem.dims];
        for ((lack, amount), free) in lack.iter_mut().zip(size).zip(state.free(bin)) {
            *lack = amount - free;
        }
        let members = &state.members[bin as usize];
        let mut least = best.map_or(u64::MAX, |best| best.cost);
        let mut work = 0;
        let mut found: Option<[u32; 3]> = None;
        let gives = |units: &[u32]| {
            (0..lack.len()).all(|d| {
                units.iter().map(|&unit| state.size(problem, unit)[d]).sum::<i64>() >= lack[d]
            })
        };
        for (i, &a) in members.iter().enumerate() {
            let cost_a = self.penalty[a as usize];
            if cost_a >= least {
                continue;
            }
            work += 1;
            if gives(&[a]) {
                least = cost_a;
                found = Some([a, NOWHERE, NOWHERE]);
                continue;
            }
            for (j, &b) in members.iter().enumerate().skip(i + 1) {
                let cost_b = cost_a + self.penalty[b as usize];
                if cost_b >= least {
                    continue;
                }
                work += 1;
                if gives(&[a, b]) {
                    least = cost_b;
                    found = Some([a, b, NOWHERE]);
                    continue;
                }
                for &c in &members[j + 1..] {
                    let cost_c = cost_b + self.penalty[c as usize];
                    if cost_c >= least {
                        continue;
                    }
                    work += 1;
                    if gives(&[a, b, c]) {
                        least = cost_c;
                        found = Some([a, b, c]);
                    }
                }
            }
        }
        self.work += work;
        if let Some(out) = found {
            *best = Some(Exchange { cost: least, bin, choice, out });
        }
    }

    /// Random moves and swaps that keep every bin within its capacity.
    fn stir(&mut self, problem: &Problem) {
        let (bins, units) = (self.bins(), u32::try_from(problem.units()).unwrap_or(NOWHERE));
        if bins < 2 {
            return;
        }
        for _ in 0..STIRS {
            self.work += 1;
            let a = self.draw(units);
            let from = self.state.bin_of[a as usize];
            if from == NOWHERE {
                continue;
            }
            let to = self.draw(bins);
            if to == from || !problem.is_allowed(a, self.state.kind[to as usize]) {
                continue;
            }
            let members = &self.state.members[to as usize];
            let at = self.rng.below(members.len() as u64 + 1);
            let at = usize::try_from(at).unwrap_or(0);
            if at == members.len() {
                let choice = self.state.choice_of[a as usize];
                if self.state.fits(problem.size(a, choice), to) {
                    self.state.take(problem, a);
                    self.state.put(problem, a, choice, to);
                }
            } else {
                self.swap(problem, a, members[at]);
            }
        }
    }

    /// Swaps two units in different bins, if both fit.
    fn swap(&mut self, problem: &Problem, a: u32, b: u32) {
        let state = &mut self.state;
        let (of_a, of_b) = (state.bin_of[a as usize], state.bin_of[b as usize]);
        let (choice_a, choice_b) = (state.choice_of[a as usize], state.choice_of[b as usize]);
        let (size_a, size_b) = (problem.size(a, choice_a), problem.size(b, choice_b));
        let each = size_a.iter().zip(size_b);
        let fits = each
            .zip(state.free(of_a).iter().zip(state.free(of_b)))
            .all(|((a, b), (free_a, free_b))| b - a <= *free_a && a - b <= *free_b);
        if fits && problem.is_allowed(b, state.kind[of_a as usize]) {
            state.take(problem, a);
            state.take(problem, b);
            state.put(problem, a, choice_a, of_b);
            state.put(problem, b, choice_b, of_a);
        }
    }
}

/// Random moves tried after an ejection.
const STIRS: u32 = 20;
/// A unit that finds no bin has this part of its weight added to its penalty.
const GROWTH: u64 = 16;
