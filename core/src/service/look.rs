//! A cluster as its services see it: instances and tasks in their light forms.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::control::Service;
use super::observed::{
    DeploymentKey, Health, InstanceKey, InstanceStatus, ObservedInstance, ObservedTask, TaskKey,
    TaskStatus, ZoneKey,
};
use super::verdict::Places;
use crate::cluster::instance::{self, ContainerInstance, ContainerInstanceId, Room};
use crate::cluster::task::{self, StopCode, Task};
use crate::cluster::task_definition::Requirements;
use crate::cluster::{Cluster, SERVICE_GROUP};
use crate::time::Instant;

/// `startedBy` of a deployment's tasks.
pub(super) fn deployment_name(deployment: DeploymentKey) -> String {
    format!("ecs-svc/{deployment}")
}

/// The reverse; a task of another starter belongs to no deployment.
fn deployment_of(task: &Task) -> DeploymentKey {
    let number = task.started_by().and_then(|by| by.strip_prefix("ecs-svc/"));
    DeploymentKey(number.and_then(|number| number.parse().ok()).unwrap_or(0))
}

/// A task in its light form.
pub(super) fn observe(task: &Task) -> ObservedTask {
    let own_fault = matches!(
        task.stop_code(),
        None | Some(StopCode::TaskFailedToStart | StopCode::EssentialContainerExited)
    );
    ObservedTask {
        task: TaskKey(task.id().0),
        deployment: deployment_of(task),
        instance: task.instance().map(|at| InstanceKey(at.0)),
        status: status(task.last_status()),
        health: match task.health() {
            task::Health::Unknown => Health::Unknown,
            task::Health::Healthy => Health::Healthy,
            task::Health::Unhealthy => Health::Unhealthy,
        },
        created: task.created_at(),
        running_since: task.started_at(),
        size: task.requirements().resources,
        own_fault,
    }
}

const fn status(status: task::TaskStatus) -> TaskStatus {
    match status {
        task::TaskStatus::Provisioning => TaskStatus::Provisioning,
        task::TaskStatus::Pending => TaskStatus::Pending,
        task::TaskStatus::Activating => TaskStatus::Activating,
        task::TaskStatus::Running => TaskStatus::Running,
        task::TaskStatus::Deactivating => TaskStatus::Deactivating,
        task::TaskStatus::Stopping => TaskStatus::Stopping,
        task::TaskStatus::Deprovisioning => TaskStatus::Deprovisioning,
        task::TaskStatus::Stopped => TaskStatus::Stopped,
    }
}

/// The number of a zone: that of its first instance, so that it never changes
/// while one of them is known. 0 without a zone.
fn zone_of(cluster: &Cluster, of: &ContainerInstance) -> ZoneKey {
    let zone = of.availability_zone();
    let first = cluster.instances().find(|one| zone.is_some() && one.availability_zone() == zone);
    ZoneKey(first.and_then(|first| u32::try_from(first.id().0).ok()).unwrap_or(0))
}

fn light(
    cluster: &Cluster,
    of: &ContainerInstance,
    daemons: &[String],
    matching: Option<&[ContainerInstanceId]>,
) -> ObservedInstance {
    let attributes = &of.registration().attributes;
    let other = |task: &&Task| !daemons.iter().any(|group| group == task.group());
    let tasks = of.tasks().filter_map(|task| cluster.task(task));
    ObservedInstance {
        instance: InstanceKey(of.id().0),
        zone: zone_of(cluster, of),
        status: if of.status() == instance::InstanceStatus::Active {
            InstanceStatus::Active
        } else {
            InstanceStatus::Draining
        },
        agent_connected: of.agent_connected(),
        matches: matching.is_none_or(|ids| ids.contains(&of.id())),
        remaining: of.remaining().resources,
        other_tasks: u32::try_from(tasks.filter(other).count()).unwrap_or(u32::MAX),
        attributes: attributes
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().unwrap_or_default()))
            .collect(),
    }
}

