//! The view: nodes, prepared requests, and the room that tasks hold.

use alloc::vec::Vec;
use core::fmt;

use super::MAX_NODES;
use super::error::{NodeInfoError, Stale};
use super::fit::{Candidate, Node};
use super::groups::Groups;
use super::holds::Hold;
use super::index::Sight;
use super::node::{NodeInfo, NodeState};
use super::placing::Prepared;
use super::reason::Reason;
use super::rooms::{NO_GROUP, Rooms};
use super::table::Table;
use crate::id::{HoldId, NodeId};
use crate::resources::Resources;

/// A cluster's container instances, and the tasks on them, for one owner.
///
/// Handles of nodes, requests and holds are refused once what they named is
/// gone. Equal calls give equal answers.
pub struct View {
    pub(super) nodes: Table<Node>,
    pub(super) rooms: Rooms,
    pub(super) groups: Groups,
    pub(super) requests: Table<Prepared>,
    pub(super) holds: Table<Hold>,
    pub(super) draws: u64,
}

impl View {
    /// A view without nodes. `seed` is what [`Step::Random`](super::Step::Random) draws from.
    pub const fn new(seed: u64) -> Self {
        Self {
            nodes: Table::new(),
            rooms: Rooms::new(),
            groups: Groups::new(),
            requests: Table::new(),
            holds: Table::new(),
            draws: seed,
        }
    }

