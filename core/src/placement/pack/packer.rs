//! The search: quick packings first, then better ones, for as long as the host
//! lets it.

use super::bound::{least_cost, placeable};
use super::columns::{Columns, Dive, Dived, Root};
use super::eject::Eject;
use super::greedy::{OPENS, Open, PASSES, Pass, preferred, sorted, wanted};
use super::packing::Packing;
use super::problem::Problem;
use super::ruin::{Ruin, shrink};
use super::state::State;
use super::tight::{Covered, Tight};
use crate::rng::Rng;

/// Work of the first turn of each method, for the square of the units, and at
/// least and most; it doubles from round to round.
const FIRST_BUDGET: u64 = 16;
const LEAST_BUDGET: u64 = 1 << 12;
const MOST_BUDGET: u64 = 1 << 19;
/// Rounds of pricing before the first dive.
const FIRST_PRICINGS: u32 = 24;

/// A search for a good packing, carried out step by step.
///
/// The core has no clock, so the host says how much is done at a time:
/// [`advance`](Packer::advance) takes an amount of work and says whether more
/// could be gained. In between, [`best`](Packer::best) is the best packing so
/// far, and [`lower_bound`](Packer::lower_bound) what is proven. The same
/// problem, seed and work give the same packing on every target.
///
/// ```
/// use warmstow_core::placement::pack::{BinKind, Item, Packer, Problem};
///
/// // Bins of 4 vCPU and 8 GiB; three sorts of tasks.
/// let item = |cpu, memory, demand| Item { demand, ..Item::new(vec![cpu, memory]) };
/// let items = [item(2, 2, 2), item(1, 4, 4), item(1, 1, 2)];
/// let problem = Problem::new(vec![BinKind::new(vec![4, 8])], &items)?;
///
/// let mut packer = Packer::new(problem, 0);
/// while packer.advance(1_000_000) {}
/// assert_eq!(packer.best().bins.len(), 3);
/// assert!(packer.is_optimal());
/// # Ok::<(), warmstow_core::placement::pack::ProblemError>(())
/// ```
#[derive(Debug)]
pub struct Packer {
    problem: Problem,
    rng: Rng,
    best: Packing,
    /// Units that fit into no bin at all.
    hopeless: usize,
    bound: u64,
    stage: Stage,
    /// What the method at hand may still use of its turn.
    left: u64,
    budget: u64,
    pricings: u32,
    work: u64,
    tight: Option<Tight>,
    eject: Option<Eject>,
    columns: Option<Columns>,
    dive: Option<(Dive, Root)>,
    dives: u64,
    ruin: Option<Ruin>,
}

/// What is done at present. After `Greedy` the others take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greedy(usize),
    Tight,
    Eject,
    Columns(u32),
    Dive,
    Ruin,
}

impl Packer {
    /// The search for a packing of `problem`. O(1).
    pub fn new(problem: Problem, seed: u64) -> Self {
        let units = problem.units() as u64;
        let budget = (FIRST_BUDGET * units * units).clamp(LEAST_BUDGET, MOST_BUDGET);
        let unplaced = (0..).take(problem.units()).collect();
        let best = Packing { unplaced, ..Packing::default() };
        Self {
            problem,
            rng: Rng::new(seed),
            best,
            hopeless: 0,
            bound: 0,
            stage: Stage::Greedy(0),
            left: 0,
            budget,
            pricings: FIRST_PRICINGS,
            work: 0,
            tight: None,
            eject: None,
            columns: None,
            dive: None,
            dives: 0,
            ruin: None,
        }
    }

    /// The problem.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The best packing so far; before any work nothing is placed.
    pub const fn best(&self) -> &Packing {
        &self.best
    }

    /// No packing of all units that fit anywhere costs less. Proven, in
    /// integers. It grows with the work, and is 0 before any.
    pub const fn lower_bound(&self) -> u64 {
        self.bound
    }

    /// Whether the best packing is proven to be one of the best there are.
    pub const fn is_optimal(&self) -> bool {
        self.work > 0 && self.best.unplaced.len() == self.hopeless && self.best.cost <= self.bound
    }

    /// What was spent so far: about as many comparisons of sizes.
    pub const fn work(&self) -> u64 {
        self.work
    }

    /// Spends about `work` more; whether more can be gained by going on.
    ///
    /// A unit is about one comparison of an item with a bin, so some
    /// nanoseconds. The steps in between are not cut: one is at most a pass of
    /// all units over all bins, or the square of the units where there are no
    /// more than 1,200. At the first call the first packing is made, however
    /// little `work` is.
    pub fn advance(&mut self, work: u64) -> bool {
        let end = self.work.saturating_add(work.max(1));
        while self.work < end {
            if self.problem.units() == 0 || self.is_optimal() {
                return false;
            }
            let before = self.work;
            self.step();
            // Every step counts, so that each loop ends.
            self.work = self.work.max(before + 1);
        }
        !self.is_optimal()
    }

    fn step(&mut self) {
        match self.stage {
            Stage::Greedy(pass) => self.greedy(pass),
            Stage::Tight => self.cover(),
            Stage::Eject => self.eject(),
            Stage::Columns(round) => self.price(round),
            Stage::Dive => self.dive(),
            Stage::Ruin => self.ruin(),
        }
    }

    /// Takes a packing over if it is better.
    fn offer(&mut self, packing: Packing) -> bool {
        debug_assert_eq!(packing.verify(&self.problem), Ok(()), "a method made no packing");
        let better = packing.beats(&self.best);
        if better {
            self.best = packing;
        }
        better
    }

    fn turn(&mut self, stage: Stage) {
        self.stage = stage;
        self.left = self.budget;
    }

