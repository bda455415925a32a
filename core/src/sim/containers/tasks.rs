//! The tasks of a simulation, from placed to stopped.

use super::config::Deploy;
use super::world::{Due, World};
use crate::id::{HoldId, NodeId};
use crate::placement::view::Placed;
use crate::resources::Resources;
use crate::service::{
    Action, InstanceKey, ObservedTask, TaskKey, TaskStatus, Unplaced, Where, ZoneKey,
};

pub(super) struct Task {
    /// Which service's.
    pub(super) of: usize,
    pub(super) seen: ObservedTask,
    pub(super) hold: Option<HoldId>,
    pub(super) revision: u64,
}

impl World {
    pub(super) fn act(&mut self, of: usize, action: Action) {
        match action {
            Action::Start { order, deployment, revision, place } => {
                let served = &mut self.services[of];
                let request = match place {
                    Where::Zone(ZoneKey(zone)) => {
                        usize::try_from(zone).ok().and_then(|at| served.by_zone.get(at).copied())
                    }
                    _ => Some(served.anywhere),
                };
                let held = request.and_then(|request| self.view.assign(request).ok());
                if held.is_none() && place != Where::Anywhere {
                    let why = Unplaced { closest: None, reason: "RESOURCE:MEMORY".into() };
                    let _ = served.service.handle_unplaced(self.now, order, &why);
                    return;
                }
                let key = TaskKey(self.next_task);
                self.next_task += 1;
                let task = &served.settings.task;
                let size = Resources::new(task.cpu_units, task.memory_mib);
                let nowhere = InstanceKey(0);
                let mut seen = ObservedTask::placed(key, deployment, nowhere, self.now, size);
                seen.instance = None;
                seen.status = TaskStatus::Provisioning;
                self.tasks.insert(key, Task { of, seen, hold: None, revision: revision.number });
                let _ = served.service.handle_placed(self.now, order, seen);
                match held {
                    Some((placed, hold)) => self.settle_on(key, placed.node, hold),
                    None => {
                        served.waiting.insert(key);
                    }
                }
            }
            Action::Stop { task, .. } => self.stop(task),
            // There is no target group, so there is nothing to register with.
            Action::Register { .. } | Action::Deregister { .. } => {}
        }
    }

    /// A task has its room: it starts there.
    fn settle_on(&mut self, key: TaskKey, node: NodeId, hold: HoldId) {
        let instance = self.instances.all.iter().find(|(_, of)| of.node == Some(node));
        let instance = instance.map(|(key, _)| *key);
        let Some(task) = self.tasks.get_mut(&key) else { return };
        task.hold = Some(hold);
        task.seen.instance = instance;
        task.seen.status = TaskStatus::Pending;
        let (of, seen) = (task.of, task.seen);
        let served = &mut self.services[of];
        served.report.totals.tasks_started += 1;
        served.service.handle_task(self.now, seen);
        if let Some(instance) = instance {
            self.show_instance(instance);
        }
        let wait = self.services[of].settings.task.start.sample(&mut self.rng);
        self.after(wait, Due::Started(key));
    }

    pub(super) fn started(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if task.seen.status != TaskStatus::Pending {
            return;
        }
        let (of, revision) = (task.of, task.revision);
        let served = &mut self.services[of];
        let fails = |deploy: &Deploy| deploy.revision == revision && deploy.fails;
        if served.settings.deploys.iter().any(fails) {
            served.report.totals.tasks_failed += 1;
            return self.ended(key, true);
        }
        task.seen.status = TaskStatus::Running;
        served.running += 1;
        task.seen.running_since = Some(self.now);
        if let Some(hold) = task.hold {
            let _ = self.view.set_running(hold, true);
        }
        served.service.handle_task(self.now, task.seen);
        self.tell_running(of);
    }

    fn stop(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        let (of, served) = (task.of, &mut self.services[task.of]);
        if task.hold.is_none() {
            served.waiting.remove(&key);
            return self.ended(key, false);
        }
        served.running -= u32::from(task.seen.status == TaskStatus::Running);
        task.seen.status = TaskStatus::Stopping;
        served.service.handle_task(self.now, task.seen);
        let wait = served.settings.task.stop;
        self.after(wait, Due::Stopped(key));
        self.tell_running(of);
    }

    /// A task is over: its room is free.
    pub(super) fn ended(&mut self, key: TaskKey, own_fault: bool) {
        let Some(mut task) = self.tasks.remove(&key) else { return };
        let served = &mut self.services[task.of];
        served.running -= u32::from(task.seen.status == TaskStatus::Running);
        task.seen.status = TaskStatus::Stopped;
        task.seen.own_fault = own_fault;
        if let Some(hold) = task.hold {
            let _ = self.view.release(hold);
        }
        served.service.handle_task(self.now, task.seen);
        if let Some(instance) = task.seen.instance {
            self.show_instance(instance);
        }
        self.tell_running(task.of);
        self.place_waiting();
    }

    /// Tasks in PROVISIONING take what room there is, the oldest first; one that
    /// finds none holds up those of its own service alone.
    pub(super) fn place_waiting(&mut self) {
        let mut stuck = alloc::vec![false; self.services.len()];
        loop {
            let waiting = (0..).zip(&self.services).filter(|(of, _)| !stuck[*of]);
            let oldest = waiting.filter_map(|(of, served)| Some((*served.waiting.first()?, of)));
            let Some((key, of)) = oldest.min() else { return };
            match self.view.assign(self.services[of].anywhere) {
                Ok((Placed { node, .. }, hold)) => {
                    self.services[of].waiting.pop_first();
                    self.settle_on(key, node, hold);
                }
                Err(_) => stuck[of] = true,
            }
        }
    }

    fn tell_running(&mut self, of: usize) {
        let running = self.services.iter().map(|served| served.running).sum();
        let peak = &mut self.report.totals.all.peak_running;
        *peak = (*peak).max(running);
        self.services[of].tell_running(self.now);
    }
}