    /// What placing looks at.
    pub(super) fn sight(&self) -> Sight<'_> {
        Sight { nodes: &self.nodes, rooms: &self.rooms, groups: &self.groups }
    }

    pub(super) fn candidate(&self, index: u32) -> Option<Candidate<'_>> {
        self.sight().candidate(index)
    }

    /// Registers a node. O(attributes).
    ///
    /// # Errors
    ///
    /// [`NodeInfoError`] names what is wrong with `info`.
    pub fn add_node(&mut self, info: NodeInfo) -> Result<NodeId, NodeInfoError> {
        info.check()?;
        if self.nodes.is_full(MAX_NODES) {
            return Err(NodeInfoError::Full);
        }
        let (resources, gpus, enis, open) = (info.resources, info.gpus, info.enis, info.is_open());
        let (index, generation) = self.nodes.insert(Node::new(info));
        self.rooms.open(index);
        if let Some(room) = self.rooms.change(index, NO_GROUP) {
            (room.free, room.gpus, room.enis) = (resources, gpus, enis);
            (room.tasks, room.running, room.open) = (0, 0, open);
            room.facts = room.facts.wrapping_add(1);
        }
        Ok(NodeId::new(index, generation))
    }

    /// Registers a node anew: its tasks keep what they hold. O(attributes +
    /// tasks of the node).
    ///
    /// # Errors
    ///
    /// [`NodeInfoError`] where the handle is stale, `info` is wrong, or has less
    /// than the tasks on the node hold.
    pub fn update_node(&mut self, id: NodeId, info: NodeInfo) -> Result<(), NodeInfoError> {
        info.check()?;
        let node = self.nodes.get_mut(id.index(), id.generation()).ok_or(NodeInfoError::Stale)?;
        let room = self.rooms.get(id.index()).ok_or(NodeInfoError::Stale)?;
        let left = |total: u32, before: u32, free: u32, short: fn(u32, u32) -> Reason| {
            let held = before - free;
            total.checked_sub(held).ok_or_else(|| NodeInfoError::InUse(short(held, total)))
        };
        let (now, old) = (info.resources, node.info.resources);
        let cpu_units =
            left(now.cpu_units, old.cpu_units, room.free.cpu_units, |needed, available| {
                Reason::Cpu { needed, available }
            })?;
        let memory_mib =
            left(now.memory_mib, old.memory_mib, room.free.memory_mib, |needed, available| {
                Reason::Memory { needed, available }
            })?;
        let gpus = left(info.gpus, node.info.gpus, room.gpus, |needed, available| Reason::Gpu {
            needed,
            available,
        })?;
        let enis = left(info.enis, node.info.enis, room.enis, |needed, available| Reason::Eni {
            needed,
            available,
        })?;
        let mut ports = info.reserved_ports.clone();
        let held = node.holds.iter().filter_map(|hold| self.holds.at(*hold)?.ports.as_deref());
        held.for_each(|held| ports.take(held));
        let open = info.is_open();
        (node.ports, node.info) = (ports, info);
        if let Some(room) = self.rooms.change(id.index(), NO_GROUP) {
            room.free = Resources::new(cpu_units, memory_mib);
            (room.gpus, room.enis, room.open) = (gpus, enis, open);
            room.facts = room.facts.wrapping_add(1);
        }
        Ok(())
    }

    /// Takes a node away with its tasks: their holds, which are returned, are
    /// stale from now on. O(tasks of the node).
    ///
    /// # Errors
    ///
    /// [`Stale`] where no node has that handle.
    pub fn remove_node(&mut self, id: NodeId) -> Result<Vec<HoldId>, Stale> {
        let held: Vec<HoldId> = self.tasks_on(id).collect();
        for hold in &held {
            self.release(*hold)?;
        }
        self.nodes.remove(id.index(), id.generation()).ok_or(Stale)?;
        if let Some(room) = self.rooms.change(id.index(), NO_GROUP) {
            room.open = false;
            room.facts = room.facts.wrapping_add(1);
        }
        Ok(held)
    }

    /// Says whether the node takes new tasks: no for one that drains.
    ///
    /// # Errors
    ///
    /// [`Stale`] where no node has that handle.
    pub fn set_active(&mut self, id: NodeId, active: bool) -> Result<(), Stale> {
        self.change(id, |info| info.active = active)
    }

    /// Says whether the node's agent is connected.
    ///
    /// # Errors
    ///
    /// [`Stale`] where no node has that handle.
    pub fn set_agent_connected(&mut self, id: NodeId, connected: bool) -> Result<(), Stale> {
        self.change(id, |info| info.agent_connected = connected)
    }

    /// Adds an attribute to the node or replaces its value.
    ///
    /// # Errors
    ///
    /// [`NodeInfoError`] where the handle is stale or the attribute is none.
    pub fn set_attribute(
        &mut self,
        id: NodeId,
        name: &str,
        value: &str,
    ) -> Result<(), NodeInfoError> {
        let mut one = super::Attributes::default();
        one.set(name, value);
        one.check().map_err(NodeInfoError::Attribute)?;
        self.change(id, |info| info.attributes.set(name, value)).map_err(|_| NodeInfoError::Stale)
    }

    /// Takes an attribute from the node; whether it was there.
    ///
    /// # Errors
    ///
    /// [`Stale`] where no node has that handle.
    pub fn remove_attribute(&mut self, id: NodeId, name: &str) -> Result<bool, Stale> {
        self.change(id, |info| info.attributes.remove(name))
    }

    fn change<T>(
        &mut self,
        id: NodeId,
        change: impl FnOnce(&mut NodeInfo) -> T,
    ) -> Result<T, Stale> {
        let node = self.nodes.get_mut(id.index(), id.generation()).ok_or(Stale)?;
        let answer = change(&mut node.info);
        let open = node.info.is_open();
        if let Some(room) = self.rooms.change(id.index(), NO_GROUP) {
            room.open = open;
            room.facts = room.facts.wrapping_add(1);
        }
        Ok(answer)
    }

    /// The node at this moment; `None` where no node has that handle.
    pub fn node(&self, id: NodeId) -> Option<NodeState<'_>> {
        let node = self.nodes.get(id.index(), id.generation())?;
        let room = self.rooms.get(id.index())?;
        Some(NodeState {
            id,
            info: &node.info,
            free: room.free,
            gpus_free: room.gpus,
            enis_free: room.enis,
            ports_taken: &node.ports,
            tasks: room.tasks,
            running_tasks: room.running,
        })
    }

    /// Every node, by index.
    pub fn nodes(&self) -> impl Iterator<Item = NodeState<'_>> {
        self.nodes
            .iter()
            .filter_map(|(index, generation, _)| self.node(NodeId::new(index, generation)))
    }

    /// The tasks that hold room on a node; none where no node has that handle.
    pub fn tasks_on(&self, id: NodeId) -> impl Iterator<Item = HoldId> {
        let node = self.nodes.get(id.index(), id.generation());
        let holds = node.map_or(&[][..], |node| &node.holds);
        holds.iter().filter_map(|hold| {
            self.holds.generation(*hold).map(|generation| HoldId::new(*hold, generation))
        })
    }

    /// How many tasks of that group hold room on the node. O(log groups).
    pub fn tasks_of_group_on(&self, id: NodeId, group: &str) -> u32 {
        let node = self.nodes.get(id.index(), id.generation());
        let group = self.groups.number(group);
        node.zip(group).map_or(0, |(node, group)| node.tasks_of(group))
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nodes = f.debug_map();
        for node in self.nodes() {
            nodes.entry(&node.id, &(node.free, node.tasks));
        }
        nodes.finish()
    }
}
