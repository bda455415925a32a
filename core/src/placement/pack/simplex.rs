//! A linear program that covers rows with columns at the least cost: the
//! primal simplex method with a dense inverse of the basis.
//!
//! Floats guide the search only; what is promised is computed anew in
//! integers from the prices that come out of it.

use alloc::vec;
use alloc::vec::Vec;

/// How often each row is covered: row and count.
pub(super) type Column = Vec<(u32, u32)>;

/// Pivots after which the inverse is computed anew.
const MAX_PIVOTS: u32 = 400;
/// Smaller than this is zero.
const TINY: f64 = 1e-9;

/// What a basic variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basic {
    /// The column of that number.
    Column(u32),
    /// One unit of that row alone: where each row starts.
    Alone(u32),
    /// What that row is covered beyond its demand.
    Surplus(u32),
}

/// Minimise the sum of all x, where for each row the counts of the columns
/// times x make at least the demand.
#[derive(Clone, Debug)]
pub(super) struct Simplex {
    rows: usize,
    pub(super) basis: Vec<Basic>,
    /// The values of the basic variables.
    pub(super) x: Vec<f64>,
    demand: Vec<f64>,
    inverse: Vec<f64>,
    /// The price of each row.
    pub(super) y: Vec<f64>,
    pub(super) work: u64,
    /// Pivots since the inverse was computed.
    pub(super) pivots: u32,
}

impl Simplex {
    /// Every row covered alone.
    pub(super) fn new(demand: &[u32]) -> Self {
        let rows = demand.len();
        let mut inverse = vec![0.0; rows * rows];
        for row in 0..rows {
            inverse[row * rows + row] = 1.0;
        }
        Self {
            rows,
            basis: (0..).take(rows).map(Basic::Alone).collect(),
            x: demand.iter().map(|&count| f64::from(count)).collect(),
            demand: demand.iter().map(|&count| f64::from(count)).collect(),
            inverse,
            y: vec![1.0; rows],
            work: 0,
            pivots: 0,
        }
    }

    /// The sum of all x.
    pub(super) fn value(&self) -> f64 {
        let costs = self.basis.iter().zip(&self.x);
        costs.map(|(basic, x)| if matches!(basic, Basic::Surplus(_)) { 0.0 } else { *x }).sum()
    }

    /// What `column` is worth at the prices.
    pub(super) fn worth(&self, column: &[(u32, u32)]) -> f64 {
        column.iter().map(|&(row, count)| self.y[row as usize] * f64::from(count)).sum()
    }

    /// Lets a column enter that is worth more than its cost.
    /// Whether it did.
    pub(super) fn enter(&mut self, number: u32, column: &[(u32, u32)]) -> bool {
        let gain = 1.0 - self.worth(column);
        gain < -1e-6 && {
            let direction = self.direction(column, 1.0);
            self.pivot(Basic::Column(number), &direction, gain)
        }
    }

    /// Lets surpluses enter until no price is below 0.
    pub(super) fn settle(&mut self, columns: &[Column]) {
        if self.pivots > MAX_PIVOTS {
            self.invert(columns);
        }
        self.refresh();
        for _ in 0..4 * self.rows {
            let least = (0_u32..).zip(&self.y).min_by(|a, b| a.1.total_cmp(b.1));
            let Some((row, &price)) = least else { return };
            if price >= -TINY {
                return;
            }
            let direction = self.direction(&[(row, 1)], -1.0);
            if !self.pivot(Basic::Surplus(row), &direction, price) {
                return;
            }
        }
    }

    /// Computes values and prices anew from the inverse, so that errors do not
    /// add up.
    fn refresh(&mut self) {
        self.y.fill(0.0);
        for (at, inverse) in self.inverse.chunks_exact(self.rows.max(1)).enumerate() {
            let value: f64 = inverse.iter().zip(&self.demand).map(|(a, b)| a * b).sum();
            self.x[at] = value.max(0.0);
            if !matches!(self.basis[at], Basic::Surplus(_)) {
                self.y.iter_mut().zip(inverse).for_each(|(y, inverse)| *y += inverse);
            }
        }
        self.work += (self.rows * self.rows / 4) as u64;
    }

    /// The column in terms of the basis.
    fn direction(&self, column: &[(u32, u32)], sign: f64) -> Vec<f64> {
        let mut direction = vec![0.0; self.rows];
        for (value, inverse) in direction.iter_mut().zip(self.inverse.chunks_exact(self.rows)) {
            for &(row, count) in column {
                *value += inverse[row as usize] * f64::from(count);
            }
            *value *= sign;
        }
        direction
    }