/// The instances of a zone that take tasks, those with the fewest of the group
/// first.
pub(super) fn in_zone(cluster: &Cluster, zone: ZoneKey, group: &str) -> Vec<ContainerInstanceId> {
    let there = |one: &&ContainerInstance| one.accepts_tasks() && zone_of(cluster, one) == zone;
    let mut found: Vec<(usize, ContainerInstanceId)> = cluster
        .instances()
        .filter(there)
        .map(|one| (own(cluster, one, group).count(), one.id()))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

fn own<'a>(
    cluster: &'a Cluster,
    of: &'a ContainerInstance,
    group: &'a str,
) -> impl Iterator<Item = &'a Task> {
    of.tasks().filter_map(|task| cluster.task(task)).filter(move |task| task.group() == group)
}

/// How many tasks of `needed` each of these instances takes now, and without the
/// group's; `one_each`: no instance takes two of the group.
pub(super) fn places(
    cluster: &Cluster,
    among: &[ContainerInstanceId],
    group: &str,
    needed: &Requirements,
    one_each: bool,
) -> Vec<Places> {
    let takes = |mut room: Room| {
        let most = if one_each { 1 } else { u32::MAX };
        let mut taken = 0;
        // A task that asks for nothing is bounded by nothing.
        let free = *needed == Requirements::default();
        while !free && taken < most && room.take(needed).is_ok() {
            taken += 1;
        }
        if free { most } else { taken }
    };
    let among = among.iter().filter_map(|id| cluster.instance(*id));
    among
        .map(|one| {
            let mut free = one.remaining().clone();
            for (_, kept) in cluster.kept_on(one.id()).filter(|(of, _)| *of == group) {
                give_back(&mut free, kept);
            }
            let mut alone = free.clone();
            let mut busy = false;
            for task in own(cluster, one, group) {
                busy = true;
                give_back(&mut alone, task.requirements());
            }
            let now = if one_each && busy { 0 } else { takes(free) };
            Places { now, alone: takes(alone) }
        })
        .collect()
}

/// As if the task had never been there; which GPUs does not matter here.
fn give_back(room: &mut Room, held: &Requirements) {
    let resources = &mut room.resources;
    resources.cpu_units = resources.cpu_units.saturating_add(held.resources.cpu_units);
    resources.memory_mib = resources.memory_mib.saturating_add(held.resources.memory_mib);
    room.enis = room.enis.saturating_add(held.enis);
    for port in &held.ports {
        room.taken_ports.remove(port);
    }
    for _ in 0..held.gpus {
        room.gpus |= !room.gpus & room.gpus.wrapping_add(1);
    }
}

/// What a service was told last.
#[derive(Debug, Default)]
pub(super) struct Look {
    instances: BTreeMap<InstanceKey, ObservedInstance>,
    tasks: BTreeMap<TaskKey, ObservedTask>,
}

impl Look {
    /// Tells a service what has changed since the last look. `matching`: the
    /// instances that meet a daemon's constraints.
    pub(super) fn report(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        name: &str,
        daemons: &[String],
        matching: Option<&[ContainerInstanceId]>,
        service: &mut Service,
    ) {
        let members = cluster.instances().filter(|one| one.status().is_member());
        let members: BTreeMap<InstanceKey, ObservedInstance> = members
            .map(|one| (InstanceKey(one.id().0), light(cluster, one, daemons, matching)))
            .collect();
        for (key, seen) in &members {
            if self.instances.get(key) != Some(seen) {
                service.handle_instance(now, seen.clone());
            }
        }
        let group = format!("{SERVICE_GROUP}{name}");
        let tasks = cluster.tasks_of(&group).map(observe);
        let tasks: BTreeMap<TaskKey, ObservedTask> = tasks.map(|task| (task.task, task)).collect();
        for (key, seen) in &tasks {
            if self.tasks.get(key) != Some(seen) {
                service.handle_task(now, *seen);
            }
        }
        // The cluster forgot it: it had stopped.
        for (key, seen) in &self.tasks {
            if !tasks.contains_key(key) && seen.status != TaskStatus::Stopped {
                let stopped = ObservedTask { status: TaskStatus::Stopped, ..*seen };
                service.handle_task(now, stopped);
            }
        }
        for key in self.instances.keys().filter(|key| !members.contains_key(key)) {
            service.handle_instance_gone(now, *key);
        }
        (self.instances, self.tasks) = (members, tasks);
    }
}
