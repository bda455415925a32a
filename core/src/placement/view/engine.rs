//! The view: nodes, prepared requests, and the room that tasks hold.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::chain::Step;
use super::error::{CommitError, NodeInfoError, PlaceError, RequestError, Stale};
use super::fit::{Candidate, Node};
use super::groups::Groups;
use super::node::{NodeInfo, NodeState};
use super::ports::PortSet;
use super::reason::{Reason, Unplaced};
use super::rooms::Rooms;
use super::scan::{self, Open};
use super::table::Table;
use super::task::PlacementRequest;
use crate::id::{HoldId, NodeId, RequestId};
use crate::resources::Resources;
use crate::rng::splitmix64;

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
    draws: u64,
}

/// A request with the number of its group.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) request: Arc<PlacementRequest>,
    pub(super) group: u32,
    ports: Option<Arc<PortSet>>,
}

/// What a task holds on a node.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) node: NodeId,
    pub(super) group: u32,
    pub(super) priority: i32,
    pub(super) resources: Resources,
    pub(super) gpus: u32,
    pub(super) enis: u32,
    running: bool,
    /// Its place among the node's holds.
    place: u32,
    pub(super) ports: Option<Arc<PortSet>>,
}

/// A node chosen; nothing is taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placed {
    /// The node.
    pub node: NodeId,
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
    /// A view without nodes. `seed` is what [`Step::Random`] draws from.
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

    // ---- nodes ------------------------------------------------------------

    /// Registers a node. O(attributes).
    ///
    /// # Errors
    ///
    /// [`NodeInfoError`] names what is wrong with `info`.
    pub fn add_node(&mut self, info: NodeInfo) -> Result<NodeId, NodeInfoError> {
        info.check()?;
        let (resources, gpus, enis, open) = (info.resources, info.gpus, info.enis, info.is_open());
        let (index, generation) = self.nodes.insert(Node::new(info));
        self.rooms.open(index);
        if let Some(room) = self.rooms.change(index) {
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
        if let Some(room) = self.rooms.change(id.index()) {
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
        if let Some(room) = self.rooms.change(id.index()) {
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
        if let Some(room) = self.rooms.change(id.index()) {
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

    // ---- requests ---------------------------------------------------------

    /// Registers a request: what is placed many times is prepared once. O(text).
    ///
    /// # Errors
    ///
    /// [`RequestError`] names what is wrong with it.
    pub fn prepare(&mut self, request: PlacementRequest) -> Result<RequestId, RequestError> {
        request.check()?;
        let group = self.groups.join(&request.group);
        let ports = &request.needs.ports;
        let ports = (!ports.is_empty()).then(|| Arc::new(ports.clone()));
        let prepared = Prepared { request: Arc::new(request), group, ports };
        let (index, generation) = self.requests.insert(prepared);
        Ok(RequestId::new(index, generation))
    }

    /// Forgets a request. Its tasks keep their room.
    ///
    /// # Errors
    ///
    /// [`Stale`] where no request has that handle.
    pub fn forget(&mut self, id: RequestId) -> Result<(), Stale> {
        let prepared = self.requests.remove(id.index(), id.generation()).ok_or(Stale)?;
        self.groups.leave(prepared.group);
        Ok(())
    }

    /// The request of that handle.
    pub fn request(&self, id: RequestId) -> Option<&PlacementRequest> {
        self.requests.get(id.index(), id.generation()).map(|prepared| &*prepared.request)
    }

    // ---- placing ----------------------------------------------------------

    /// Chooses the node for one task; takes nothing: see [`View::commit`].
    ///
    /// # Errors
    ///
    /// [`PlaceError::Unplaced`] holds each node's reasons where no node may take
    /// the task; O(nodes) then.
    pub fn place(&mut self, id: RequestId) -> Result<Placed, PlaceError> {
        let prepared = self.requests.get(id.index(), id.generation()).ok_or(PlaceError::Stale)?;
        let prepared = prepared.clone();
        match self.chosen(&prepared) {
            Some(index) => {
                let generation = self.nodes.generation(index).ok_or(PlaceError::Stale)?;
                Ok(Placed { node: NodeId::new(index, generation) })
            }
            None => Err(PlaceError::Unplaced(self.unplaced(&prepared))),
        }
    }

    fn chosen(&mut self, prepared: &Prepared) -> Option<u32> {
        let request = &*prepared.request;
        let draw = if request.strategies.steps().contains(&Step::Random) {
            splitmix64(&mut self.draws)
        } else {
            0
        };
        let open = |index| {
            let candidate = self.candidate(index)?;
            scan::may_take(candidate, request, prepared.group).then_some(Open { index, candidate })
        };
        let count = u32::try_from(self.rooms.len()).unwrap_or(u32::MAX);
        let all = (0..count).filter_map(|index| self.candidate(index));
        let open = (0..count).filter_map(open).collect();
        scan::choose(&request.strategies, prepared.group, open, all, draw)
    }

    fn candidate(&self, index: u32) -> Option<Candidate<'_>> {
        let (node, room) = (self.nodes.at(index)?, self.rooms.get(index)?);
        Some(Candidate { node, room, groups: &self.groups })
    }

    fn unplaced(&self, prepared: &Prepared) -> Unplaced {
        let mut unplaced = Unplaced::default();
        let mut reasons = Vec::new();
        for (index, generation, _) in self.nodes.iter() {
            reasons.clear();
            if let Some(candidate) = self.candidate(index) {
                candidate.refusals(&prepared.request, prepared.group, &mut |reason| {
                    reasons.push(reason);
                });
            }
            unplaced.push(NodeId::new(index, generation), &reasons);
        }
        unplaced.settle()
    }

    /// Every reason why a named node cannot take a task of that request: what
    /// `StartTask` reports. Empty where it can. O(request).
    ///
    /// # Errors
    ///
    /// [`Stale`] where the request or the node is none of this view.
    pub fn reasons(&self, id: RequestId, node: NodeId) -> Result<Vec<Reason>, Stale> {
        let prepared = self.requests.get(id.index(), id.generation()).ok_or(Stale)?;
        self.nodes.get(node.index(), node.generation()).ok_or(Stale)?;
        let candidate = self.candidate(node.index()).ok_or(Stale)?;
        let mut reasons = Vec::new();
        candidate.refusals(&prepared.request, prepared.group, &mut |reason| reasons.push(reason));
        Ok(reasons)
    }

    /// Takes the room for one task on a named node. Asks for room alone: agent,
    /// attributes and constraints are [`View::place`]'s and
    /// [`View::reasons`]'. O(log groups + ports).
    ///
    /// # Errors
    ///
    /// [`CommitError`] where a handle is stale or the node is short of
    /// something.
    pub fn commit(&mut self, id: RequestId, node: NodeId) -> Result<HoldId, CommitError> {
        let prepared =
            self.requests.get(id.index(), id.generation()).ok_or(CommitError::Stale)?.clone();
        self.nodes.get(node.index(), node.generation()).ok_or(CommitError::Stale)?;
        let candidate = self.candidate(node.index()).ok_or(CommitError::Stale)?;
        let needs = &prepared.request.needs;
        let mut short = None;
        candidate.shortages(needs, &mut |reason| {
            short.get_or_insert(reason);
        });
        if let Some(reason) = short {
            return Err(CommitError::Short(reason));
        }
        Ok(self.take(prepared, node))
    }

    fn take(&mut self, prepared: Prepared, id: NodeId) -> HoldId {
        let Prepared { request, group, ports } = prepared;
        let needs = &request.needs;
        self.groups.join_number(group);
        if let Some(room) = self.rooms.change(id.index()) {
            room.free.cpu_units -= needs.resources.cpu_units;
            room.free.memory_mib -= needs.resources.memory_mib;
            room.gpus -= needs.gpus;
            room.enis -= needs.enis;
            room.tasks += 1;
        }
        let mut hold = Hold {
            node: id,
            group,
            priority: request.priority,
            resources: needs.resources,
            gpus: needs.gpus,
            enis: needs.enis,
            running: false,
            place: 0,
            ports,
        };
        let Some(node) = self.nodes.get_mut(id.index(), id.generation()) else {
            unreachable!("the caller looked the node up")
        };
        node.join(group);
        if let Some(ports) = &hold.ports {
            node.ports.take(ports);
        }
        hold.place = u32::try_from(node.holds.len()).unwrap_or(u32::MAX);
        let (index, generation) = self.holds.insert(hold);
        node.holds.push(index);
        HoldId::new(index, generation)
    }

    /// Chooses the node for one task and takes the room: [`View::place`] and
    /// [`View::commit`].
    ///
    /// # Errors
    ///
    /// Those of [`View::place`].
    pub fn assign(&mut self, id: RequestId) -> Result<(Placed, HoldId), PlaceError> {
        let placed = self.place(id)?;
        match self.commit(id, placed.node) {
            Ok(hold) => Ok((placed, hold)),
            Err(_) => Err(PlaceError::Stale),
        }
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
        if let Some(room) = self.rooms.change(index) {
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
        let Hold { node: at, group, resources, gpus, enis, running, place, ports, .. } = hold;
        self.groups.leave(group);
        if let Some(room) = self.rooms.change(at.index()) {
            room.free.cpu_units += resources.cpu_units;
            room.free.memory_mib += resources.memory_mib;
            room.gpus += gpus;
            room.enis += enis;
            room.tasks -= 1;
            room.running -= u32::from(running);
        }
        let node = self.nodes.get_mut(at.index(), at.generation()).ok_or(Stale)?;
        node.leave(group);
        if let Some(ports) = ports {
            node.ports.give(&ports);
            // A port of the node's own may have been one of the task's.
            node.ports.take(&node.info.reserved_ports);
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

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nodes = f.debug_map();
        for node in self.nodes() {
            nodes.entry(&node.id, &(node.free, node.tasks));
        }
        nodes.finish()
    }
}
