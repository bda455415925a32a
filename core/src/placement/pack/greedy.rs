//! Packings in one pass: units in an order into bins, or bins filled one by one.
//!
//! Item-centric: first fit and best fit with the units in decreasing order of
//! a weight. Bin-centric: a bin takes the unit whose size is most in line with
//! what is free in it, until none fits ("dot product" and "L2": R. Panigrahy,
//! K. Talwar, L. Uyeda and U. Wieder, "Heuristics for Vector Bin Packing",
//! Microsoft Research 2011). Which kind of bin is opened is a rule too.

use alloc::vec::Vec;

use super::problem::Problem;
use super::state::{NOWHERE, State, within};
use crate::rng::Rng;

/// What the units are sorted by, the largest first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// The shares of a bin, summed.
    Sum,
    /// The largest share of a bin.
    Largest,
    /// The squares of the shares of a bin, summed.
    Squares,
    /// The shares weighed by how much of that dimension is wanted in all.
    Wanted,
}

/// How a bin is chosen for a unit, or a unit for a bin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fit {
    /// The first bin with room.
    First,
    /// The bin with room that has the least left, in the sum of shares.
    Best,
    /// Bin-centric, by the product of size and what is free.
    Product,
    /// Bin-centric, by the square of the distance from what is free.
    Distance,
}

/// Which kind of bin is opened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Open {
    /// The most capacity for its cost.
    Dense,
    /// The cheapest, and of those the largest.
    Cheap,
    /// The largest, and of those the cheapest.
    Large,
    /// The most capacity for its cost, of the dimensions that are wanted.
    Wanted,
}

/// Every rule; with one kind they are one.
pub(super) const OPENS: [Open; 4] = [Open::Wanted, Open::Dense, Open::Cheap, Open::Large];

/// Every pass that is tried, the quick and good first.
pub(super) const PASSES: [(Order, Fit); 10] = [
    (Order::Wanted, Fit::Best),
    (Order::Wanted, Fit::Product),
    (Order::Wanted, Fit::Distance),
    (Order::Sum, Fit::Best),
    (Order::Largest, Fit::Best),
    (Order::Squares, Fit::Best),
    (Order::Sum, Fit::First),
    (Order::Largest, Fit::First),
    (Order::Squares, Fit::First),
    (Order::Wanted, Fit::First),
];

/// One in so many bins is passed over in a pass that draws.
const BLINK: u64 = 8;

/// Shares are in 2^-SHARE of the largest capacity.
const SHARE: u32 = 16;

/// How much of each dimension is wanted in all, as shares of the largest
/// capacity on average over the units, in 2^-16.
pub(super) fn wanted(problem: &Problem) -> Vec<u64> {
    let mut sums = alloc::vec![0_i64; problem.dims];
    for unit in units(problem) {
        for (sum, amount) in sums.iter_mut().zip(problem.size(unit, 0)) {
            *sum += (*amount).max(0);
        }
    }
    let count = problem.units().max(1) as i128;
    let share = |(&sum, &most): (&i64, &i64)| {
        let share = (i128::from(sum) << SHARE) / (count * i128::from(most.max(1)));
        u64::try_from(share).unwrap_or(u64::MAX >> 32).min(u64::MAX >> 32)
    };
    sums.iter().zip(&problem.largest).map(share).collect()
}

fn units(problem: &Problem) -> core::ops::Range<u32> {
    // At most MAX_ITEMS.
    0..u32::try_from(problem.units()).unwrap_or(NOWHERE)
}

/// What `order` sorts a unit by: that of its lightest choice.
fn key(problem: &Problem, unit: u32, order: Order, wanted: &[u64]) -> u64 {
    let choice = lightest(problem, unit);
    let shares = problem.size(unit, choice).iter().zip(&problem.largest);
    let shares = shares.map(|(&amount, &most)| {
        let share = (i128::from(amount.max(0)) << SHARE) / i128::from(most.max(1));
        u64::try_from(share).unwrap_or(1 << 24).min(1 << 24)
    });
    match order {
        Order::Sum => shares.sum(),
        Order::Largest => shares.max().unwrap_or(0),
        Order::Squares => shares.map(|share| (share * share) >> SHARE).sum(),
        Order::Wanted => {
            shares.zip(wanted).map(|(share, wanted)| (share * (*wanted).min(1 << 24)) >> 8).sum()
        }
    }
}

fn lightest(problem: &Problem, unit: u32) -> u8 {
    let choices = 0..problem.choices(unit);
    choices.min_by_key(|&choice| problem.weight(unit, choice)).unwrap_or(0)
}

