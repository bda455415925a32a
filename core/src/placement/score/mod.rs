//! Scores of other schedulers, as strategies of a chain.
//!
//! Amazon ECS has no scores; a chain may all the same narrow by one
//! ([`Step::Score`](super::view::Step::Score)): the nodes with the highest
//! score stay. Each is a function of one node and what the task needs, in
//! integers or in `libm`'s floats, so the same on every target.
//!
//! | file | score | source |
//! |---|---|---|
//! | `allocated` | least and most allocated | Kubernetes, `noderesources` |
//! | `balanced` | balanced allocation | Kubernetes, `noderesources` |
//! | `ratio` | requested to capacity ratio | Kubernetes, `noderesources` |
//! | `best_fit` | best fit | Nomad, after Google's "Are all servers equal?" work |
//! | `dot_product` | alignment | Tetris (Grandl et al., SIGCOMM 2014) |
//!
//! ```
//! use warmstow_core::placement::score::{Load, Scorer};
//! use warmstow_core::resources::Resources;
//!
//! let load = Load {
//!     capacity: Resources::new(4_000, 10_000),
//!     free: Resources::new(4_000, 10_000),
//!     needed: Resources::new(1_000, 5_000),
//! };
//! // 75 % of CPU and 50 % of memory would be left.
//! assert_eq!(Scorer::LeastAllocated.score(&load), 62);
//! assert_eq!(Scorer::MostAllocated.score(&load), 37);
//! ```

mod allocated;
mod balanced;
mod best_fit;
mod dot_product;
mod ratio;

use core::fmt;

pub use ratio::{MAX_POINTS, Shape, ShapeError};

use crate::resources::Resources;

/// No score is higher: 18 bits.
pub const MAX_SCORE: u32 = (1 << 18) - 1;

/// A node, and the task that asks for its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// What the node has.
    pub capacity: Resources,
    /// What no task holds of it, before this one.
    pub free: Resources,
    /// What the task needs; at most what is free.
    pub needed: Resources,
}

/// One resource of a load: what would be taken with the task, of how much.
#[derive(Clone, Copy)]
struct Share {
    taken: u64,
    capacity: u64,
}

impl Load {
    /// CPU and memory with the task on the node.
    fn shares(&self) -> [Share; 2] {
        let share = |capacity: u32, free: u32, needed: u32| {
            let left = free.saturating_sub(needed).min(capacity);
            Share { taken: u64::from(capacity - left), capacity: u64::from(capacity.max(1)) }
        };
        [
            share(self.capacity.cpu_units, self.free.cpu_units, self.needed.cpu_units),
            share(self.capacity.memory_mib, self.free.memory_mib, self.needed.memory_mib),
        ]
    }
}

/// How a node is scored; the highest score is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scorer {
    /// The mean of what would be left, in percent of what there is: spreads.
    LeastAllocated,
    /// The mean of what would be taken: packs.
    MostAllocated,
    /// How alike the shares taken of CPU and of memory would be.
    BalancedAllocation,
    /// The mean of a broken line over the share taken.
    RequestedToCapacityRatio(Shape),
    /// Exponentially better the less would be left, of both.
    BestFit,
    /// How well what is free points where the task's needs do.
    DotProduct,
}

impl Scorer {
    /// The score of a node that has room, up to [`MAX_SCORE`]; each kind has a
    /// scale of its own. O(1).
    pub fn score(&self, load: &Load) -> u32 {
        match self {
            Self::LeastAllocated => allocated::least(load),
            Self::MostAllocated => allocated::most(load),
            Self::BalancedAllocation => balanced::score(load),
            Self::RequestedToCapacityRatio(shape) => shape.score(load),
            Self::BestFit => best_fit::score(load),
            Self::DotProduct => dot_product::score(load),
        }
    }

    /// The scorer of that name, the ratio with its default shape.
    pub fn by_name(name: &str) -> Option<Self> {
        let all = [
            Self::LeastAllocated,
            Self::MostAllocated,
            Self::BalancedAllocation,
            Self::RequestedToCapacityRatio(Shape::default()),
            Self::BestFit,
            Self::DotProduct,
        ];
        all.into_iter().find(|scorer| scorer.name() == name)
    }

    /// Its name in commands and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LeastAllocated => "least-allocated",
            Self::MostAllocated => "most-allocated",
            Self::BalancedAllocation => "balanced-allocation",
            Self::RequestedToCapacityRatio(_) => "requested-to-capacity-ratio",
            Self::BestFit => "best-fit",
            Self::DotProduct => "dot-product",
        }
    }
}

impl fmt::Display for Scorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A score of a mean of whole percents fits.
fn narrow(score: u64) -> u32 {
    u32::try_from(score).unwrap_or(MAX_SCORE).min(MAX_SCORE)
}
