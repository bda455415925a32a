//! Room that is kept for daemons.
//!
//! "Amazon ECS reserves container instance compute resources including CPU, memory,
//! and network interfaces for the daemon tasks" (Amazon ECS Developer Guide, "Amazon
//! ECS services", daemon strategy). So what the daemon of a service needs on an
//! instance is out of the scheduler's account there from the moment at which it is
//! free until the daemon's own task takes it, and again when that task stops. Room
//! that other tasks hold already is not taken from them; it is kept once it is free.
//!
//! The agent's account knows nothing of it: no task holds it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::instance::{ContainerInstanceId, InstanceStatus};
use super::placing::{Asked, needs};
use super::run::{RunError, RunRequest};
use super::state::Cluster;
use super::task_definition::Requirements;
use crate::id::{HoldId, NodeId};
use crate::placement::view::PlacementRequest;

/// The daemon of a service.
#[derive(Debug)]
pub(super) struct Daemon {
    needed: Requirements,
    asked: Asked,
    zones: Vec<String>,
    kept: BTreeMap<ContainerInstanceId, Kept>,
}

/// What is kept on one instance.
#[derive(Debug)]
struct Kept {
    needed: Requirements,
    gpus: u64,
    hold: Option<HoldId>,
}

impl Cluster {
    /// Keeps room for one task of `group` on each active instance that meets the
    /// constraints of `request`, from now on and on instances that join; a later
    /// call for the group replaces the earlier. Answers the instances that meet the
    /// constraints. O(instances x (constraints + tasks of one)).
    ///
    /// # Errors
    /// A constraint is none; what was kept before still is.
    pub fn reserve_for_daemon(
        &mut self,
        group: &str,
        request: &RunRequest,
    ) -> Result<Vec<ContainerInstanceId>, RunError> {
        let asked = Asked::new(request, &request.definition.definition)?;
        let nodes: Vec<NodeId> = self.nodes.keys().copied().collect();
        let matching = self.meeting(&asked, &request.zones, &nodes)?;
        let needed = request.definition.definition.requirements();
        let zones = request.zones.clone();
        let kept = self.daemons.remove(group).map(|before| before.kept).unwrap_or_default();
        self.daemons.insert(group.into(), Daemon { needed, asked, zones, kept });
        let all: Vec<ContainerInstanceId> = self.instances.keys().copied().collect();
        for id in all {
            self.keep(group, id, matching.binary_search(&id).is_ok());
        }
        Ok(matching)
    }

    /// Keeps nothing for that group any longer. O(instances).
    pub fn release_daemon(&mut self, group: &str) {
        let Some(daemon) = self.daemons.get(group) else { return };
        let kept: Vec<ContainerInstanceId> = daemon.kept.keys().copied().collect();
        for id in kept {
            self.lift(group, id);
        }
        self.daemons.remove(group);
    }

    /// What is kept on an instance, by the daemons' groups. O(daemons).
    pub fn kept_on(&self, id: ContainerInstanceId) -> impl Iterator<Item = (&str, &Requirements)> {
        self.daemons.iter().filter_map(move |(group, daemon)| {
            Some((group.as_str(), &daemon.kept.get(&id)?.needed))
        })
    }

    /// Something changed on an instance: what is kept there follows. O(daemons).
    pub(super) fn keep_on(&mut self, id: ContainerInstanceId) {
        let groups: Vec<String> = self.daemons.keys().cloned().collect();
        for group in groups {
            let Some(daemon) = self.daemons.get(&group) else { continue };
            let (asked, zones) = (daemon.asked.clone(), daemon.zones.clone());
            let node = self.instances.get(&id).and_then(|one| one.node);
            let meets = node.is_some_and(|node| {
                self.meeting(&asked, &zones, &[node]).is_ok_and(|meeting| !meeting.is_empty())
            });
            self.keep(&group, id, meets);
        }
    }

    /// Keeps what a daemon needs on an instance, if it is wanted there and no task
    /// of its own has it; else keeps nothing.
    pub(super) fn keep(&mut self, group: &str, id: ContainerInstanceId, meets: bool) {
        let Some(daemon) = self.daemons.get(group) else { return };
        let wanted = meets
            && self.instances.get(&id).is_some_and(|one| one.status == InstanceStatus::Active)
            && !self.has_counted(group, id);
        let kept = daemon.kept.get(&id);
        if wanted && kept.is_some_and(|kept| kept.needed == daemon.needed) {
            return;
        }
        let needed = daemon.needed.clone();
        if kept.is_some() {
            self.lift(group, id);
        }
        if !wanted {
            return;
        }
        let Some(instance) = self.instances.get_mut(&id) else { return };
        let Some(node) = instance.node else { return };
        let Ok(gpus) = instance.remaining.take(&needed) else { return };
        instance.version += 1;
        // A group of its own, so that it is no task of the service.
        let request = PlacementRequest::new(&format!("kept for {group}"), needs(&needed));
        let hold = self.view.prepare(request).ok().and_then(|request| {
            let hold = self.view.commit(request, node);
            debug_assert!(hold.is_ok(), "both forms of the account agree: {hold:?}");
            let forgotten = self.view.forget(request);
            debug_assert!(forgotten.is_ok());
            hold.ok()
        });
        if let Some(daemon) = self.daemons.get_mut(group) {
            daemon.kept.insert(id, Kept { needed, gpus, hold });
        }
    }

    /// Gives back what is kept for a group on an instance.
    pub(super) fn lift(&mut self, group: &str, id: ContainerInstanceId) {
        let kept = self.daemons.get_mut(group).and_then(|daemon| daemon.kept.remove(&id));
        let Some(Kept { needed, gpus, hold }) = kept else { return };
        if let Some(hold) = hold {
            // Stale only where the node is gone, and the room with it.
            let _ = self.view.release(hold);
        }
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.remaining.give_back(&needed, gpus);
            instance.version += 1;
        }
    }

    /// Whether a task of the group has its share of the instance.
    fn has_counted(&self, group: &str, id: ContainerInstanceId) -> bool {
        let Some(instance) = self.instances.get(&id) else { return false };
        let mut tasks = instance.tasks.iter().filter_map(|task| self.tasks.get(task));
        tasks.any(|task| task.counted && task.group == group)
    }
}
