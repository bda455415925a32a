//! The host that a simulation plays: events in order, answers carried out.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::config::{Scenario, ScenarioError};
use super::fleet::{Instances, tasks_on};
use super::report::{ContainersReport, Event};
use super::served::Served;
use super::tasks::Task;
use crate::autoscale::{Bounds, ManagedGroup, Scaler, Shape};
use crate::cost::Purchase;
use crate::placement::view::View;
use crate::rng::Rng;
use crate::service::{
    InstanceKey, InstanceStatus, ObservedInstance, Revision, ServiceUpdate, TaskKey, ZoneKey,
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
    /// A service's, by number.
    Deploy(usize, usize),
    ZoneLoss(usize),
    Sample,
}

pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) now: Instant,
    queue: BTreeMap<(Instant, u64), Due>,
    order: u64,
    pub(super) rng: Rng,
    /// As in the scenario.
    pub(super) services: Vec<Served>,
    pub(super) group: ManagedGroup,
    pub(super) instances: Instances,
    pub(super) view: View,
    pub(super) tasks: BTreeMap<TaskKey, Task>,
    pub(super) next_task: u64,
    pub(super) sizes: [Shape; 1],
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
            for served in &mut self.services {
                // Before its deadline it would look at all tasks for nothing.
                if served.service.next_deadline().is_some_and(|deadline| deadline <= at) {
                    served.service.handle_timer(at);
                }
                if let Some(scaler) = &mut served.scaler {
                    scaler.handle_time(at);
                }
            }
            self.settle();
        }
        self.now = until;
    }

    pub(super) fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let settings = &scenario.group;
        let mut view = View::new(scenario.seed);
        let services = scenario.services.iter();
        let services = services.map(|of| Served::new(of.clone(), settings.zones, &mut view));
        let services = services.collect::<Result<Vec<_>, _>>()?;
        let bounds = Bounds::new(settings.min, settings.max).map_err(ScenarioError::Bounds)?;
        let managed = settings.managed.unwrap_or_default();
        let group = ManagedGroup::new(managed, bounds, settings.initial);
        let group = group.map_err(ScenarioError::Managed)?;
        let of = settings.instance_type;
        let memory_mib = of.memory_mib.saturating_sub(settings.system_memory_mib);
        let size = Shape { cpu_units: of.cpu_units, memory_mib, ..Shape::default() };
        let zones = usize::try_from(settings.zones).unwrap_or(0);
        let running_by_zone = alloc::vec![Vec::new(); zones];
        let report = ContainersReport { running_by_zone, ..ContainersReport::default() };
        let (seed, instances) = (scenario.seed, Instances::new(settings.clone()));
        Ok(Self {
            scenario,
            now: Instant::ZERO,
            queue: BTreeMap::new(),
            order: 0,
            rng: Rng::new(seed),
            services,
            group,
            instances,
            view,
            tasks: BTreeMap::new(),
            next_task: 1,
            sizes: [size],
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
        for of in 0..self.services.len() {
            for at in 0..self.services[of].settings.deploys.len() {
                let wait = self.services[of].settings.deploys[at].at;
                self.after(wait, Due::Deploy(of, at));
            }
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
        let deadlines = self.services.iter().flat_map(Served::deadlines);
        deadlines.filter(|at| *at > self.now).chain(queued).min()
    }

    fn take_due(&mut self) -> Option<Due> {
        let entry = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now)?;
        Some(entry.remove())
    }

    /// Notes what happened to the cluster.
    pub(super) fn say(&mut self, of: &'static str, text: String) {
        self.report.events.push(Event { at: self.now, of, service: None, text });
    }

    /// Notes what happened to a service.
    fn say_of(&mut self, service: usize, of: &'static str, text: String) {
        self.report.events.push(Event { at: self.now, of, service: Some(service), text });
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Started(key) => self.started(key),
            Due::Stopped(key) => self.ended(key, false),
            Due::Booted(key) => self.booted(key),
            Due::Interrupted(key) => self.interrupted(key),
            Due::Gone(key) => self.lose(key),
            Due::Deploy(of, at) => self.deploy(of, at),
            Due::ZoneLoss(at) => self.lose_zone(at),
            Due::Sample => self.sample(),
        }
    }

    /// Carries out what everyone wants, until no one wants anything.
    fn settle(&mut self) {
        let mut quiet = false;
        while !quiet {
            quiet = true;
            for of in 0..self.services.len() {
                while let Some(action) = self.services[of].service.poll_action() {
                    self.act(of, action);
                    quiet = false;
                }
                while let Some(decision) =
                    self.services[of].scaler.as_mut().and_then(Scaler::poll_action)
                {
                    self.say_of(of, "scaler", decision.to_string());
                    if let Some(to) = decision.scaled_to() {
                        self.services[of].report.totals.scaled += 1;
                        self.update(of, ServiceUpdate { desired: Some(to), ..Default::default() });
                    }
                    quiet = false;
                }
            }
        }
        for (of, served) in self.services.iter_mut().enumerate() {
            self.report.events.extend(served.fresh_events(of));
        }
    }

    fn update(&mut self, of: usize, update: ServiceUpdate) {
        if let Err(error) = self.services[of].service.update(self.now, update) {
            self.say_of(of, "service", error.to_string());
        }
    }

    // ---- instances ----------------------------------------------------------

    pub(super) fn show_instance(&mut self, key: InstanceKey) {
        let Some(instance) = self.instances.all.get(&key) else { return };
        let Some(node) = instance.node.and_then(|node| self.view.node(node)) else { return };
        let zone = ZoneKey(instance.zone);
        let mut seen = ObservedInstance::new(key, zone, node.free);
        if instance.draining {
            seen.status = InstanceStatus::Draining;
        }
        seen.other_tasks = tasks_on(&self.view, instance);
        for served in &mut self.services {
            served.service.handle_instance(self.now, seen.clone());
        }
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
        let lost: Vec<_> = on.map(|(task, of)| (*task, of.of, of.seen.status)).collect();
        let node = self.instances.all.get(&key).and_then(|of| of.node);
        if let Some(node) = node {
            // Nothing is placed on it between one task's end and the next.
            let _ = self.view.set_active(node, false);
        }
        for (task, of, status) in lost {
            if status.counts() {
                self.services[of].report.totals.tasks_lost += 1;
            }
            self.ended(task, false);
        }
        self.instances.end(self.now, key, &mut self.view);
        for served in &mut self.services {
            served.service.handle_instance_gone(self.now, key);
        }
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

    fn deploy(&mut self, of: usize, at: usize) {
        let settings = &self.services[of].settings;
        let number = settings.deploys[at].revision;
        let container_check = settings.service.revision.container_check;
        self.say_of(of, "deploy", format!("revision {number}"));
        let revision = Some(Revision { number, container_check });
        self.update(of, ServiceUpdate { revision, ..Default::default() });
    }
}
