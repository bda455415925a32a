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
pub(super) fn observe(task: &Task, zones: &mut Zones) -> ObservedTask {
    let own_fault = matches!(
        task.stop_code(),
        None | Some(StopCode::TaskFailedToStart | StopCode::EssentialContainerExited)
    );
    ObservedTask {
        task: TaskKey(task.id().0),
        deployment: deployment_of(task),
        instance: task.instance().map(|at| InstanceKey(at.0)),
        zone: task.availability_zone().map(|zone| zones.key(zone)),
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

/// The numbers of the cluster's zones, in the order in which they were first seen. A
/// zone keeps its number.
#[derive(Debug, Default)]
pub(super) struct Zones(Vec<String>);

impl Zones {
    pub(super) fn key(&mut self, zone: &str) -> ZoneKey {
        let at = self.0.iter().position(|known| known == zone).unwrap_or_else(|| {
            self.0.push(zone.into());
            self.0.len() - 1
        });
        ZoneKey(u32::try_from(at).unwrap_or(u32::MAX))
    }

    pub(super) fn name(&self, key: ZoneKey) -> Option<&str> {
        self.0.get(usize::try_from(key.0).ok()?).map(String::as_str)
    }
}

fn light(
    cluster: &Cluster,
    of: &ContainerInstance,
    zone: Option<ZoneKey>,
    daemons: &[String],
    matching: &[ContainerInstanceId],
) -> ObservedInstance {
    let attributes = &of.registration().attributes;
    let other = |task: &&Task| !daemons.iter().any(|group| group == task.group());
    let tasks = of.tasks().filter_map(|task| cluster.task(task));
    ObservedInstance {
        instance: InstanceKey(of.id().0),
        zone,
        status: if of.status() == instance::InstanceStatus::Active {
            InstanceStatus::Active
        } else {
            InstanceStatus::Draining
        },
        agent_connected: of.agent_connected(),
        matches: matching.binary_search(&of.id()).is_ok(),
        remaining: of.remaining().resources,
        other_tasks: u32::try_from(tasks.filter(other).count()).unwrap_or(u32::MAX),
        attributes: attributes
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().unwrap_or_default()))
            .collect(),
    }
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

/// What all services of a cluster look at.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) cluster: &'a Cluster,
    /// The groups of daemons.
    pub(super) daemons: &'a [String],
    pub(super) zones: &'a mut Zones,
}

/// What a service was told last.
#[derive(Debug, Default)]
pub(super) struct Look {
    instances: BTreeMap<InstanceKey, ObservedInstance>,
    tasks: BTreeMap<TaskKey, ObservedTask>,
}

impl Look {
    /// Tells a service what has changed since the last look. `matching`: the
    /// instances that its tasks may run on, in order.
    pub(super) fn report(
        &mut self,
        now: Instant,
        name: &str,
        scene: Scene<'_>,
        matching: &[ContainerInstanceId],
        service: &mut Service,
    ) {
        let Scene { cluster, daemons, zones } = scene;
        let members = cluster.instances().filter(|one| one.status().is_member());
        let members: BTreeMap<InstanceKey, ObservedInstance> = members
            .map(|one| {
                let zone = one.availability_zone().map(|zone| zones.key(zone));
                (InstanceKey(one.id().0), light(cluster, one, zone, daemons, matching))
            })
            .collect();
        for (key, seen) in &members {
            if self.instances.get(key) != Some(seen) {
                service.handle_instance(now, seen.clone());
            }
        }
        let group = format!("{SERVICE_GROUP}{name}");
        let tasks = cluster.tasks_of(&group).map(|task| observe(task, zones));
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
