//! Column generation: the linear program over all ways to fill a bin, which
//! gives the strongest bound there is here, and packings by diving into it.
//!
//! P. Gilmore and R. Gomory, "A Linear Programming Approach to the
//! Cutting-Stock Problem", Operations Research 9, 1961. A row is a size with
//! how often it is wanted, a column a way to fill a bin; columns are made when
//! the prices of the rows call for them. The bound is Farley's ("A note on
//! bounding a class of linear programming problems, including cutting stock
//! problems", Operations Research 38, 1990): the demands at any prices, over
//! what the dearest bin is worth. Prices are rounded and the dearest bin is
//! proven in integers, so the bound holds whatever the floats did.

use alloc::vec;
use alloc::vec::Vec;

use super::bound::placeable;
use super::packing::{Packing, UsedBin};
use super::price::{Knapsack, ONE};
use super::problem::Problem;
use super::simplex::{Basic, Column, Simplex};
use crate::rng::Rng;

/// Most rows: the inverse of the basis has the square of it.
const MAX_ROWS: usize = 600;
/// Nodes of a search for a column at first, and at most.
const NODES: u64 = 2_000;
const MAX_NODES: u64 = 2_000_000;
/// What a column must be worth more than to be of use.
const WORTHWHILE: i64 = ONE + (ONE >> 17);

/// The linear program of one kind of bin.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The units of each row.
    units: Vec<Vec<u32>>,
    demand: Vec<u32>,
    knapsack: Knapsack,
    pool: Vec<Column>,
    /// The rows of the program at hand, and their demand.
    program: Program,
    nodes: u64,
    charges: Vec<i64>,
    /// The bound before it was rounded up.
    exact: f64,
    /// Whether the last search for a column was cut off.
    is_open: bool,
    /// No packing has fewer bins.
    pub(super) bound: u64,
    pub(super) work: u64,
    /// What a bin costs.
    cost: u64,
    /// Whether the first program is solved.
    pub(super) is_solved: bool,
}

/// A program over the rows that still want something.
#[derive(Clone, Debug)]
struct Program {
    /// Of each of its rows, the row of all.
    rows: Vec<u32>,
    /// Of each row of all, its row here.
    here: Vec<u32>,
    simplex: Simplex,
    /// What each of all rows still wants.
    wanted: Vec<u32>,
    /// The columns in it, in its own rows.
    columns: Vec<Column>,
}

const ABSENT: u32 = u32::MAX;

impl Program {
    fn new(wanted: Vec<u32>) -> Self {
        let rows: Vec<u32> = (0_u32..).zip(&wanted).filter(|(_, w)| **w > 0).map(|r| r.0).collect();
        let mut here = vec![ABSENT; wanted.len()];
        for (own, &row) in (0_u32..).zip(&rows) {
            here[row as usize] = own;
        }
        let demand: Vec<u32> = rows.iter().map(|&row| wanted[row as usize]).collect();
        Self { rows, here, simplex: Simplex::new(&demand), wanted, columns: vec![] }
    }

    /// The part of `column` that is wanted here, in the program's own rows.
    fn part(&self, column: &[(u32, u32)]) -> Column {
        let each = column
            .iter()
            .map(|&(row, count)| (self.here[row as usize], count.min(self.wanted[row as usize])));
        each.filter(|(_, count)| *count > 0).collect()
    }

    fn add(&mut self, column: Column) -> bool {
        // Fewer columns than there were pricings, far below 2^32.
        let number = u32::try_from(self.columns.len()).unwrap_or(ABSENT);
        let entered = self.simplex.enter(number, &column);
        self.columns.push(column);
        entered
    }

    fn settle(&mut self) {
        self.simplex.settle(&self.columns);
    }

