//! Requested to capacity ratio: a broken line over the share taken, in percent
//! (Kubernetes, `noderesources/requested_to_capacity_ratio.go`). The score of a
//! resource is the line's, ten times (it is given from 0 to 10); that of a node
//! the mean over the resources whose score is not 0, rounded.

use core::fmt;

use super::{Load, narrow};

/// The most points of a line.
pub const MAX_POINTS: usize = 8;

/// A broken line through points of rising utilisation; level before the first
/// and after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    points: [(u8, u8); MAX_POINTS],
    count: u8,
}

impl Shape {
    /// The line through `points`: utilisation in percent, and score from 0 to
    /// 10.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] names the first point that is out of range or order.
    pub fn new(points: &[(u8, u8)]) -> Result<Self, ShapeError> {
        let mut shape = Self { points: [(0, 0); MAX_POINTS], count: 0 };
        if points.is_empty() || points.len() > MAX_POINTS {
            return Err(ShapeError::Count { points: points.len() });
        }
        let mut before = None;
        for (slot, (utilization, score)) in shape.points.iter_mut().zip(points) {
            if *utilization > 100 || *score > 10 || before >= Some(*utilization) {
                return Err(ShapeError::Point { utilization: *utilization, score: *score });
            }
            before = Some(*utilization);
            *slot = (*utilization, *score);
            shape.count += 1;
        }
        Ok(shape)
    }

    pub(super) fn score(&self, load: &Load) -> u32 {
        let scores = load.shares().map(|share| self.at(share.taken * 100 / share.capacity));
        let counted = scores.iter().filter(|score| **score > 0).count() as u64;
        if counted == 0 {
            return 0;
        }
        narrow((scores.iter().sum::<u64>() + counted / 2) / counted)
    }

    /// The line at a utilisation in percent, ten times.
    fn at(&self, utilization: u64) -> u64 {
        let points = self.points.iter().take(self.count.into());
        let mut before: Option<(i64, i64)> = None;
        let at = i64::try_from(utilization).unwrap_or(i64::MAX);
        for (utilization, score) in points {
            let (x, y) = (i64::from(*utilization), i64::from(*score) * 10);
            if at <= x {
                let (left, low) = before.unwrap_or((x - 1, y));
                // Towards zero, as the original.
                let score =
                    if before.is_none() { y } else { low + (y - low) * (at - left) / (x - left) };
                return u64::try_from(score).unwrap_or(0);
            }
            before = Some((x, y));
        }
        before.map_or(0, |(_, score)| u64::try_from(score).unwrap_or(0))
    }
}

impl Default for Shape {
    /// 0 where nothing is taken, 10 where all is: packs.
    fn default() -> Self {
        let mut points = [(0, 0); MAX_POINTS];
        points[1] = (100, 10);
        Self { points, count: 2 }
    }
}

/// Why points make no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// None, or more than [`MAX_POINTS`].
    Count {
        /// How many there are.
        points: usize,
    },
    /// Above 100 %, above 10, or not to the right of the point before.
    Point {
        /// Its utilisation in percent.
        utilization: u8,
        /// Its score.
        score: u8,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { points } => write!(f, "{points} points, 1 to {MAX_POINTS} are possible"),
            Self::Point { utilization, score } => write!(
                f,
                "point ({utilization} %, {score}): rising from 0 to 100 %, scores from 0 to 10"
            ),
        }
    }
}

impl core::error::Error for ShapeError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::resources::Resources;

    #[test]
    fn the_line_is_level_outside_its_points_and_straight_between() {
        // The example of kube-scheduler's tests of its broken line.
        let shape = Shape::new(&[(10, 1), (90, 9)]).unwrap();
        for (utilization, score) in
            [(0, 10), (9, 10), (10, 10), (15, 15), (19, 19), (89, 89), (99, 90), (110, 90)]
        {
            assert_eq!(shape.at(utilization), score, "{utilization}");
        }
        let shape = Shape::new(&[(0, 10), (40, 0), (100, 5)]).unwrap();
        for (utilization, score) in [(0, 100), (20, 50), (30, 25), (40, 0), (70, 25), (100, 50)] {
            assert_eq!(shape.at(utilization), score, "{utilization}");
        }
    }

    #[test]
    fn a_node_scores_the_mean_of_what_scores() {
        let load = |cpu, memory| Load {
            capacity: Resources::new(100, 100),
            free: Resources::new(100, 100),
            needed: Resources::new(cpu, memory),
        };
        let shape = Shape::default();
        assert_eq!(shape.score(&load(0, 0)), 0);
        assert_eq!(shape.score(&load(50, 0)), 50, "a score of 0 does not count");
        assert_eq!(shape.score(&load(50, 75)), 63, "62.5 rounds up");
    }

    #[test]
    fn points_out_of_range_or_order_are_refused() {
        assert_eq!(Shape::new(&[]), Err(ShapeError::Count { points: 0 }));
        assert_eq!(Shape::new(&[(0, 0); 9]), Err(ShapeError::Count { points: 9 }));
        for point in [(101, 0), (50, 11), (10, 3)] {
            let error = ShapeError::Point { utilization: point.0, score: point.1 };
            assert_eq!(Shape::new(&[(10, 1), point]), Err(error));
        }
        assert!(Shape::new(&[(10, 3), (10, 3)]).unwrap_err().to_string().contains("(10 %, 3)"));
    }
}
