//! The node chosen, and why that one.

use core::fmt;

use super::chain::MAX_STRATEGIES;
use super::index::Chosen;
use super::order::{Measure, Order};
use crate::id::NodeId;
use crate::placement::score::MAX_SCORE;
use crate::resources::Resource;

/// A node chosen; nothing is taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placed {
    /// The node.
    pub node: NodeId,
    because: [Option<Because>; MAX_STRATEGIES],
}

/// What one strategy found of the node chosen: no node that may take the task,
/// and that the strategies before left, has less of it
/// (of a score, more).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because {
    /// Binpack: that much of the resource was left before the task took its own.
    Left {
        /// The resource.
        resource: Resource,
        /// The amount.
        amount: u32,
    },
    /// Spread over instances: that many tasks of the group are on the node.
    TasksOnInstance {
        /// How many (up to 2^20 - 1).
        tasks: u32,
    },
    /// Spread over an attribute: that many tasks of the group are on nodes with
    /// the same value.
    TasksOfValue {
        /// How many.
        tasks: u64,
    },
    /// Spread over an attribute that no node which may take the task has.
    NoAttribute,
    /// Score: the node's.
    Score {
        /// The score, on the scorer's scale.
        score: u32,
    },
    /// Random: drawn from that many nodes.
    Drawn {
        /// How many.
        from: u32,
    },
}

impl Placed {
    pub(super) fn new(node: NodeId, chosen: &Chosen, order: &Order) -> Self {
        let mut because = [None; MAX_STRATEGIES];
        let measured = order.steps.iter().filter_map(|measure| {
            let value = chosen.measured.get(*measure)?;
            order.measures.get(*measure).map(|measure| Because::of(measure, *value))
        });
        let drawn = order.draws.then_some(Because::Drawn { from: chosen.drawn_from });
        for (slot, found) in because.iter_mut().zip(measured.chain(drawn)) {
            *slot = Some(found);
        }
        Self { node, because }
    }

    /// Why that node: what each strategy found, in order, up to the first
    /// [`Step::Random`](super::Step::Random).
    /// Among nodes that all strategies find equal it is the one with the lowest
    /// index.
    pub fn because(&self) -> impl Iterator<Item = Because> {
        self.because.into_iter().flatten()
    }
}

impl Because {
    fn of(measure: &Measure, value: u64) -> Self {
        let count = u32::try_from(value).unwrap_or(u32::MAX);
        match measure {
            Measure::Left(resource) => Self::Left { resource: *resource, amount: count },
            Measure::TasksOnNode => Self::TasksOnInstance { tasks: count },
            Measure::Score(_) => Self::Score { score: MAX_SCORE.saturating_sub(count) },
            Measure::TasksOfValue(_) if value == u64::MAX => Self::NoAttribute,
            Measure::TasksOfValue(_) => Self::TasksOfValue { tasks: value },
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left { resource, amount } => write!(f, "only {amount} {resource} left"),
            Self::TasksOnInstance { tasks } => write!(f, "{tasks} tasks of the group on it"),
            Self::TasksOfValue { tasks } => write!(f, "{tasks} tasks of the group on its like"),
            Self::NoAttribute => f.write_str("no node with the attribute may take the task"),
            Self::Score { score } => write!(f, "a score of {score}"),
            Self::Drawn { from } => write!(f, "drawn from {from}"),
        }
    }
}