    /// The variable enters that changes the basic ones by `direction` and the
    /// cost by `gain`; whether one could leave.
    fn pivot(&mut self, entering: Basic, direction: &[f64], gain: f64) -> bool {
        let Some(leaving) = self.leaving(direction) else { return false };
        let rows = self.rows;
        self.work += (rows * rows / 8) as u64;
        let pivot = direction[leaving];
        let step = self.x[leaving] / pivot;
        let (head, rest) = self.inverse.split_at_mut(leaving * rows);
        let (own, tail) = rest.split_at_mut(rows);
        own.iter_mut().for_each(|value| *value /= pivot);
        let others = head.chunks_exact_mut(rows).chain(tail.chunks_exact_mut(rows));
        let factors = (0..rows).filter(|at| *at != leaving).map(|at| direction[at]);
        for (other, factor) in others.zip(factors) {
            if factor.abs() > TINY {
                other.iter_mut().zip(&*own).for_each(|(value, own)| *value -= factor * own);
            }
        }
        self.y.iter_mut().zip(&*own).for_each(|(y, own)| *y += gain * own);
        for (at, x) in self.x.iter_mut().enumerate() {
            *x = if at == leaving { step } else { (*x - step * direction[at]).max(0.0) };
        }
        self.basis[leaving] = entering;
        self.pivots += 1;
        true
    }

    /// The basic variable that reaches 0 first; of several that nearly do,
    /// the safest to divide by (P. Harris, "Pivot selection methods of the
    /// Devex LP code", Mathematical Programming 5, 1973).
    fn leaving(&self, direction: &[f64]) -> Option<usize> {
        let each = || direction.iter().zip(&self.x).enumerate().filter(|(_, (d, _))| **d > SLOPE);
        let reach = each().map(|(_, (slope, x))| (x + SLACK) / slope).fold(f64::MAX, f64::min);
        let near = each().filter(|(_, (slope, x))| **x / **slope <= reach);
        near.max_by(|a, b| a.1.0.total_cmp(b.1.0).then(b.0.cmp(&a.0))).map(|(at, _)| at)
    }

    /// Inverts the basis anew, so that errors do not add up; `columns` are
    /// those it was built of. Where that fails, every row starts alone.
    pub(super) fn invert(&mut self, columns: &[Column]) {
        let rows = self.rows;
        self.pivots = 0;
        self.work += (rows * rows * rows / 8) as u64;
        // Each basic variable is a row of the transposed basis.
        let mut basis = vec![0.0; rows * rows];
        for (at, basic) in self.basis.iter().enumerate() {
            let own = &mut basis[at * rows..][..rows];
            match *basic {
                Basic::Alone(row) => own[row as usize] = 1.0,
                Basic::Surplus(row) => own[row as usize] = -1.0,
                Basic::Column(number) => {
                    for &(row, count) in &columns[number as usize] {
                        own[row as usize] = f64::from(count);
                    }
                }
            }
        }
        if let Some(inverse) = inverted(&basis, rows) {
            self.inverse = inverse;
        } else {
            self.basis = (0..).take(rows).map(Basic::Alone).collect();
            self.inverse.fill(0.0);
            (0..rows).for_each(|row| self.inverse[row * rows + row] = 1.0);
        }
    }
}

/// The inverse of the transpose of `matrix`, by Gauss and Jordan.
fn inverted(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut a = vec![0.0; n * n];
    let mut b = vec![0.0; n * n];
    for i in 0..n {
        b[i * n + i] = 1.0;
        for j in 0..n {
            a[i * n + j] = matrix[j * n + i];
        }
    }
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs()))?;
        if a[pivot * n + k].abs() < 1e-9 {
            return None;
        }
        for j in 0..n {
            a.swap(k * n + j, pivot * n + j);
            b.swap(k * n + j, pivot * n + j);
        }
        let scale = 1.0 / a[k * n + k];
        a[k * n..][..n].iter_mut().chain(&mut b[k * n..][..n]).for_each(|value| *value *= scale);
        let (own_a, own_b) = (a[k * n..][..n].to_vec(), b[k * n..][..n].to_vec());
        for i in (0..n).filter(|i| *i != k) {
            let factor = a[i * n + k];
            if factor != 0.0 {
                a[i * n..][..n].iter_mut().zip(&own_a).for_each(|(x, own)| *x -= factor * own);
                b[i * n..][..n].iter_mut().zip(&own_b).for_each(|(x, own)| *x -= factor * own);
            }
        }
    }
    Some(b)
}

/// A slope that is no more than this is none.
const SLOPE: f64 = 1e-6;
/// How far below 0 a variable may go for a safer pivot.
const SLACK: f64 = 1e-8;
