//! The room that tasks hold: taken on a named node, given back once.

use alloc::sync::Arc;

use super::engine::View;
use super::error::{CommitError, Stale};
use super::fit::shortages;
use super::ports::PortSet;
use super::preempt::{join, leave};
use super::rooms::NO_GROUP;
use crate::id::{HoldId, NodeId, RequestId};
use crate::resources::Resources;

/// What a task holds on a node.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) node: NodeId,
    pub(super) group: u32,
    pub(super) priority: i32,
    pub(super) resources: Resources,
    pub(super) gpus: u32,
    pub(super) enis: u32,
    pub(super) running: bool,
    /// Its place among the node's holds.
    place: u32,
    pub(super) ports: Option<Arc<PortSet>>,
}

/// What a task holds, to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoldView<'a> {
    /// The node.
    pub node: NodeId,
    /// The task group.
    pub group: &'a str,
    /// The priority of the request.
    pub priority: i32,
    /// CPU units and memory held.
    pub resources: Resources,
    /// GPUs held.
    pub gpus: u32,
    /// Network interfaces held.
    pub enis: u32,
    /// Whether the task was reported as running.
    pub running: bool,
}

impl View {
    /// Takes the room for one task on a named node. Asks for room alone: agent,
    /// attributes and constraints are [`View::place`]'s and
    /// [`View::reasons`]'. O(log groups + ports).
    ///
    /// # Errors
    ///
    /// [`CommitError`] where a handle is stale or the node is short of
    /// something.
    pub fn commit(&mut self, id: RequestId, node: NodeId) -> Result<HoldId, CommitError> {
        let Self { nodes, rooms, groups, requests, holds, .. } = self;
        let prepared = requests.get(id.index(), id.generation()).ok_or(CommitError::Stale)?;
        let place = nodes.get_mut(node.index(), node.generation()).ok_or(CommitError::Stale)?;
        let room = rooms.get(node.index()).ok_or(CommitError::Stale)?;
        let needs = &prepared.request.needs;
        let mut short = None;
        shortages(room, place, needs, &mut |reason| {
            short.get_or_insert(reason);
        });
        if let Some(reason) = short {
            return Err(CommitError::Short(reason));
        }
        groups.join_number(prepared.group);
        let hold = Hold {
            node,
            group: prepared.group,
            priority: prepared.request.priority,
            resources: needs.resources,
            gpus: needs.gpus,
            enis: needs.enis,
            running: false,
            place: u32::try_from(place.holds.len()).unwrap_or(u32::MAX),
            ports: prepared.ports.clone(),
        };
        if let Some(room) = rooms.change(node.index(), hold.group) {
            join(room, place, &hold);
        }
        let (index, generation) = holds.insert(hold);
        place.holds.push(index);
        Ok(HoldId::new(index, generation))
    }

    /// Reports that a task runs: `runningTasksCount` counts those that do.
    ///
    /// # Errors
    ///
    /// [`Stale`] where nothing is held by that handle.
    pub fn set_running(&mut self, id: HoldId, running: bool) -> Result<(), Stale> {
        let hold = self.holds.get_mut(id.index(), id.generation()).ok_or(Stale)?;
        let before = core::mem::replace(&mut hold.running, running);
        let index = hold.node.index();
        if let Some(room) = self.rooms.change(index, NO_GROUP) {
            room.running = room.running + u32::from(running) - u32::from(before);
        }
        Ok(())
    }

    /// Gives the room of a task back, once it has stopped: a task that is asked
    /// to stop holds it until then. O(log groups + ports).
    ///
    /// # Errors
    ///
    /// [`Stale`] where nothing is held by that handle: given back before, or
    /// gone with its node.
    pub fn release(&mut self, id: HoldId) -> Result<(), Stale> {
        let hold = self.holds.remove(id.index(), id.generation()).ok_or(Stale)?;
        self.groups.leave(hold.group);
        let (at, place) = (hold.node, hold.place);
        let node = self.nodes.get_mut(at.index(), at.generation()).ok_or(Stale)?;
        if let Some(room) = self.rooms.change(at.index(), hold.group) {
            leave(room, node, &hold);
        }
        node.holds.swap_remove(place as usize);
        let moved = node.holds.get(place as usize).copied();
        if let Some(moved) = moved.and_then(|moved| self.holds.at_mut(moved)) {
            moved.place = place;
        }
        Ok(())
    }

    /// What a task holds; `None` where nothing is held by that handle.
    pub fn hold(&self, id: HoldId) -> Option<HoldView<'_>> {
        let hold = self.holds.get(id.index(), id.generation())?;
        Some(HoldView {
            node: hold.node,
            group: self.groups.name(hold.group),
            priority: hold.priority,
            resources: hold.resources,
            gpus: hold.gpus,
            enis: hold.enis,
            running: hold.running,
        })
    }
}
