//! The choice by a look at every node: strategy after strategy, each keeping
//! the best of those that the one before kept.
//!
//! This is the rule itself, as the guide states it. Requests that are prepared
//! go through `index` to the same answer.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::chain::{Chain, SpreadOver, Step};
use super::fit::Candidate;
use super::reason::Reason;
use super::task::PlacementRequest;

/// A node that may take the task.
#[derive(Clone, Copy)]
pub(super) struct Open<'a> {
    pub(super) index: u32,
    pub(super) candidate: Candidate<'a>,
}

/// Whether no reason speaks against the node.
pub(super) fn may_take(candidate: Candidate<'_>, request: &PlacementRequest, group: u32) -> bool {
    if !candidate.room.open {
        return false;
    }
    let mut none = true;
    candidate.refusals(request, group, &mut |_: Reason| none = false);
    none
}

/// The node that `chain` chooses; `open` are the nodes that may take the task,
/// by index, `all` every node. `draw` decides what is random.
pub(super) fn choose<'a>(
    chain: &Chain,
    group: u32,
    mut open: Vec<Open<'a>>,
    all: impl Iterator<Item = Candidate<'a>> + Clone,
    draw: u64,
) -> Option<u32> {
    for step in chain.steps() {
        match step {
            Step::Binpack(resource) => keep(&mut open, |one| one.room.free.get(*resource)),
            Step::Spread(SpreadOver::Instance) => keep(&mut open, |one| one.node.tasks_of(group)),
            Step::Spread(SpreadOver::Attribute(name)) => {
                let tasks = tasks_by_value(name, group, all.clone());
                keep(&mut open, |one| {
                    let value = one.node.info.attributes.get(name);
                    value.map_or(u64::MAX, |value| tasks.get(value).copied().unwrap_or(0))
                });
            }
            Step::Random => {
                let drawn = open.get(drawn_of(open.len(), draw)).copied();
                open.clear();
                open.extend(drawn);
            }
        }
    }
    open.first().map(|one| one.index)
}

/// A place among `places`, each as likely as the others.
#[expect(clippy::cast_possible_truncation, reason = "the product's high half is below `places`")]
pub(super) fn drawn_of(places: usize, draw: u64) -> usize {
    ((u128::from(draw) * places as u128) >> 64) as usize
}

/// Keeps those with the least of `measure`.
fn keep<'a, T: Ord + Copy>(open: &mut Vec<Open<'a>>, measure: impl Fn(Candidate<'a>) -> T) {
    let least = open.iter().map(|one| measure(one.candidate)).min();
    open.retain(|one| Some(measure(one.candidate)) == least);
}

/// How many tasks of the group run on nodes of each value of an attribute.
pub(super) fn tasks_by_value<'a>(
    name: &str,
    group: u32,
    all: impl Iterator<Item = Candidate<'a>>,
) -> BTreeMap<&'a str, u64> {
    let mut tasks = BTreeMap::new();
    for one in all {
        if let Some(value) = one.node.info.attributes.get(name) {
            *tasks.entry(value).or_insert(0) += u64::from(one.node.tasks_of(group));
        }
    }
    tasks
}