    /// The prices of all rows, in parts of `ONE`.
    fn prices(&self) -> Vec<i64> {
        let mut prices = vec![0; self.here.len()];
        for (&row, &y) in self.rows.iter().zip(&self.simplex.y) {
            #[expect(clippy::cast_possible_truncation, reason = "clamped to 0 to 1")]
            let price = (y.clamp(0.0, 1.0) * ONE as f64) as i64;
            prices[row as usize] = price;
        }
        prices
    }
}

impl Columns {
    /// The program of `problem`, where that is of one kind of bin without a
    /// limit, one choice an item, no amount below 0 and not too many sizes.
    pub(super) fn new(problem: &Problem) -> Option<Self> {
        let simple = problem.kinds.len() == 1
            && problem.has_one_choice()
            && !problem.has_negative
            && !problem.is_restricted()
            && placeable(problem).len() == problem.units();
        if !simple || problem.units() == 0 {
            return None;
        }
        let mut order: Vec<u32> = (0..u32::try_from(problem.units()).ok()?).collect();
        order.sort_by(|&a, &b| problem.size(b, 0).cmp(problem.size(a, 0)).then(a.cmp(&b)));
        let mut units: Vec<Vec<u32>> = vec![];
        let mut sizes = vec![];
        for unit in order {
            if let Some(last) = units.last_mut()
                && problem.size(last[0], 0) == problem.size(unit, 0)
            {
                last.push(unit);
            } else {
                sizes.extend(problem.size(unit, 0));
                units.push(vec![unit]);
            }
        }
        if units.len() > MAX_ROWS {
            return None;
        }
        let demand: Vec<u32> = units.iter().map(|u| u32::try_from(u.len()).unwrap_or(0)).collect();
        let knapsack = Knapsack::new(problem.kinds[0].capacity.clone(), sizes);
        Some(Self {
            charges: knapsack.first_charges(),
            knapsack,
            program: Program::new(demand.clone()),
            pool: vec![],
            nodes: NODES,
            exact: 0.0,
            is_open: false,
            bound: 0,
            work: 0,
            cost: problem.kinds[0].cost,
            is_solved: false,
            units,
            demand,
        })
    }

    /// Adds the bins of a packing as columns.
    pub(super) fn learn(&mut self, packing: &Packing) {
        let mut row_of = vec![0_u32; self.units.iter().map(Vec::len).sum()];
        for (row, units) in (0_u32..).zip(&self.units) {
            units.iter().for_each(|&unit| row_of[unit as usize] = row);
        }
        for bin in &packing.bins {
            let mut rows: Vec<u32> =
                bin.units.iter().map(|&(unit, _)| row_of[unit as usize]).collect();
            rows.sort_unstable();
            let mut column: Column = vec![];
            for row in rows {
                match column.last_mut() {
                    Some((last, count)) if *last == row => *count += 1,
                    _ => column.push((row, 1)),
                }
            }
            self.admit(column);
        }
    }

    /// Adds a column; whether it entered the basis.
    fn admit(&mut self, column: Column) -> bool {
        let part = self.program.part(&column);
        self.pool.push(column);
        self.program.add(part)
    }

    /// One round of pricing; whether it found columns, or must try again.
    pub(super) fn round(&mut self) -> bool {
        self.program.settle();
        let prices = self.program.prices();
        let found = self.price(&prices, self.nodes);
        if found == 0 && self.is_open && self.nodes < MAX_NODES {
            self.nodes *= 8;
            return true;
        }
        found > 0
    }

    /// Adds columns worth more than their cost, each of what the ones before
    /// left; how many there were.
    fn price(&mut self, prices: &[i64], nodes: u64) -> u32 {
        let mut charges = core::mem::take(&mut self.charges);
        let mut left = self.program.wanted.clone();
        self.knapsack.improve_charges(prices, &left, &mut charges, CHARGE_STEPS);
        self.work += u64::from(CHARGE_STEPS) * 2 * prices.len() as u64;
        let mut found = 0;
        loop {
            let priced = self.knapsack.solve(prices, &left, &charges, WORTHWHILE, nodes);
            self.work += priced.work;
            if found == 0 {
                self.is_open = priced.most > WORTHWHILE && priced.column.is_empty();
                self.raise_bound(prices, priced.most);
            }
            if priced.column.is_empty() {
                break;
            }
            for &(row, count) in &priced.column {
                left[row as usize] -= count;
            }
            if self.admit(priced.column) {
                found += 1;
            }
        }
        self.charges = charges;
        self.work += core::mem::take(&mut self.program.simplex.work);
        found
    }

