//! Strategies as numbers: what each minimises, one after the other.
//!
//! What a strategy minimises is of the node alone (room, tasks of the group,
//! a score), or the same for all nodes of a value of an attribute. The first
//! kind is packed into a node's key, most significant first, with the node's
//! index last: the lowest index wins ties. The second is compared between
//! parts of the nodes, one for each combination of values. A strategy that is
//! there twice narrows nothing the second time; what follows a draw neither.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chain::{Chain, MAX_STRATEGIES, SpreadOver, Step};
use super::fit::Node;
use super::rooms::Room;
use crate::placement::constraint::Constraint;
use crate::placement::score::{Load, MAX_SCORE, Scorer};
use crate::resources::{Resource, Resources};

/// Bits of a node's index in its key: the most nodes of a view.
pub(super) const INDEX_BITS: u32 = 24;
/// Bits of an amount: [`Resources::MAX`].
const AMOUNT_BITS: u32 = 24;
/// Bits of a number of tasks on one node; more count as that many.
const TASK_BITS: u32 = 20;
/// Bits of a score: [`MAX_SCORE`].
const SCORE_BITS: u32 = 18;

const _: () = assert!(Resources::MAX < 1 << AMOUNT_BITS);
const _: () = assert!(MAX_SCORE < 1 << SCORE_BITS);
// Two amounts, a number of tasks and scores: no five of them are longer.
const _: () = assert!(MAX_STRATEGIES == 5);
const _: () = assert!(INDEX_BITS + 2 * AMOUNT_BITS + TASK_BITS + 2 * SCORE_BITS <= 128);

/// What a strategy minimises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Left(Resource),
    TasksOnNode,
    /// [`MAX_SCORE`] less the score.
    Score(Scorer),
    /// The number of the attribute in [`Order::attributes`].
    TasksOfValue(usize),
}

/// A chain, ready for comparison.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Each different measure, in order.
    pub(super) measures: Vec<Measure>,
    /// For each strategy up to a draw, which measure it is.
    pub(super) steps: Vec<usize>,
    /// The attributes that tasks are spread over, by strategies and constraints.
    pub(super) attributes: Vec<Box<str>>,
    /// Whether one of the ties is drawn in the end.
    pub(super) draws: bool,
}

/// What a node measures, in the order of [`Order::measures`].
pub(super) type Measured = [u64; MAX_STRATEGIES];

impl Order {
    pub(super) fn new(chain: &Chain, constraints: &[Constraint]) -> Self {
        let mut order =
            Self { measures: Vec::new(), steps: Vec::new(), attributes: Vec::new(), draws: false };
        for step in chain.steps() {
            let measure = match step {
                Step::Binpack(resource) => Measure::Left(*resource),
                Step::Spread(SpreadOver::Instance) => Measure::TasksOnNode,
                Step::Spread(SpreadOver::Attribute(name)) => {
                    let known = order.attributes.iter().position(|known| known == name);
                    Measure::TasksOfValue(known.unwrap_or_else(|| {
                        order.attributes.push(name.clone());
                        order.attributes.len() - 1
                    }))
                }
                Step::Score(scorer) => Measure::Score(*scorer),
                Step::Random => {
                    order.draws = true;
                    break;
                }
            };
            let known = order.measures.iter().position(|known| *known == measure);
            order.steps.push(known.unwrap_or(order.measures.len()));
            if known.is_none() {
                order.measures.push(measure);
            }
        }
        for constraint in constraints {
            if let Constraint::MaxSkew { attribute, .. } = constraint
                && !order.attributes.contains(attribute)
            {
                order.attributes.push(attribute.clone());
            }
        }
        order
    }

    /// Whether the number of the group's tasks on a node matters.
    pub(super) fn counts_tasks(&self) -> bool {
        !self.attributes.is_empty() || self.measures.contains(&Measure::TasksOnNode)
    }

    /// The key of a node that may take the task; less is better.
    #[inline]
    pub(super) fn key(
        &self,
        index: u32,
        room: &Room,
        node: &Node,
        needed: Resources,
        tasks: u32,
    ) -> u128 {
        let mut key = 0;
        for measure in &self.measures {
            let (bits, value) = match measure {
                Measure::Left(resource) => (AMOUNT_BITS, room.free.get(*resource)),
                Measure::TasksOnNode => (TASK_BITS, tasks.min((1 << TASK_BITS) - 1)),
                Measure::Score(scorer) => {
                    let load = Load { capacity: node.info.resources, free: room.free, needed };
                    (SCORE_BITS, MAX_SCORE - scorer.score(&load).min(MAX_SCORE))
                }
                Measure::TasksOfValue(_) => continue,
            };
            key = key << bits | u128::from(value);
        }
        let index = if self.draws { 0 } else { index };
        key << INDEX_BITS | u128::from(index)
    }

    /// What is measured of the node with that key, where `of_value` counts the
    /// tasks on nodes of its value of an attribute.
    #[inline]
    pub(super) fn measured(&self, key: u128, of_value: impl Fn(usize) -> u64) -> Measured {
        let mut measured = [0; MAX_STRATEGIES];
        let mut rest = key >> INDEX_BITS;
        for (slot, measure) in measured.iter_mut().zip(&self.measures).rev() {
            let bits = match measure {
                Measure::Left(_) => AMOUNT_BITS,
                Measure::TasksOnNode => TASK_BITS,
                Measure::Score(_) => SCORE_BITS,
                Measure::TasksOfValue(attribute) => {
                    *slot = of_value(*attribute);
                    continue;
                }
            };
            *slot = low(rest, bits);
            rest >>= bits;
        }
        measured
    }
}

/// The lowest bits of a key.
#[expect(clippy::cast_possible_truncation, reason = "fewer than 64 bits are left")]
const fn low(key: u128, bits: u32) -> u64 {
    (key & ((1 << bits) - 1)) as u64
}

/// The index in a key.
#[expect(clippy::cast_possible_truncation, reason = "fewer than 32 bits are left")]
pub(super) const fn index_of(key: u128) -> u32 {
    low(key, INDEX_BITS) as u32
}
