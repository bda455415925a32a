//! Room for one more instance: which idle ones go, and no more than needed.
//!
//! Each policy object ranks its own idle instances by worth. Across policies,
//! whose worths do not compare, the one idle longest among each one's least
//! worthy goes first. Taken in that order, instances are set aside by node
//! until one node has room; then those of them that it can do without stay,
//! the most worthy first.

use alloc::vec::Vec;
use core::fmt;

use super::Keeper;
use crate::function::UnknownFunction;
use crate::id::{FunctionId, InstanceId, SlotId};
use crate::resources::Resources;
use crate::time::Instant;

/// Why no room can be made. Nothing is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoom {
    /// A handle of another region, or of none.
    UnknownFunction(UnknownFunction),
    /// No node would have room if all its idle instances that are kept here
    /// were stopped.
    Busy {
        /// What an instance of the function needs.
        needed: Resources,
    },
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFunction(error) => error.fmt(f),
            Self::Busy { needed: Resources { cpu_units, memory_mib } } => write!(
                f,
                "no node would have {cpu_units} CPU units and {memory_mib} MiB free \
                 if all its idle instances were stopped"
            ),
        }
    }
}

impl core::error::Error for NoRoom {}

/// An idle instance that could go.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    worth: f64,
    since: Instant,
    function: FunctionId,
    slot: SlotId,
    node: usize,
    resources: Resources,
}

/// A node and what is set aside on it.
#[derive(Debug)]
struct Node {
    free: Resources,
    victims: Vec<Candidate>,
}

impl Keeper {
    /// An instance of `function` found no room: plans which idle instances are
    /// stopped for it, as [`KeeperAction::Stop`](super::KeeperAction). When they have
    /// stopped, invoke again.
    ///
    /// Never a busy instance, and none that could stay: without any one of
    /// them the node would lack room. Only instances of functions that are kept
    /// here are stopped. Without a fleet there is nothing to do.
    /// O(instances x log instances).
    ///
    /// # Errors
    ///
    /// No node can have room; nothing is stopped.
    pub fn make_room(&mut self, now: Instant, function: FunctionId) -> Result<(), NoRoom> {
        let now = self.pass(now);
        let region = self.region.clone();
        let of = region.function(function).map_err(NoRoom::UnknownFunction)?;
        let Some(fleet) = region.fleet() else { return Ok(()) };
        let needed = of.spec().resources;
        let node = |free| Node { free, victims: Vec::new() };
        let nodes: Vec<Node> = fleet.nodes().map(|seen| node(seen.free)).collect();
        let victims = choose(nodes, self.candidates(now), needed).ok_or(NoRoom::Busy { needed })?;
        for victim in victims {
            let Some(Some(kept)) = self.functions.get_mut(victim.function.index() as usize) else {
                continue;
            };
            let last = kept.evict(victim.slot, &mut self.actions);
            let rules = &mut *self.policies[kept.policy].1;
            rules.handle_eviction(victim.function.index(), victim.worth, last);
        }
        Ok(())
    }

    /// The idle instances of each policy, least worthy last.
    fn candidates(&self, now: Instant) -> Vec<Vec<Candidate>> {
        let mut by_policy: Vec<Vec<Candidate>> = self.policies.iter().map(|_| Vec::new()).collect();
        for kept in self.functions.iter().flatten() {
            let function = kept.function;
            let Ok(of) = self.region.function(function) else { continue };
            let resources = of.spec().resources;
            let mut idle: Vec<_> = kept.idle_instances().collect();
            // The one idle longest stands for the highest level.
            idle.sort_unstable_by_key(|&(slot, since)| (since, core::cmp::Reverse(slot)));
            for ((slot, since), gap) in idle.into_iter().zip(kept.warm_levels(now)) {
                let instance = InstanceId { function, slot };
                let Ok(Some(node)) = self.region.node_of(instance) else { continue };
                let worth = self.policies[kept.policy].1.worth(now, gap);
                let node = node.index() as usize;
                let it = Candidate { worth, since, function, slot, node, resources };
                by_policy[kept.policy].push(it);
            }
        }
        for candidates in &mut by_policy {
            candidates.sort_unstable_by(|a, b| {
                let worth = b.worth.total_cmp(&a.worth);
                let tie = (b.since, b.function, b.slot).cmp(&(a.since, a.function, a.slot));
                worth.then(tie)
            });
        }
        by_policy
    }
}

/// The victims on the first node that has room with them.
fn choose(
    mut nodes: Vec<Node>,
    mut by_policy: Vec<Vec<Candidate>>,
    needed: Resources,
) -> Option<Vec<Candidate>> {
    loop {
        let heads = by_policy.iter_mut().filter(|candidates| !candidates.is_empty());
        let next = heads.min_by_key(|candidates| {
            candidates.last().map(|it| (it.since, it.function, it.slot))
        })?;
        let candidate = next.pop()?;
        let Some(node) = nodes.get_mut(candidate.node) else { continue };
        node.free = sum(node.free, candidate.resources);
        node.victims.push(candidate);
        if node.free.short_of(needed).is_none() {
            return Some(spare(node, needed));
        }
    }
}

/// The victims that the node cannot do without.
fn spare(node: &mut Node, needed: Resources) -> Vec<Candidate> {
    let mut kept = Vec::new();
    for victim in core::mem::take(&mut node.victims).into_iter().rev() {
        let without = Resources {
            cpu_units: node.free.cpu_units - victim.resources.cpu_units,
            memory_mib: node.free.memory_mib - victim.resources.memory_mib,
        };
        if without.short_of(needed).is_none() {
            node.free = without;
        } else {
            kept.push(victim);
        }
    }
    kept.reverse();
    kept
}

/// Saturates: what is free and what is held were never more than a node has.
const fn sum(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu_units: a.cpu_units.saturating_add(b.cpu_units),
        memory_mib: a.memory_mib.saturating_add(b.memory_mib),
    }
}
