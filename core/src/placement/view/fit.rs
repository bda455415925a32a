//! Whether a node may take a task, and every reason why not.

use alloc::vec::Vec;

use super::groups::Groups;
use super::node::NodeInfo;
use super::ports::{MAX_PORTS, PortSet};
use super::reason::Reason;
use super::rooms::Room;
use super::task::{PlacementRequest, TaskRequirements};
use crate::placement::constraint::{Constraint, Member, Version};

/// The part of a node that placing seldom looks at.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) info: NodeInfo,
    /// The ports that are taken, by its tasks or by itself.
    pub(super) ports: PortSet,
    /// How many tasks of which group are there, by group.
    groups: Vec<(u32, u32)>,
    /// Its tasks: indices of their holds.
    pub(super) holds: Vec<u32>,
}

impl Node {
    pub(super) fn new(info: NodeInfo) -> Self {
        let ports = info.reserved_ports.clone();
        Self { info, ports, groups: Vec::new(), holds: Vec::new() }
    }

    /// How many tasks of that group are there. O(log groups).
    pub(super) fn tasks_of(&self, group: u32) -> u32 {
        match self.groups.binary_search_by_key(&group, |(group, _)| *group) {
            Ok(at) => self.groups.get(at).map_or(0, |(_, tasks)| *tasks),
            Err(_) => 0,
        }
    }

    /// One task more of that group.
    pub(super) fn join(&mut self, group: u32) {
        match self.groups.binary_search_by_key(&group, |(group, _)| *group) {
            Ok(at) => {
                if let Some((_, tasks)) = self.groups.get_mut(at) {
                    *tasks += 1;
                }
            }
            Err(at) => self.groups.insert(at, (group, 1)),
        }
    }

    /// One task less of that group.
    pub(super) fn leave(&mut self, group: u32) {
        let Ok(at) = self.groups.binary_search_by_key(&group, |(group, _)| *group) else { return };
        match self.groups.get_mut(at) {
            Some((_, tasks)) if *tasks > 1 => *tasks -= 1,
            _ => drop(self.groups.remove(at)),
        }
    }
}

/// A node as constraints ask about it.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) room: &'a Room,
    pub(super) node: &'a Node,
    pub(super) groups: &'a Groups,
}

impl Member for Candidate<'_> {
    fn agent_connected(&self) -> bool {
        self.node.info.agent_connected
    }

    fn agent_version(&self) -> Option<&Version> {
        self.node.info.agent_version.as_ref()
    }

    fn ec2_instance_id(&self) -> Option<&str> {
        self.node.info.ec2_instance_id.as_deref()
    }

    fn registered_at_unix_s(&self) -> Option<i64> {
        self.node.info.registered_at_unix_s
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.node.info.attributes.get(name)
    }

    fn running_tasks(&self) -> u32 {
        self.room.running
    }

    fn any_group(&self, is_such: &mut dyn FnMut(&str) -> bool) -> bool {
        self.node.groups.iter().any(|(group, _)| is_such(self.groups.name(*group)))
    }
}

impl Candidate<'_> {
    /// Gives each reason why it cannot take a task of that request and group to
    /// `note`, in the order of [`Reason`]'s listing.
    pub(super) fn refusals(
        &self,
        request: &PlacementRequest,
        group: u32,
        note: &mut impl FnMut(Reason),
    ) {
        let info = &self.node.info;
        if !info.active {
            note(Reason::Inactive);
        }
        if !info.agent_connected {
            note(Reason::Agent);
        }
        shortages(self.room, self.node, &request.needs, note);
        self.mismatches(&request.needs, note);
        self.violations(&request.constraints, group, note);
    }

    /// Whether it has the attributes and is in a zone that the task needs.
    pub(super) fn is_as_required(&self, needs: &TaskRequirements) -> bool {
        let mut is = true;
        self.mismatches(needs, &mut |_| is = false);
        is
    }

    /// Whether it is as the task needs it and meets what constraints ask of it but
    /// for its tasks, whatever room it has.
    pub(super) fn is_eligible(&self, request: &PlacementRequest) -> bool {
        let met = |constraint: &Constraint| match constraint {
            Constraint::MemberOf(of) => of.asks_for_tasks() || of.holds(self),
            _ => true,
        };
        self.is_as_required(&request.needs) && request.constraints.iter().all(met)
    }

    /// What the node is not.
    fn mismatches(&self, needs: &TaskRequirements, note: &mut impl FnMut(Reason)) {
        let info = &self.node.info;
        for (requirement, wanted) in needs.attributes.iter().enumerate() {
            let met = info
                .attributes
                .get(&wanted.name)
                .is_some_and(|value| wanted.value.as_deref().is_none_or(|wanted| wanted == value));
            if !met {
                note(Reason::Attribute { requirement });
            }
        }
        let zone = info.zone_name();
        let inside = |zones: &[_]| {
            zones.iter().any(|wanted: &alloc::boxed::Box<str>| Some(&**wanted) == zone)
        };
        if !needs.zones.is_empty() && !inside(&needs.zones) {
            note(Reason::Location);
        }
    }

    /// Which constraints do not hold.
    fn violations(&self, constraints: &[Constraint], group: u32, note: &mut impl FnMut(Reason)) {
        for (constraint, wanted) in constraints.iter().enumerate() {
            match wanted {
                Constraint::MemberOf(expression) if !expression.holds(self) => {
                    note(Reason::MemberOf { constraint });
                }
                _ => {}
            }
        }
        let tasks = self.node.tasks_of(group);
        if tasks > 0 && constraints.contains(&Constraint::DistinctInstance) {
            note(Reason::DistinctInstance { tasks });
        }
    }
}

/// What the node has too little of.
pub(super) fn shortages(
    room: &Room,
    node: &Node,
    needs: &TaskRequirements,
    note: &mut impl FnMut(Reason),
) {
    let (free, needed) = (room.free, needs.resources);
    if free.cpu_units < needed.cpu_units {
        note(Reason::Cpu { needed: needed.cpu_units, available: free.cpu_units });
    }
    if free.memory_mib < needed.memory_mib {
        note(Reason::Memory { needed: needed.memory_mib, available: free.memory_mib });
    }
    if room.gpus < needs.gpus {
        note(Reason::Gpu { needed: needs.gpus, available: room.gpus });
    }
    let ports = &needs.ports;
    if !ports.is_empty() && !node.ports.has_room_for(ports) {
        let count = |ports: usize| u32::try_from(ports).unwrap_or(u32::MAX);
        let left = MAX_PORTS.saturating_sub(node.ports.len());
        let taken = ports.first_common(&node.ports);
        note(Reason::Ports { needed: count(ports.len()), available: count(left), taken });
    }
    if room.enis < needs.enis {
        note(Reason::Eni { needed: needs.enis, available: room.enis });
    }
}