/// The units in decreasing order.
pub(super) fn sorted(problem: &Problem, order: Order, wanted: &[u64]) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> =
        units(problem).map(|unit| (key(problem, unit, order, wanted), unit)).collect();
    keyed.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|(_, unit)| unit).collect()
}

/// The kinds of bins in the order in which `open` would have them.
pub(super) fn preferred(problem: &Problem, open: Open) -> Vec<u32> {
    let weights = match open {
        Open::Wanted => wanted(problem),
        _ => alloc::vec![1; problem.dims],
    };
    let size = |kind: u32| -> u128 {
        let capacity = problem.kinds[kind as usize].capacity.iter().zip(&problem.largest);
        let shares = capacity
            .map(|(&amount, &most)| (i128::from(amount) << SHARE) / i128::from(most.max(1)));
        let weighed = shares.zip(&weights).map(|(share, weight)| share * i128::from(*weight));
        weighed.sum::<i128>().unsigned_abs().max(1)
    };
    let cost = |kind: u32| u128::from(problem.kinds[kind as usize].cost);
    let mut kinds: Vec<u32> = (0..).take(problem.kinds.len()).collect();
    // Stable, so equal ones stay in the order given.
    match open {
        Open::Dense | Open::Wanted => {
            kinds.sort_by(|&a, &b| (cost(a) * size(b)).cmp(&(cost(b) * size(a))));
        }
        Open::Cheap => kinds.sort_by(|&a, &b| cost(a).cmp(&cost(b)).then(size(b).cmp(&size(a)))),
        Open::Large => kinds.sort_by(|&a, &b| size(b).cmp(&size(a)).then(cost(a).cmp(&cost(b)))),
    }
    kinds
}

/// One pass over units and kinds in given orders.
pub(super) struct Pass<'p> {
    problem: &'p Problem,
    kinds: Vec<u32>,
    left: Vec<u32>,
    /// A kind before this place in `kinds` is used up.
    exhausted: usize,
    /// Whether the lightest choice of a unit is taken, rather than that which
    /// leaves least of a bin.
    pub(super) light: bool,
    /// Where there is one, it is drawn which kind is opened, which choice is
    /// taken, and which bin with room is passed over: no rule comes to some
    /// packings, and the best may be one of them.
    pub(super) rng: Option<Rng>,
    /// The cost of a pass: sizes compared.
    pub(super) work: u64,
}

impl<'p> Pass<'p> {
    /// A pass that opens the first of `kinds` that a unit fits into. It
    /// continues `state`: the bins it has are taken from what there is of
    /// their kinds.
    pub(super) fn new(problem: &'p Problem, kinds: Vec<u32>, state: &State) -> Self {
        let mut left: Vec<u32> = (0..problem.kinds.len()).map(|k| problem.count(k)).collect();
        for &kind in &state.kind {
            left[kind as usize] = left[kind as usize].saturating_sub(1);
        }
        Self { problem, kinds, left, exhausted: 0, light: true, rng: None, work: 0 }
    }

    /// Packs `units` in that order; those that find no bin stay nowhere.
    pub(super) fn run(&mut self, state: &mut State, units: &[u32], fit: Fit) {
        match fit {
            Fit::First | Fit::Best => {
                for &unit in units {
                    self.place(state, unit, matches!(fit, Fit::Best));
                }
            }
            Fit::Product | Fit::Distance => self.fill_each(state, units, fit),
        }
    }

    /// Puts `unit` into a bin with room, a new one if need be.
    pub(super) fn place(&mut self, state: &mut State, unit: u32, best: bool) {
        let problem = self.problem;
        let mut found: Option<((u64, i64), u32, u8)> = None;
        let bins = u32::try_from(state.bins()).unwrap_or(NOWHERE);
        for choice in 0..problem.choices(unit) {
            let size = problem.size(unit, choice);
            let weight = self.weight(unit, choice);
            if found.is_some_and(|((least, _), ..)| least < weight) {
                continue;
            }
            for bin in 0..bins {
                let allowed = problem.is_allowed(unit, state.kind[bin as usize]);
                if !allowed || !state.fits(size, bin) || self.blinks() {
                    continue;
                }
                let left = if best { leftover(problem, size, state.free(bin)) } else { 0 };
                if found.is_none_or(|(least, ..)| (weight, left) < least) {
                    found = Some(((weight, left), bin, choice));
                }
                if !best {
                    break;
                }
            }
        }
        self.work += u64::from(bins) + 1;
        if let Some((_, bin, choice)) = found {
            state.put(problem, unit, choice, bin);
        } else if let Some((kind, choice)) = self.kind_for(unit) {
            let bin = self.open(state, kind);
            state.put(problem, unit, choice, bin);
        }
    }

