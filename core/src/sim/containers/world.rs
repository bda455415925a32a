//! The host that a simulation plays: events in order, answers carried out.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::config::{Scenario, ScenarioError};
use super::fleet::{Instances, tasks_on, zone_name};
use super::report::{ContainersReport, Event};
use crate::autoscale::{Bounds, ManagedGroup, Scaler, Shape};
use crate::cost::Purchase;
use crate::id::{HoldId, NodeId, RequestId};
use crate::placement::view::{PlacementRequest, TaskRequirements, View};
use crate::resources::Resources;
use crate::rng::Rng;
use crate::service::{
    Action, InstanceKey, InstanceStatus, ObservedInstance, ObservedTask, Revision, Service,
    ServiceUpdate, TaskKey, TaskStatus, Unplaced, Where, ZoneKey,
};
use crate::time::{Duration, Instant};

/// Between two looks at the load.
pub(super) const SAMPLE: Duration = Duration::from_secs(10);
/// From a Spot instance's notice to its end.
const NOTICE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// A task begins to run, or its image fails.
    Started(TaskKey),
    Stopped(TaskKey),
    Booted(InstanceKey),
    Interrupted(InstanceKey),
    Gone(InstanceKey),
    Deploy(usize),
    ZoneLoss(usize),
    Sample,
}

pub(super) struct Task {
    pub(super) seen: ObservedTask,
    pub(super) hold: Option<HoldId>,
    pub(super) revision: u64,
}

pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) now: Instant,
    pub(super) queue: BTreeMap<(Instant, u64), Due>,
    pub(super) order: u64,
    pub(super) rng: Rng,
    pub(super) service: Service,
    pub(super) scaler: Option<Scaler>,
    pub(super) group: ManagedGroup,
    pub(super) instances: Instances,
    pub(super) view: View,
    pub(super) anywhere: RequestId,
    pub(super) by_zone: Vec<RequestId>,
    pub(super) tasks: BTreeMap<TaskKey, Task>,
    /// In PROVISIONING; by number, so the oldest first.
    pub(super) waiting: BTreeSet<TaskKey>,
    /// Of the tasks, those that run.
    pub(super) running: u32,
    pub(super) next_task: u64,
    pub(super) sizes: [Shape; 1],
    pub(super) seen_events: u64,
    /// Asked for, and lost, since the last full minute.
    pub(super) minute_requests: f64,
    pub(super) minute_unserved: f64,
    pub(super) report: ContainersReport,
}

impl World {
    /// Plays until then.
    pub(super) fn run(&mut self, until: Instant) {
        while let Some(at) = self.next().filter(|at| *at <= until) {
            self.now = at;
            while let Some(due) = self.take_due() {
                self.handle(due);
                self.settle();
            }
            // Before its deadline it would look at all tasks for nothing.
            if self.service.next_deadline().is_some_and(|deadline| deadline <= at) {
                self.service.handle_timer(at);
            }
            if let Some(scaler) = &mut self.scaler {
                scaler.handle_time(at);
            }
            self.settle();
        }
        self.now = until;
    }