    /// Farley's bound, for the whole problem only.
    fn raise_bound(&mut self, prices: &[i64], most: i64) {
        if self.program.wanted != self.demand {
            return;
        }
        let each = prices.iter().zip(&self.demand);
        let sum: i128 = each.map(|(&price, &count)| i128::from(price) * i128::from(count)).sum();
        let most = i128::from(most.max(1));
        let bound = u64::try_from((sum + most - 1) / most).unwrap_or(0);
        self.bound = self.bound.max(bound);
        let exact = sum as f64 / most as f64;
        if exact > self.exact {
            self.exact = exact;
        }
    }

    /// Solves the first program further; whether it is solved.
    pub(super) fn solve_step(&mut self) -> bool {
        let again = self.round();
        // Bins are whole, so the bound need only be within one of the value.
        let value = self.program.simplex.value();
        self.is_solved = !again || self.bound as f64 >= value - 1e-6;
        self.is_solved
    }
}

/// A dive: columns are fixed one after the other, the program of what is left
/// is solved, until nothing is left.
#[derive(Clone, Debug)]
pub(super) struct Dive {
    fixed: Vec<Column>,
    wanted: Vec<u32>,
    /// Rounds of pricing left for the program at hand.
    rounds: u32,
    fresh: bool,
    /// Shakes the order in which columns are fixed.
    rng: Option<Rng>,
}

/// How a dive goes on.
#[derive(Clone, Debug)]
pub(super) enum Dived {
    /// Another step.
    On,
    /// It cannot come to fewer than the target.
    Failed,
    /// Everything is packed.
    Done(Packing),
}

/// Steps to better charges in each round.
const CHARGE_STEPS: u32 = 20;
/// Rounds of pricing between two fixings.
const ROUNDS: u32 = 12;

impl Dive {
    /// A dive; all but the first are to draw from different `rng`s.
    pub(super) fn new(columns: &Columns, rng: Option<Rng>) -> Self {
        let wanted = columns.demand.clone();
        Self { fixed: vec![], wanted, rounds: ROUNDS, fresh: true, rng }
    }

    /// One step: a program is set up, priced, or columns of it are fixed.
    pub(super) fn step(&mut self, columns: &mut Columns, target: u64) -> Dived {
        if self.fresh {
            self.fresh = false;
            columns.set_up(self.wanted.clone());
            self.rounds = ROUNDS;
            return Dived::On;
        }
        if self.rounds > 0 {
            self.rounds -= 1;
            columns.nodes = NODES;
            if columns.round() {
                return Dived::On;
            }
            self.rounds = 0;
        }
        columns.program.settle();
        let least = self.fixed.len() as f64 + columns.program.simplex.value();
        if least > target as f64 + 1e-6 {
            return Dived::Failed;
        }
        self.fix(columns);
        self.fresh = true;
        // The program may come to less than whole columns do.
        if self.fixed.len() as u64 > target {
            return Dived::Failed;
        }
        if self.wanted.iter().all(|wanted| *wanted == 0) {
            return Dived::Done(columns.packing(&self.fixed));
        }
        Dived::On
    }

