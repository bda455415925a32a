//! Which instance takes a task, or for each why it does not.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::capacity_provider::ProviderShare;
use super::instance::{ContainerInstance, ContainerInstanceId, InstanceStatus, PROVIDER_ATTRIBUTE};
use super::run::{RunError, RunRequest};
use super::state::Cluster;
use super::task::{LaunchType, TaskId};
use super::task_definition::{ConstraintKind, NetworkMode, Requirements, TaskDefinition};
use crate::id::NodeId;
use crate::placement::constraint::{Constraint, MAX_CONSTRAINTS};
use crate::placement::view::{
    AVAILABILITY_ZONE, Chain, PlaceError, PlacementRequest, Reason, TaskRequirements,
};
use crate::resources::Resources;

/// Why an instance did not take a task, in AWS's words (Amazon ECS Developer Guide,
/// "API failure reasons").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The instance; `None`: there was none to look at.
    pub instance: Option<ContainerInstanceId>,
    /// `RESOURCE:CPU`, `AGENT`, `LOCATION` and so on.
    pub reason: String,
    /// What was needed, and what was there.
    pub detail: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instance {
            Some(instance) => write!(f, "{instance}: {}", self.reason)?,
            None => f.write_str(&self.reason)?,
        }
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// No instance took a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoRoom {
    /// Each instance looked at, with its first reason.
    pub failures: Vec<Failure>,
    /// The one with the fewest reasons, of those the one that is short of the
    /// smallest share ([`Unplaced::closest`](crate::placement::view::Unplaced::closest));
    /// `None` where no instance was looked at.
    pub closest: Option<Failure>,
}

impl NoRoom {
    /// No instance was looked at, for that reason.
    pub(super) fn because(reason: &str) -> Self {
        let failure = Failure { instance: None, reason: reason.into(), detail: None };
        Self { failures: alloc::vec![failure], closest: None }
    }

    /// Whether none of the instances looked at takes tasks at all.
    pub(super) fn none_active(&self) -> bool {
        let inactive = |one: &Failure| one.reason == Reason::Inactive.code();
        self.failures.iter().all(inactive)
    }
}

/// The constraints and strategies of a call and its definition, read.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    constraints: Vec<Constraint>,
    strategies: Chain,
}

impl Asked {
    /// Reads them.
    pub(super) fn new(request: &RunRequest, of: &TaskDefinition) -> Result<Self, RunError> {
        let refuse = |reason: String| RunError::Placement { reason };
        let given = of.placement_constraints.iter().chain(&request.constraints);
        let mut constraints = Vec::new();
        for one in given {
            constraints.push(match one.kind {
                ConstraintKind::DistinctInstance => Constraint::DistinctInstance,
                ConstraintKind::MemberOf => {
                    let text = one.expression.as_deref().unwrap_or_default();
                    Constraint::member_of(text).map_err(|error| {
                        refuse(format!("Invalid constraint expression {text:?}: {error}"))
                    })?
                }
            });
        }
        if constraints.len() > MAX_CONSTRAINTS {
            let reason = format!("{} constraints, {MAX_CONSTRAINTS} at most", constraints.len());
            return Err(refuse(reason));
        }
        let names: Vec<&str> = request.strategies.iter().map(String::as_str).collect();
        let strategies = match names.as_slice() {
            [] => Chain::default(),
            names => Chain::parse(names).map_err(|error| refuse(error.to_string()))?,
        };
        Ok(Self { constraints, strategies })
    }

    /// Whether an instance takes one task of the group at most.
    pub(super) fn is_distinct(&self) -> bool {
        self.constraints.contains(&Constraint::DistinctInstance)
    }
}

/// A task that looks for an instance.
pub(super) struct Order<'a> {
    pub(super) group: &'a str,
    pub(super) requirements: &'a Requirements,
    pub(super) asked: &'a Asked,
    pub(super) zones: &'a [String],
    pub(super) provider: Option<&'a str>,
    /// Beside `zones`: this one alone.
    pub(super) zone: Option<&'a str>,
}

impl Order<'_> {
    /// The same in placement's words. A provider's instances, and those of one zone,
    /// are known by an attribute; none other is required.
    pub(super) fn request(&self) -> PlacementRequest {
        let mut needs = needs(self.requirements);
        if let Some(provider) = self.provider {
            needs = needs.attribute(PROVIDER_ATTRIBUTE, Some(provider));
        }
        if let Some(zone) = self.zone {
            needs = needs.attribute(AVAILABILITY_ZONE, Some(zone));
        }
        if self.requirements.enis > 0 {
            for zone in self.zones {
                needs = needs.zone(zone);
            }
        }
        let mut request = PlacementRequest::new(self.group, needs);
        request.constraints.clone_from(&self.asked.constraints);
        request.strategies = self.asked.strategies.clone();
        request
    }
}