    pub(super) fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let start = Instant::ZERO;
        let service = Service::new(start, scenario.service.clone());
        let service = service.map_err(ScenarioError::Service)?;
        let desired = service.desired();
        let scaler = match &scenario.scaler {
            Some(config) => {
                let mut config = config.clone();
                config.running = desired;
                Some(config.start(start).map_err(ScenarioError::Scaler)?)
            }
            None => None,
        };
        let settings = &scenario.group;
        let bounds = Bounds::new(settings.min, settings.max).map_err(ScenarioError::Bounds)?;
        let managed = settings.managed.unwrap_or_default();
        let group = ManagedGroup::new(managed, bounds, settings.initial);
        let group = group.map_err(ScenarioError::Managed)?;
        let mut view = View::new(scenario.seed);
        let needs = TaskRequirements::new(scenario.task.cpu_units, scenario.task.memory_mib);
        let name = format!("service:{}", scenario.service.name);
        let mut prepare = |needs: TaskRequirements| {
            let request =
                PlacementRequest::new(&name, needs).strategies(scenario.strategies.clone());
            let unfit = |error: crate::placement::view::RequestError| {
                ScenarioError::Text(error.to_string())
            };
            view.prepare(request).map_err(unfit)
        };
        let anywhere = prepare(needs.clone())?;
        let zones = 0..settings.zones;
        let by_zone = zones.map(|zone| prepare(needs.clone().zone(&zone_name(zone))));
        let by_zone = by_zone.collect::<Result<Vec<_>, _>>()?;
        let of = settings.instance_type;
        let memory_mib = of.memory_mib.saturating_sub(settings.system_memory_mib);
        let size = Shape { cpu_units: of.cpu_units, memory_mib, ..Shape::default() };
        let zones = usize::try_from(settings.zones).unwrap_or(0);
        let running_by_zone = alloc::vec![Vec::new(); zones];
        let report = ContainersReport { running_by_zone, ..ContainersReport::default() };
        let (seed, instances) = (scenario.seed, Instances::new(settings.clone()));
        Ok(Self {
            scenario,
            now: start,
            queue: BTreeMap::new(),
            order: 0,
            rng: Rng::new(seed),
            service,
            scaler,
            group,
            instances,
            view,
            anywhere,
            by_zone,
            tasks: BTreeMap::new(),
            waiting: BTreeSet::new(),
            running: 0,
            next_task: 1,
            sizes: [size],
            seen_events: 0,
            minute_requests: 0.0,
            minute_unserved: 0.0,
            report,
        })
    }

    /// What is there at the start, and what will happen for certain.
    pub(super) fn begin(&mut self) {
        for _ in 0..self.scenario.group.initial {
            if let Some(key) = self.instances.launch(self.now) {
                self.note_launch(key);
                self.booted(key);
            }
        }
        for at in 0..self.scenario.deploys.len() {
            self.after(self.scenario.deploys[at].at, Due::Deploy(at));
        }
        for at in 0..self.scenario.zone_losses.len() {
            self.after(self.scenario.zone_losses[at].at, Due::ZoneLoss(at));
        }
        self.after(SAMPLE, Due::Sample);
        self.settle();
    }

    pub(super) fn after(&mut self, wait: Duration, due: Due) {
        self.order += 1;
        self.queue.insert((self.now.after(wait), self.order), due);
    }

    /// When something is to happen next, after now.
    fn next(&self) -> Option<Instant> {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let deadlines =
            [self.service.next_deadline(), self.scaler.as_ref().and_then(Scaler::next_deadline)];
        let later = deadlines.into_iter().flatten().filter(|at| *at > self.now);
        later.chain(queued).min()
    }

    fn take_due(&mut self) -> Option<Due> {
        let entry = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now)?;
        Some(entry.remove())
    }

    pub(super) fn say(&mut self, of: &'static str, text: String) {
        self.report.events.push(Event { at: self.now, of, text });
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Started(key) => self.started(key),
            Due::Stopped(key) => self.ended(key, false),
            Due::Booted(key) => self.booted(key),
            Due::Interrupted(key) => self.interrupted(key),
            Due::Gone(key) => self.lose(key),
            Due::Deploy(at) => self.deploy(at),
            Due::ZoneLoss(at) => self.lose_zone(at),
            Due::Sample => self.sample(),
        }
    }

    /// Carries out what everyone wants, until no one wants anything.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(action) = self.service.poll_action() {
                self.act(action);
                quiet = false;
            }
            while let Some(decision) = self.scaler.as_mut().and_then(Scaler::poll_action) {
                let text = decision.to_string();
                self.say("scaler", text);
                if let Some(to) = decision.scaled_to() {
                    self.report.totals.scaled += 1;
                    let update = ServiceUpdate { desired: Some(to), ..ServiceUpdate::default() };
                    if let Err(error) = self.service.update(self.now, update) {
                        self.say("service", error.to_string());
                    }
                }
                quiet = false;
            }
            if quiet {
                break;
            }
        }
        self.log_service();
    }

    fn log_service(&mut self) {
        let fresh: Vec<_> = self
            .service
            .events()
            .filter(|event| event.number > self.seen_events)
            .map(|event| (event.number, event.at, event.message.clone()))
            .collect();
        for (number, at, text) in fresh {
            self.seen_events = self.seen_events.max(number);
            self.report.events.push(Event { at, of: "service", text });
        }
    }

    // ---- tasks --------------------------------------------------------------

    fn act(&mut self, action: Action) {
        match action {
            Action::Start { order, deployment, revision, place } => {
                let request = match place {
                    Where::Zone(ZoneKey(zone)) => {
                        usize::try_from(zone).ok().and_then(|at| self.by_zone.get(at).copied())
                    }
                    _ => Some(self.anywhere),
                };
                let held = request.and_then(|request| self.view.assign(request).ok());
                if held.is_none() && place != Where::Anywhere {
                    let why = Unplaced { closest: None, reason: "RESOURCE:MEMORY".into() };
                    let _ = self.service.handle_unplaced(self.now, order, &why);
                    return;
                }
                let key = TaskKey(self.next_task);
                self.next_task += 1;
                let size =
                    Resources::new(self.scenario.task.cpu_units, self.scenario.task.memory_mib);
                let nowhere = InstanceKey(0);
                let mut seen = ObservedTask::placed(key, deployment, nowhere, self.now, size);
                seen.instance = None;
                seen.status = TaskStatus::Provisioning;
                self.tasks.insert(key, Task { seen, hold: None, revision: revision.number });
                let _ = self.service.handle_placed(self.now, order, seen);
                match held {
                    Some((placed, hold)) => self.settle_on(key, placed.node, hold),
                    None => {
                        self.waiting.insert(key);
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
        let seen = task.seen;
        self.report.totals.tasks_started += 1;
        self.service.handle_task(self.now, seen);
        if let Some(instance) = instance {
            self.show_instance(instance);
        }
        let wait = self.scenario.task.start.sample(&mut self.rng);
        self.after(wait, Due::Started(key));
    }

    fn started(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if task.seen.status != TaskStatus::Pending {
            return;
        }
        let revision = task.revision;
        let fails = |deploy: &super::Deploy| deploy.revision == revision && deploy.fails;
        if self.scenario.deploys.iter().any(fails) {
            self.report.totals.tasks_failed += 1;
            return self.ended(key, true);
        }
        task.seen.status = TaskStatus::Running;
        self.running += 1;
        task.seen.running_since = Some(self.now);
        let (seen, hold) = (task.seen, task.hold);
        if let Some(hold) = hold {
            let _ = self.view.set_running(hold, true);
        }
        self.service.handle_task(self.now, seen);
        self.tell_running();
    }

    fn stop(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if task.hold.is_none() {
            self.waiting.remove(&key);
            return self.ended(key, false);
        }
        self.running -= u32::from(task.seen.status == TaskStatus::Running);
        task.seen.status = TaskStatus::Stopping;
        let seen = task.seen;
        self.service.handle_task(self.now, seen);
        self.after(self.scenario.task.stop, Due::Stopped(key));
        self.tell_running();
    }

    /// A task is over: its room is free.
    fn ended(&mut self, key: TaskKey, own_fault: bool) {
        let Some(mut task) = self.tasks.remove(&key) else { return };
        self.running -= u32::from(task.seen.status == TaskStatus::Running);
        task.seen.status = TaskStatus::Stopped;
        task.seen.own_fault = own_fault;
        if let Some(hold) = task.hold {
            let _ = self.view.release(hold);
        }
        self.service.handle_task(self.now, task.seen);
        if let Some(instance) = task.seen.instance {
            self.show_instance(instance);
        }
        self.tell_running();
        self.place_waiting();
    }

    /// Tasks in PROVISIONING take what room there is, the oldest first.
    fn place_waiting(&mut self) {
        while let Some(key) = self.waiting.first().copied() {
            let Ok((placed, hold)) = self.view.assign(self.anywhere) else { return };
            self.waiting.pop_first();
            self.settle_on(key, placed.node, hold);
        }
    }

    fn tell_running(&mut self) {
        let running = self.running;
        let peak = &mut self.report.totals.peak_running;
        *peak = running.max(*peak);
        if let Some(scaler) = &mut self.scaler {
            scaler.handle_running(self.now, running);
        }
    }

    // ---- instances ----------------------------------------------------------

    fn show_instance(&mut self, key: InstanceKey) {
        let Some(instance) = self.instances.all.get(&key) else { return };
        let Some(node) = instance.node.and_then(|node| self.view.node(node)) else { return };
        let zone = ZoneKey(instance.zone);
        let mut seen = ObservedInstance::new(key, zone, node.free);
        if instance.draining {
            seen.status = InstanceStatus::Draining;
        }
        seen.other_tasks = tasks_on(&self.view, instance);
        self.service.handle_instance(self.now, seen);
    }

    fn note_launch(&mut self, key: InstanceKey) {
        self.report.totals.instances_launched += 1;
        let rate = self.scenario.group.spot_interruptions_per_hour;
        let spot = self.instances.all.get(&key).is_some_and(|of| of.purchase == Purchase::Spot);
        if spot && rate > 0.0 {
            let mean_s = 3_600.0 / rate;
            let wait_s = -mean_s * crate::math::ln(self.rng.uniform_open());
            self.after(Duration::from_secs_f64(wait_s), Due::Interrupted(key));
        }
    }

    fn booted(&mut self, key: InstanceKey) {
        if self.instances.register(key, &mut self.view).is_some() {
            self.show_instance(key);
            self.place_waiting();
        }
    }

    fn interrupted(&mut self, key: InstanceKey) {
        let Some(instance) = self.instances.all.get_mut(&key) else { return };
        instance.draining = true;
        let node = instance.node;
        self.report.totals.interruptions += 1;
        self.say("spot", format!("instance {} is interrupted in two minutes", key.0));
        if let Some(node) = node {
            let _ = self.view.set_active(node, false);
        }
        self.show_instance(key);
        self.after(NOTICE, Due::Gone(key));
        self.resize();
    }

    /// An instance is gone, and all that ran on it.
    fn lose(&mut self, key: InstanceKey) {
        let on = self.tasks.iter().filter(|(_, of)| of.seen.instance == Some(key));
        let lost: Vec<_> = on.map(|(task, of)| (*task, of.seen.status)).collect();
        let node = self.instances.all.get(&key).and_then(|of| of.node);
        if let Some(node) = node {
            // Nothing is placed on it between one task's end and the next.
            let _ = self.view.set_active(node, false);
        }
        for (task, status) in lost {
            if status.counts() {
                self.report.totals.tasks_lost += 1;
            }
            self.ended(task, false);
        }
        self.instances.end(self.now, key, &mut self.view);
        self.service.handle_instance_gone(self.now, key);
    }

    fn lose_zone(&mut self, at: usize) {
        let loss = self.scenario.zone_losses[at];
        let lost = self.instances.lose_zone(loss.zone, self.now.after(loss.lasts));
        let count = lost.len();
        self.say("zone", format!("zone {} is lost with {count} instances", loss.zone));
        for key in &lost {
            if let Some(node) = self.instances.all.get(key).and_then(|of| of.node) {
                let _ = self.view.set_active(node, false);
            }
        }
        for key in lost {
            self.lose(key);
        }
        self.resize();
    }

    /// Launches and stops instances until there are as many as wanted.
    pub(super) fn resize(&mut self) {
        let wanted = self.group.wanted();
        for _ in self.instances.alive()..wanted {
            let Some(key) = self.instances.launch(self.now) else { break };
            self.note_launch(key);
            let wait = self.scenario.group.boot.sample(&mut self.rng);
            self.after(wait, Due::Booted(key));
        }
        let surplus = self.instances.alive().saturating_sub(wanted);
        for key in self.instances.to_stop(surplus, &self.view) {
            self.lose(key);
        }
    }

    // ---- clockwork ----------------------------------------------------------

    fn deploy(&mut self, at: usize) {
        let deploy = self.scenario.deploys[at];
        let container_check = self.scenario.service.revision.container_check;
        let revision = Revision { number: deploy.revision, container_check };
        let update = ServiceUpdate { revision: Some(revision), ..ServiceUpdate::default() };
        self.say("deploy", format!("revision {}", deploy.revision));
        if let Err(error) = self.service.update(self.now, update) {
            self.say("service", error.to_string());
        }
    }
}