    /// Fixes the columns that are all but whole, and the largest fraction.
    fn fix(&mut self, columns: &Columns) {
        let program = &columns.program;
        let mut chosen: Vec<(f64, u32)> = vec![];
        for (basic, &x) in program.simplex.basis.iter().zip(&program.simplex.x) {
            if let Basic::Column(number) = *basic
                && x > 1e-6
            {
                chosen.push((x, number));
            } else if let Basic::Alone(row) = *basic
                && x > 1e-6
            {
                chosen.push((x, ABSENT - 1 - row));
            }
        }
        if let Some(rng) = &mut self.rng {
            chosen.iter_mut().for_each(|(x, _)| *x = (*x * (0.7 + 0.3 * rng.uniform())).min(1.0));
        }
        chosen.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // At least a part of what is left, so that a dive has few steps.
        let least = 1 + program.rows.len() / PART;
        let mut fixed = 0;
        for (x, number) in chosen {
            if fixed >= least && x < SURE {
                break;
            }
            let own = |row: u32| program.rows[row as usize];
            let column: Column = match program.columns.get(number as usize) {
                Some(column) => column.iter().map(|&(row, count)| (own(row), count)).collect(),
                None => vec![(own(ABSENT - 1 - number), 1)],
            };
            let mut copies = x.max(1.0) + 1e-6;
            while copies >= 1.0 && column.iter().all(|&(r, c)| self.wanted[r as usize] >= c) {
                column.iter().for_each(|&(r, c)| self.wanted[r as usize] -= c);
                self.fixed.push(column.clone());
                copies -= 1.0;
                fixed += 1;
            }
        }
    }
}

/// A fraction from which a column is fixed along with the largest.
const SURE: f64 = 0.85;
/// Rows for each of which a column more is fixed.
const PART: usize = 40;

impl Columns {
    /// The program of what is `wanted`, with the pool's columns in it: first
    /// those of the basis before, which are likely to be good here too.
    fn set_up(&mut self, wanted: Vec<u32>) {
        let before = core::mem::replace(&mut self.program, Program::new(wanted));
        let own = |&(row, count): &(u32, u32)| (before.rows[row as usize], count);
        let basis = before.simplex.basis.iter().filter_map(|basic| match basic {
            Basic::Column(number) => before.columns.get(*number as usize),
            _ => None,
        });
        let basis: Vec<Column> = basis.map(|column| column.iter().map(own).collect()).collect();
        for column in basis.iter().chain(&self.pool) {
            let part = self.program.part(column);
            if part.iter().map(|(_, count)| count).sum::<u32>() > 1 {
                self.program.columns.push(part);
            }
        }
        for _ in 0..POOL_PASSES {
            let mut entered = false;
            for number in 0..self.program.columns.len() {
                let column = &self.program.columns[number];
                let number = u32::try_from(number).unwrap_or(ABSENT);
                entered |= self.program.simplex.enter(number, column);
                self.work += 1;
            }
            self.program.settle();
            if !entered {
                break;
            }
        }
        self.work += core::mem::take(&mut self.program.simplex.work);
    }

    /// The packing of whole columns that cover every unit once.
    fn packing(&self, columns: &[Column]) -> Packing {
        let mut next = vec![0_usize; self.units.len()];
        let cost = self.cost.saturating_mul(columns.len() as u64);
        let mut packing = Packing { cost, ..Packing::default() };
        for column in columns {
            let mut units = vec![];
            for &(row, count) in column {
                let row = row as usize;
                let taken = &self.units[row][next[row]..][..count as usize];
                units.extend(taken.iter().map(|&unit| (unit, 0)));
                next[row] += count as usize;
            }
            units.sort_unstable();
            packing.bins.push(UsedBin { kind: 0, units });
        }
        packing
    }
}

/// Passes over the pool when a program is set up.
const POOL_PASSES: u32 = 3;

/// The first program, put aside while dives use the pool.
#[derive(Debug)]
pub(super) struct Root {
    program: Program,
    nodes: u64,
}

impl Columns {
    pub(super) fn put_aside(&self) -> Root {
        Root { program: self.program.clone(), nodes: self.nodes }
    }

    pub(super) fn restore(&mut self, root: Root) {
        self.program = root.program;
        self.nodes = root.nodes;
        self.is_open = false;
    }
}
