//! Which instance takes a task, or for each why it does not.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::instance::{ContainerInstance, ContainerInstanceId};
use super::run::{RunError, RunRequest};
use super::state::Cluster;
use super::task::{DesiredStatus, Task, TaskId};
use super::task_definition::{
    ConstraintKind, NetworkMode, PlacementConstraint, Requirements, TaskDefinition,
};
use crate::time::Instant;

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

/// A task that looks for an instance.
pub(super) struct Order<'a> {
    pub(super) group: &'a str,
    pub(super) requirements: &'a Requirements,
    pub(super) constraints: &'a [PlacementConstraint],
    pub(super) zones: &'a [String],
    pub(super) provider: Option<&'a str>,
}

/// Whether the constraints and strategies of a call are some.
pub(super) fn check(request: &RunRequest) -> Result<(), RunError> {
    let member = |one: &&PlacementConstraint| one.kind == ConstraintKind::MemberOf;
    let all =
        request.constraints.iter().chain(&request.definition.definition.placement_constraints);
    if let Some(one) = all.clone().find(member) {
        let reason = one.expression.clone().unwrap_or_default();
        return Err(RunError::Placement { reason });
    }
    if let Some(name) = request.strategies.first() {
        return Err(RunError::Placement { reason: name.clone() });
    }
    Ok(())
}

impl Cluster {
    /// The instance for a task, or for each instance looked at why not.
    pub(super) fn choose(&self, order: &Order<'_>) -> Result<ContainerInstanceId, Vec<Failure>> {
        let mut failures = Vec::new();
        let mut best: Option<((usize, usize), ContainerInstanceId)> = None;
        for instance in self.instances.values() {
            let provider = instance.registration.capacity_provider.as_deref();
            if order.provider.is_some_and(|name| provider != Some(name)) {
                continue;
            }
            if instance.status != super::instance::InstanceStatus::Active {
                continue;
            }
            let refusal = self
                .refusal_of(instance.id, order.requirements, order.zones)
                .or_else(|| self.distinct(order, instance));
            if let Some(failure) = refusal {
                failures.push(failure);
                continue;
            }
            let zone = instance.availability_zone();
            let of_group = |task: &&Task| {
                task.desired_status == DesiredStatus::Running && task.group == order.group
            };
            let tasks = || self.tasks.values().filter(of_group);
            let in_zone = tasks().filter(|task| task.availability_zone() == zone).count();
            let on_it = tasks().filter(|task| task.instance == Some(instance.id)).count();
            let key = (in_zone, on_it);
            if best.is_none_or(|(other, _)| key < other) {
                best = Some((key, instance.id));
            }
        }
        best.map(|(_, id)| id).ok_or(failures)
    }

    fn distinct(&self, order: &Order<'_>, instance: &ContainerInstance) -> Option<Failure> {
        let distinct = |one: &PlacementConstraint| one.kind == ConstraintKind::DistinctInstance;
        if !order.constraints.iter().any(distinct) {
            return None;
        }
        let same = |id: &&TaskId| {
            self.tasks.get(id).is_some_and(|task| {
                task.group == order.group && task.desired_status == DesiredStatus::Running
            })
        };
        instance.tasks.iter().find(same).map(|_| Failure {
            instance: Some(instance.id),
            reason: "DistinctInstance placement constraint unsatisfied.".into(),
            detail: None,
        })
    }

    /// Why an instance cannot take a task, whatever the constraints: it is none of
    /// the cluster's, not active, its agent is not connected, it is in another zone,
    /// or it is short of something.
    pub(super) fn refusal_of(
        &self,
        id: ContainerInstanceId,
        requirements: &Requirements,
        zones: &[String],
    ) -> Option<Failure> {
        let failure = |reason: &str, detail: Option<String>| {
            Some(Failure { instance: Some(id), reason: reason.into(), detail })
        };
        let Some(instance) = self.instances.get(&id) else { return failure("MISSING", None) };
        if instance.status != super::instance::InstanceStatus::Active {
            return failure("INACTIVE", Some(instance.status.to_string()));
        }
        if !instance.agent_connected {
            return failure("AGENT", Some("the agent is not connected".into()));
        }
        let zone = instance.availability_zone().unwrap_or_default();
        if requirements.enis > 0 && !zones.is_empty() && !zones.iter().any(|other| other == zone) {
            return failure("LOCATION", Some(alloc::format!("{zone:?} is not among {zones:?}")));
        }
        let (reason, detail) = instance.remaining.explain(requirements)?;
        failure(reason, Some(detail))
    }

    /// Places tasks that wait for capacity, oldest first. One that does not fit does
    /// not hold up the next: capacity is asked for each by its own provider.
    pub(super) fn place_waiting(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(&id) = self.waiting.get(at) {
            let Some(instance) = self.choose_for_waiting(id) else {
                at += 1;
                continue;
            };
            self.waiting.remove(at);
            let zone = self.instances.get(&instance).and_then(|one| one.availability_zone());
            let zone = zone.map(ToString::to_string);
            if let Some(task) = self.tasks.get_mut(&id) {
                task.instance = Some(instance);
                task.availability_zone = zone;
                task.request = None;
            }
            self.settle(now, id);
        }
    }

    fn choose_for_waiting(&self, id: TaskId) -> Option<ContainerInstanceId> {
        let task = self.tasks.get(&id)?;
        let request = task.request.as_ref()?;
        let order = Order {
            group: &task.group,
            requirements: &task.requirements,
            constraints: &request.constraints,
            zones: &request.zones,
            provider: task.capacity_provider.as_deref(),
        };
        self.choose(&order).ok()
    }

    /// What the tasks of a provider that wait for capacity need, oldest first: the
    /// measure by which managed scaling adds instances. O(waiting).
    pub fn waiting_for<'a>(
        &'a self,
        provider: &'a str,
    ) -> impl Iterator<Item = (TaskId, &'a Requirements)> {
        let tasks = self.waiting.iter().filter_map(|id| self.tasks.get(id));
        tasks
            .filter(move |task| task.capacity_provider() == Some(provider))
            .map(|task| (task.id, &task.requirements))
    }

    /// Whether a definition takes an interface for its tasks.
    pub fn takes_interface(definition: &TaskDefinition) -> bool {
        definition.network_mode() == NetworkMode::Awsvpc
    }
}