/// What a task takes, in placement's words.
pub(super) fn needs(of: &Requirements) -> TaskRequirements {
    let Resources { cpu_units, memory_mib } = of.resources;
    let mut needs = TaskRequirements::new(cpu_units, memory_mib).gpus(of.gpus);
    needs.enis = of.enis;
    for (protocol, port) in &of.ports {
        needs.ports.insert((*protocol).into(), *port);
    }
    needs
}

/// A reason in AWS's words: the code, and what comes after it.
fn explain(instance: ContainerInstanceId, reason: Reason) -> Failure {
    let text = reason.to_string();
    let detail = text.strip_prefix(reason.code()).map(|rest| rest.trim_start_matches([':', ' ']));
    let detail = detail.filter(|detail| !detail.is_empty()).map(ToString::to_string);
    Failure { instance: Some(instance), reason: reason.code().into(), detail }
}

impl Cluster {
    /// The instance for a task, or for each instance looked at the first reason why
    /// not. Of a provider or a zone, only its own instances are looked at.
    pub(super) fn choose(&mut self, order: &Order<'_>) -> Result<ContainerInstanceId, NoRoom> {
        let refused = |error: &dyn fmt::Display| NoRoom::because(&error.to_string());
        let request = self.view.prepare(order.request()).map_err(|error| refused(&error))?;
        let placed = self.view.place(request);
        let forgotten = self.view.forget(request);
        debug_assert!(forgotten.is_ok());
        let unplaced = match placed {
            Ok(placed) => return self.instance_of(placed.node).ok_or_else(NoRoom::default),
            Err(PlaceError::Unplaced(unplaced)) => unplaced,
            Err(error) => return Err(refused(&error)),
        };
        // The only attributes asked for are the provider's and the zone's.
        let ours =
            |reasons: &[Reason]| !reasons.iter().any(|one| matches!(one, Reason::Attribute { .. }));
        let explained = |node: NodeId, reasons: &[Reason]| {
            Some(explain(self.instance_of(node)?, *reasons.first()?))
        };
        let looked_at = unplaced.nodes().filter(|(_, reasons)| ours(reasons));
        let failures = looked_at.filter_map(|(node, reasons)| explained(node, reasons));
        let mut failures: Vec<Failure> = failures.collect();
        if failures.is_empty() && order.zone.is_none() {
            failures.extend(self.registering(order.provider));
        }
        let closest = unplaced.closest_where(ours);
        let closest = closest.and_then(|closest| explained(closest.node, closest.reasons));
        Err(NoRoom { failures, closest })
    }

    /// The members that placement does not know yet: a trunk is being attached.
    /// O(instances).
    fn registering(&self, provider: Option<&str>) -> impl Iterator<Item = Failure> {
        let ours = move |of: Option<&str>| provider.is_none() || of == provider;
        let members = self.instances.iter().filter(move |(_, one)| {
            let unknown = one.status.is_member() && one.node.is_none();
            unknown && ours(one.registration.capacity_provider.as_deref())
        });
        members.map(|(id, one)| Failure {
            instance: Some(*id),
            reason: Reason::Inactive.code().into(),
            detail: Some(one.status.to_string()),
        })
    }

    /// The instance that is that node. O(instances).
    fn instance_of(&self, node: NodeId) -> Option<ContainerInstanceId> {
        self.nodes.get(&node).copied()
    }

    /// Why a named instance cannot take a task (`StartTask`).
    pub(super) fn refusal_of(
        &mut self,
        id: ContainerInstanceId,
        requirements: &Requirements,
        asked: &Asked,
        zones: &[String],
    ) -> Option<Failure> {
        let failure = |reason: &str, detail: Option<String>| {
            Some(Failure { instance: Some(id), reason: reason.into(), detail })
        };
        let Some(instance) = self.instances.get(&id) else { return failure("MISSING", None) };
        let Some(node) = instance.node else {
            return failure("INACTIVE", Some(instance.status.to_string()));
        };
        let order = Order { group: "", requirements, asked, zones, provider: None, zone: None };
        let request = match self.view.prepare(order.request()) {
            Ok(request) => request,
            Err(error) => return failure(&error.to_string(), None),
        };
        let reasons = self.view.reasons(request, node);
        let forgotten = self.view.forget(request);
        debug_assert!(forgotten.is_ok());
        reasons.ok()?.first().map(|reason| explain(id, *reason))
    }

