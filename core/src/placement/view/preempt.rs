//! Priorities and gangs, which Amazon ECS does not have: tasks that make way
//! for a more important one, and tasks that run together or not at all.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use super::engine::View;
use super::error::PlaceError;
use super::fit::{Candidate, Node};
use super::holds::Hold;
use super::placing::Prepared;
use super::rooms::Room;
use super::why::Placed;
use crate::id::{HoldId, NodeId, RequestId};

/// The tasks that have to make way for one, and where; nothing is stopped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preemption {
    /// The node that the task can have then.
    pub node: NodeId,
    /// The tasks to stop: the least important first, of equals that with the
    /// lower index. All of them are needed.
    pub victims: Vec<HoldId>,
}

/// Why a gang is not placed: nothing was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GangError {
    /// The first of the gang that found no node, from 0.
    pub at: usize,
    /// Why it found none, with those before it placed.
    pub error: PlaceError,
}

impl fmt::Display for GangError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} of the gang: {}", self.at, self.error)
    }
}

impl core::error::Error for GangError {}

impl View {
    /// The tasks of a lower priority that have to make way for one of that
    /// request, where none has to the node that it would be placed on.
    ///
    /// On each node all tasks of a lower priority are thought away; if the task
    /// may run there then, they are brought back, the most important first,
    /// each as long as the task still may (the rule of kube-scheduler's default
    /// preemption). The node is the one whose most important victim is the least
    /// important; of those the one with the fewest; of those the one with the
    /// lowest index. Strategies have no say. The host stops the victims,
    /// releases them and commits. A topology spread is looked at as it is before
    /// the victims leave. O(nodes + tasks of lower priority).
    ///
    /// # Errors
    ///
    /// As [`View::place`], where no victims would make room.
    pub fn preempt(&mut self, id: RequestId) -> Result<Preemption, PlaceError> {
        if let Some(placed) = self.try_place(id).map_err(|_| PlaceError::Stale)? {
            return Ok(Preemption { node: placed.node, victims: Vec::new() });
        }
        let prepared = self.requests.get(id.index(), id.generation()).ok_or(PlaceError::Stale)?;
        let skews = self.skews(prepared);
        let victims = self.nodes.iter().filter_map(|(index, generation, node)| {
            let mut even = true;
            skews.refusals(&self.candidate(index)?, &mut |_| even = false);
            let victims = if even { self.victims_on(prepared, index, node)? } else { return None };
            let highest = victims.iter().map(|(priority, _)| *priority).max()?;
            Some(((highest, victims.len(), index), NodeId::new(index, generation), victims))
        });
        match victims.min_by_key(|(cost, ..)| *cost) {
            Some((_, node, mut victims)) => {
                victims.sort_by_key(|(priority, hold)| (*priority, hold.index()));
                let victims = victims.into_iter().map(|(_, hold)| hold).collect();
                Ok(Preemption { node, victims })
            }
            None => Err(PlaceError::Unplaced(self.unplaced(prepared))),
        }
    }

    /// The tasks that have to leave that node; `None` where none would help.
    fn victims_on(
        &self,
        prepared: &Prepared,
        index: u32,
        node: &Node,
    ) -> Option<Vec<(i32, HoldId)>> {
        let below = |hold: &u32| {
            let (held, generation) = (self.holds.at(*hold)?, self.holds.generation(*hold)?);
            let lower = held.priority < prepared.request.priority;
            lower.then(|| (HoldId::new(*hold, generation), held))
        };
        let mut below: Vec<(HoldId, &Hold)> = node.holds.iter().filter_map(below).collect();
        if below.is_empty() {
            return None;
        }
        let (mut node, mut room) = (node.clone(), *self.rooms.get(index)?);
        for (_, hold) in &below {
            leave(&mut room, &mut node, hold);
        }
        let may_run = |room: &Room, node: &Node| {
            let mut may = true;
            let candidate = Candidate { room, node, groups: &self.groups };
            candidate.refusals(&prepared.request, prepared.group, &mut |_| may = false);
            may
        };
        if !may_run(&room, &node) {
            return None;
        }
        below.sort_by_key(|(id, hold)| (Reverse(hold.priority), id.index()));
        let mut victims = Vec::new();
        for (id, hold) in below {
            join(&mut room, &mut node, hold);
            if !may_run(&room, &node) {
                leave(&mut room, &mut node, hold);
                victims.push((hold.priority, id));
            }
        }
        Some(victims)
    }

    /// Places one task of each request and takes the room, or takes nothing.
    ///
    /// One after the other in the order given, each by its own strategies: a
    /// gang may be refused that another order would have placed. Draws of
    /// [`Step::Random`](super::Step::Random) are spent either way.
    ///
    /// # Errors
    ///
    /// [`GangError`] names the first that finds no node.
    pub fn assign_all(&mut self, ids: &[RequestId]) -> Result<Vec<(Placed, HoldId)>, GangError> {
        let mut done: Vec<(Placed, HoldId)> = Vec::with_capacity(ids.len());
        for (at, id) in ids.iter().enumerate() {
            match self.assign(*id) {
                Ok(one) => done.push(one),
                Err(error) => {
                    for (_, hold) in done.into_iter().rev() {
                        let _was_held = self.release(hold);
                    }
                    return Err(GangError { at, error });
                }
            }
        }
        Ok(done)
    }
}

/// What the node is without that task.
pub(super) fn leave(room: &mut Room, node: &mut Node, hold: &Hold) {
    room.free.cpu_units += hold.resources.cpu_units;
    room.free.memory_mib += hold.resources.memory_mib;
    room.gpus += hold.gpus;
    room.enis += hold.enis;
    room.tasks -= 1;
    room.running -= u32::from(hold.running);
    node.leave(hold.group);
    if let Some(ports) = &hold.ports {
        node.ports.give(ports);
        // A port of the node's own may have been one of the task's.
        node.ports.take(&node.info.reserved_ports);
    }
}

/// What the node is with that task.
pub(super) fn join(room: &mut Room, node: &mut Node, hold: &Hold) {
    room.free.cpu_units -= hold.resources.cpu_units;
    room.free.memory_mib -= hold.resources.memory_mib;
    room.gpus -= hold.gpus;
    room.enis -= hold.enis;
    room.tasks += 1;
    room.running += u32::from(hold.running);
    node.join(hold.group);
    if let Some(ports) = &hold.ports {
        node.ports.take(ports);
    }
}