    /// What a choice counts against the others of its unit: less is better.
    fn weight(&mut self, unit: u32, choice: u8) -> u64 {
        match &mut self.rng {
            Some(rng) => rng.below(u64::from(self.problem.choices(unit))),
            None if self.light => self.problem.weight(unit, choice),
            None => 0,
        }
    }

    /// Whether a bin with room is passed over.
    fn blinks(&mut self) -> bool {
        self.rng.as_mut().is_some_and(|rng| rng.below(BLINK) == 0)
    }

    fn open(&mut self, state: &mut State, kind: u32) -> u32 {
        self.left[kind as usize] -= 1;
        state.open(self.problem, kind)
    }

    /// The first kind, of those that are left, that `unit` fits into.
    fn kind_for(&mut self, unit: u32) -> Option<(u32, u8)> {
        while self.kinds.get(self.exhausted).is_some_and(|&kind| self.left[kind as usize] == 0) {
            self.exhausted += 1;
        }
        let problem = self.problem;
        let kinds = self.kinds.len() - self.exhausted;
        let first = self.rng.as_mut().map_or(0, |rng| rng.below(kinds.max(1) as u64));
        let first = usize::try_from(first).unwrap_or(0);
        for at in (first..kinds).chain(0..first) {
            let kind = self.kinds[self.exhausted + at];
            if self.left[kind as usize] == 0 || !problem.is_allowed(unit, kind) {
                continue;
            }
            let capacity = &problem.kinds[kind as usize].capacity;
            let fits = |choice: &u8| within(problem.size(unit, *choice), capacity);
            let choices = (0..problem.choices(unit)).filter(fits);
            if let Some(choice) = choices.min_by_key(|&choice| self.weight(unit, choice)) {
                return Some((kind, choice));
            }
        }
        None
    }

    /// Opens a bin for the first unit left, fills it, and so on.
    fn fill_each(&mut self, state: &mut State, units: &[u32], fit: Fit) {
        let mut left: Vec<u32> = units.to_vec();
        for bin in 0..u32::try_from(state.bins()).unwrap_or(NOWHERE) {
            self.fill(state, &mut left, bin, fit);
        }
        while let Some(&unit) = left.first() {
            left.remove(0);
            let Some((kind, choice)) = self.kind_for(unit) else { continue };
            let bin = self.open(state, kind);
            state.put(self.problem, unit, choice, bin);
            self.fill(state, &mut left, bin, fit);
        }
    }

    /// Adds to `bin` what suits it best of `left`, until nothing fits.
    fn fill(&mut self, state: &mut State, left: &mut Vec<u32>, bin: u32, fit: Fit) {
        let problem = self.problem;
        let kind = state.kind[bin as usize];
        loop {
            let mut found: Option<(i128, usize, u8)> = None;
            let free = state.free(bin);
            let mut last = None;
            for (at, &unit) in left.iter().enumerate() {
                let item = problem.item_of(unit);
                // Units of one item are as good as one another.
                if last == Some(item) || !problem.is_allowed(unit, kind) {
                    continue;
                }
                last = Some(item);
                for choice in 0..problem.choices(unit) {
                    let size = problem.size(unit, choice);
                    if within(size, free) {
                        let score = suits(problem, size, free, fit);
                        if found.is_none_or(|(most, ..)| score > most) {
                            found = Some((score, at, choice));
                        }
                    }
                }
            }
            self.work += left.len() as u64;
            let Some((_, at, choice)) = found else { return };
            state.put(problem, left[at], choice, bin);
            left.remove(at);
        }
    }
}

/// What is left of `free` without `size`, shares summed.
#[inline]
pub(super) fn leftover(problem: &Problem, size: &[i64], free: &[i64]) -> i64 {
    let each = size.iter().zip(free).zip(&problem.largest);
    each.map(|((amount, free), most)| ((free - amount) << SHARE) / (*most).max(1)).sum()
}

/// How well `size` suits what is `free`: more is better.
fn suits(problem: &Problem, size: &[i64], free: &[i64], fit: Fit) -> i128 {
    let mut score = 0_i128;
    for ((&amount, &free), &most) in size.iter().zip(free).zip(&problem.largest) {
        let share = |x: i64| (i128::from(x) << SHARE) / i128::from(most.max(1));
        score += match fit {
            Fit::Distance => -(share(free - amount) * share(free - amount)),
            _ => share(amount) * share(free),
        };
    }
    score
}