    /// The nodes of `among` that meet the constraints, whatever room they have; in
    /// the order of their instances. O(nodes x constraints).
    pub(super) fn meeting(
        &mut self,
        asked: &Asked,
        zones: &[String],
        among: &[NodeId],
    ) -> Result<Vec<ContainerInstanceId>, RunError> {
        let requirements = &Requirements::default();
        let order = Order { group: "", requirements, asked, zones, provider: None, zone: None };
        let prepared = self.view.prepare(order.request());
        let prepared =
            prepared.map_err(|error| RunError::Placement { reason: error.to_string() })?;
        let unmet = |reason: &Reason| matches!(reason, Reason::MemberOf { .. });
        let meets =
            |node| self.view.reasons(prepared, node).is_ok_and(|all| !all.iter().any(unmet));
        let meeting = among.iter().filter(|node| meets(**node));
        let mut meeting: Vec<_> = meeting.filter_map(|node| self.instance_of(*node)).collect();
        meeting.sort_unstable();
        let forgotten = self.view.forget(prepared);
        debug_assert!(forgotten.is_ok());
        Ok(meeting)
    }

    /// The instances that a request's tasks may run on, whatever room they have: of its
    /// capacity providers, in the zones of its subnets, as its constraints say; in
    /// order. Fargate has none. O(instances x (constraints + zones)).
    ///
    /// # Errors
    /// A constraint is none.
    pub fn matching(&mut self, request: &RunRequest) -> Result<Vec<ContainerInstanceId>, RunError> {
        let definition = &request.definition.definition;
        let asked = Asked::new(request, definition)?;
        let (shares, launch) = self.launch_of(request);
        if launch == LaunchType::Fargate {
            return Ok(Vec::new());
        }
        let own_interface = definition.network_mode() == NetworkMode::Awsvpc;
        let zones = if own_interface { request.zones.as_slice() } else { &[] };
        let reached = |one: &&ContainerInstance| {
            let provider = one.registration.capacity_provider.as_deref();
            let of = |share: &ProviderShare| provider == Some(share.capacity_provider.as_str());
            let there = |zone: &String| one.availability_zone() == Some(zone.as_str());
            shares.is_none_or(|shares| shares.iter().any(of))
                && (zones.is_empty() || zones.iter().any(there))
        };
        let reached = self.instances.values().filter(reached);
        if !asked.constraints.iter().any(|one| matches!(one, Constraint::MemberOf(_))) {
            return Ok(reached.filter(|one| one.node.is_some()).map(|one| one.id()).collect());
        }
        let nodes: Vec<NodeId> = reached.filter_map(|one| one.node).collect();
        self.meeting(&asked, zones, &nodes)
    }

    /// Shows placement an instance as it is: there from ACTIVE until it leaves, open
    /// while it is ACTIVE and its agent is connected.
    pub(super) fn show_placement(&mut self, id: ContainerInstanceId) {
        let Some(instance) = self.instances.get(&id) else { return };
        let there = matches!(instance.status, InstanceStatus::Active | InstanceStatus::Draining);
        if !there {
            self.keep_on(id);
        }
        let Some(instance) = self.instances.get_mut(&id) else { return };
        let node = match instance.node {
            Some(node) if !there => {
                instance.node = None;
                self.nodes.remove(&node);
                // Its holds are gone with it; their tasks release them in vain.
                let _ = self.view.remove_node(node);
                return;
            }
            None if there => {
                let seconds = instance.registered_at.as_nanos() / 1_000_000_000;
                let added = self.view.add_node(instance.registration.node(seconds));
                debug_assert!(added.is_ok(), "the registration was checked: {added:?}");
                let Ok(node) = added else { return };
                instance.node = Some(node);
                self.nodes.insert(node, id);
                node
            }
            Some(node) => node,
            None => return,
        };
        let active = instance.status == InstanceStatus::Active;
        let shown = self.view.set_active(node, active);
        debug_assert!(shown.is_ok());
        let shown = self.view.set_agent_connected(node, instance.agent_connected);
        debug_assert!(shown.is_ok());
        self.keep_on(id);
    }

    /// Counts a task on its instance, in both forms of the scheduler's account.
    pub(super) fn count(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some(instance) = task.instance.and_then(|at| self.instances.get_mut(&at)) else {
            return;
        };
        instance.tasks.insert(id);
        instance.version += 1;
        let gpus = instance.remaining.take(&task.requirements);
        debug_assert!(gpus.is_ok(), "placed where there is no room: {gpus:?}");
        let Ok(gpus) = gpus else { return };
        task.counted = true;
        task.counted_gpus = gpus;
        let Some(node) = instance.node else { return };
        let request = PlacementRequest::new(&task.group, needs(&task.requirements));
        let Ok(request) = self.view.prepare(request) else { return };
        let hold = self.view.commit(request, node);
        debug_assert!(hold.is_ok(), "both forms of the account agree: {hold:?}");
        task.hold = hold.ok();
        let forgotten = self.view.forget(request);
        debug_assert!(forgotten.is_ok());
    }
}
