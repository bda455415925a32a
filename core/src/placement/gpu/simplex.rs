//! The revised simplex method for covering: as few patterns as possible.

use alloc::vec;
use alloc::vec::Vec;

/// What counts as zero.
const EPSILON: f64 = 1e-9;

/// Minimise the number of patterns, in fractions, that cover a demand of each
/// row. The caller finds the patterns; this keeps a basis and its prices.
///
/// Dense: O(rows^2) a step. Additions, subtractions, multiplications and
/// divisions alone, so the same on every target.
#[derive(Clone, Debug)]
pub(super) struct Simplex {
    rows: usize,
    /// The inverse of the basis, by rows.
    inverse: Vec<f64>,
    /// How often each pattern of the basis is used.
    used: Vec<f64>,
    /// What each column of the basis costs: 1 for a pattern, 0 for covering more than is asked.
    costs: Vec<f64>,
    prices: Vec<f64>,
}

impl Simplex {
    /// Begins with a pattern for each row that covers `alone` of it and nothing else.
    pub(super) fn new(demand: &[f64], alone: &[u16]) -> Self {
        let rows = demand.len();
        let mut inverse = vec![0.0; rows * rows];
        let mut used = vec![0.0; rows];
        for row in 0..rows {
            let covered = f64::from(alone[row].max(1));
            inverse[row * rows + row] = 1.0 / covered;
            used[row] = demand[row] / covered;
        }
        let mut simplex = Self { rows, inverse, used, costs: vec![1.0; rows], prices: vec![] };
        simplex.price();
        simplex
    }

    /// What one more of each row costs, none below zero.
    pub(super) fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// Takes `pattern` into the basis, and then columns of covering more than
    /// is asked until no price is below zero. False where nothing gives way.
    pub(super) fn enter(&mut self, pattern: &[f64]) -> bool {
        let mut entered = self.pivot(pattern, 1.0);
        self.price();
        for _ in 0..self.rows * self.rows {
            let Some(row) = self.prices.iter().position(|price| *price < -EPSILON) else { break };
            let mut more = vec![0.0; self.rows];
            more[row] = -1.0;
            entered &= self.pivot(&more, 0.0);
            self.price();
            if !entered {
                break;
            }
        }
        for price in &mut self.prices {
            *price = if *price > 0.0 { *price } else { 0.0 };
        }
        entered
    }

    fn price(&mut self) {
        let rows = self.rows;
        let column = |at: usize| {
            (0..rows).map(|row| self.costs[row] * self.inverse[row * rows + at]).sum::<f64>()
        };
        self.prices = (0..rows).map(column).collect();
    }

    /// Exchanges one column of the basis for `column`.
    fn pivot(&mut self, column: &[f64], cost: f64) -> bool {
        let rows = self.rows;
        let weight = |row: usize| {
            (0..rows).map(|at| self.inverse[row * rows + at] * column[at]).sum::<f64>()
        };
        let weights: Vec<f64> = (0..rows).map(weight).collect();
        let mut leaving: Option<(usize, f64)> = None;
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > EPSILON) {
            let ratio = self.used[row] / weight;
            if leaving.is_none_or(|(_, least)| ratio < least) {
                leaving = Some((row, ratio));
            }
        }
        let Some((out, ratio)) = leaving else { return false };
        for at in 0..rows {
            self.inverse[out * rows + at] /= weights[out];
        }
        for row in (0..rows).filter(|row| *row != out) {
            for at in 0..rows {
                self.inverse[row * rows + at] -= weights[row] * self.inverse[out * rows + at];
            }
            self.used[row] -= weights[row] * ratio;
        }
        self.used[out] = ratio;
        self.costs[out] = cost;
        true
    }
}