    /// Counts work; whether the turn of the method at hand is over.
    fn spend(&mut self, work: u64) -> bool {
        self.work += work;
        self.left = self.left.saturating_sub(work.max(1));
        self.left == 0
    }

    fn seed(&mut self) -> u64 {
        self.rng.next_u64()
    }

    fn greedy(&mut self, pass: usize) {
        if pass == 0 {
            self.bound = least_cost(&self.problem);
            self.hopeless = self.problem.units() - placeable(&self.problem).len();
            self.work += self.problem.units() as u64;
        }
        let opens: &[Open] = match self.problem.kinds.len() {
            1 => &OPENS[..1],
            _ => &OPENS,
        };
        let (order, fit) = PASSES[pass / opens.len()];
        let units = sorted(&self.problem, order, &wanted(&self.problem));
        let mut state = State::new(&self.problem);
        let kinds = preferred(&self.problem, opens[pass % opens.len()]);
        let mut run = Pass::new(&self.problem, kinds, &state);
        run.run(&mut state, &units, fit);
        self.work += run.work + units.len() as u64;
        shrink(&self.problem, &mut state);
        let packing = state.packing(&self.problem);
        if pass == 0 {
            self.columns = Columns::new(&self.problem);
        }
        if let Some(columns) = &mut self.columns {
            columns.learn(&packing);
        }
        self.offer(packing);
        if pass + 1 < PASSES.len() * opens.len() {
            self.stage = Stage::Greedy(pass + 1);
            return;
        }
        let bins = self.bound.checked_div(self.problem.kinds[0].cost).unwrap_or(0);
        let seed = self.seed();
        self.tight = Tight::new(&self.problem, bins, seed);
        self.turn(Stage::Tight);
    }

    fn cover(&mut self) {
        let Some(tight) = &mut self.tight else { return self.turn(Stage::Eject) };
        let covered = tight.step(&self.problem);
        let over = {
            let work = core::mem::take(&mut tight.work);
            self.spend(work)
        };
        match covered {
            Covered::On if over => self.turn(Stage::Eject),
            Covered::On => {}
            Covered::Never => self.tight = None,
            Covered::Done(packing) => {
                self.tight = None;
                self.offer(packing);
            }
        }
    }

    fn eject(&mut self) {
        let Some(eject) = &mut self.eject else {
            let seed = self.seed();
            self.eject = self.new_ejection(seed);
            if self.eject.is_none() {
                self.turn(Stage::Columns(0));
            }
            return;
        };
        eject.round(&self.problem);
        let work = core::mem::take(&mut eject.work);
        if eject.homeless() + self.hopeless < self.best.unplaced.len() || eject.homeless() == 0 {
            let packing = eject.state.packing(&self.problem);
            self.offer(packing);
            self.eject = None;
        }
        if self.spend(work) {
            self.turn(Stage::Columns(0));
        }
    }

    /// A search for a packing with a bin less, or with more units placed.
    fn new_ejection(&self, seed: u64) -> Option<Eject> {
        let state = State::of(&self.problem, &self.best);
        if self.best.unplaced.len() == self.hopeless {
            return Eject::dissolve(&self.problem, state, seed);
        }
        let fits = placeable(&self.problem);
        let pool = self.best.unplaced.iter().copied();
        let pool = pool.filter(|unit| fits.binary_search(unit).is_ok()).collect();
        Some(Eject::new(&self.problem, state, pool, seed))
    }

    fn price(&mut self, round: u32) {
        let best = &self.best;
        let Some(columns) = &mut self.columns else { return self.turn(Stage::Ruin) };
        if round == 0 {
            columns.learn(best);
        }
        let solved = columns.is_solved || columns.solve_step();
        self.work += core::mem::take(&mut columns.work);
        let bound = columns.bound.saturating_mul(self.problem.kinds[0].cost);
        self.bound = self.bound.max(bound);
        if !solved && round < self.pricings {
            self.stage = Stage::Columns(round + 1);
            return;
        }
        self.pricings = self.pricings.saturating_mul(2);
        let root = columns.put_aside();
        let rng = (self.dives > 0).then(|| Rng::new(self.rng.next_u64()));
        self.dive = Some((Dive::new(columns, rng), root));
        self.dives += 1;
        self.stage = Stage::Dive;
    }

    fn dive(&mut self) {
        let target = match self.best.unplaced.len() {
            0 => self.best.bins.len() as u64 - 1,
            _ => u64::from(self.problem.count(0)),
        };
        let (Some(columns), Some((dive, _))) = (&mut self.columns, &mut self.dive) else {
            return self.turn(Stage::Ruin);
        };
        let dived = dive.step(columns, target);
        self.work += core::mem::take(&mut columns.work);
        if matches!(dived, Dived::On) {
            return;
        }
        if let Some((_, root)) = self.dive.take() {
            columns.restore(root);
        }
        if let Dived::Done(packing) = dived
            && self.offer(packing)
        {
            self.eject = None;
        }
        self.turn(Stage::Ruin);
    }

    fn ruin(&mut self) {
        let several = self.problem.kinds.len() > 1 || !self.problem.has_one_choice();
        if !several && self.best.unplaced.is_empty() {
            self.ruin = None;
            self.budget = self.budget.saturating_mul(2);
            return self.turn(Stage::Tight);
        }
        let seed = self.seed();
        let ruin = self.ruin.get_or_insert_with(|| Ruin::new(&self.problem, &self.best, seed));
        let found = ruin.round(&self.problem);
        let work = core::mem::take(&mut ruin.work);
        if let Some(packing) = found
            && self.offer(packing)
        {
            self.eject = None;
        }
        if self.spend(work) {
            self.ruin = None;
            self.budget = self.budget.saturating_mul(2);
            self.turn(Stage::Tight);
        }
    }
}
