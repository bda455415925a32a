//! One service of a simulation: its decisions, and what is counted of it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::config::{ScenarioError, ServiceScenario};
use super::expect::Came;
use super::fleet::zone_name;
use super::report::{DeploymentOutcome, Event, ServiceMinute, ServiceReport, ServiceTotals};
use super::world::SAMPLE;
use crate::autoscale::{Scaler, Shape, TaskGroup};
use crate::id::RequestId;
use crate::placement::view::{PlacementRequest, RequestError, TaskRequirements, View};
use crate::service::{Rollout, Service, TaskKey};
use crate::time::Instant;

pub(super) struct Served {
    pub(super) settings: ServiceScenario,
    pub(super) service: Service,
    pub(super) scaler: Option<Scaler>,
    pub(super) anywhere: RequestId,
    pub(super) by_zone: Vec<RequestId>,
    /// In PROVISIONING; by number, so the oldest first.
    pub(super) waiting: BTreeSet<TaskKey>,
    /// Of its tasks, those that run.
    pub(super) running: u32,
    /// Asked for, and lost, since the last full minute.
    minute_requests: f64,
    minute_unserved: f64,
    pub(super) report: ServiceReport,
}

impl Served {
    pub(super) fn new(
        settings: ServiceScenario,
        zones: u32,
        view: &mut View,
    ) -> Result<Self, ScenarioError> {
        let start = Instant::ZERO;
        let service = Service::new(start, settings.service.clone());
        let mut service = service.map_err(ScenarioError::Service)?;
        service.keep_all_events();
        let desired = service.desired();
        let start_scaler = |config: &crate::autoscale::ScalerConfig| {
            let mut config = config.clone();
            config.running = desired;
            config.start(start).map_err(ScenarioError::Scaler)
        };
        let scaler = settings.scaler.as_ref().map(start_scaler).transpose()?;
        let needs = TaskRequirements::new(settings.task.cpu_units, settings.task.memory_mib);
        let name = format!("service:{}", settings.service.name);
        let mut prepare = |needs: TaskRequirements| {
            let request =
                PlacementRequest::new(&name, needs).strategies(settings.strategies.clone());
            let unfit = |error: RequestError| ScenarioError::Text(error.to_string());
            view.prepare(request).map_err(unfit)
        };
        let anywhere = prepare(needs.clone())?;
        let by_zone = (0..zones).map(|zone| prepare(needs.clone().zone(&zone_name(zone))));
        let by_zone = by_zone.collect::<Result<Vec<_>, _>>()?;
        let report =
            ServiceReport { name: settings.service.name.clone(), ..ServiceReport::default() };
        Ok(Self {
            settings,
            service,
            scaler,
            anywhere,
            by_zone,
            waiting: BTreeSet::new(),
            running: 0,
            minute_requests: 0.0,
            minute_unserved: 0.0,
            report,
        })
    }

    /// When it, or its scaler, wants to be called after `now`.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = Instant> {
        let scaler = self.scaler.as_ref().and_then(Scaler::next_deadline);
        [self.service.next_deadline(), scaler].into_iter().flatten()
    }

    /// What was said since the last look.
    pub(super) fn fresh_events(&mut self, of: usize) -> impl Iterator<Item = Event> {
        let fresh = self.service.take_events();
        fresh.map(move |event| Event {
            at: event.at,
            of: "service",
            service: Some(of),
            text: event.message,
        })
    }

    pub(super) fn tell_running(&mut self, now: Instant) {
        let peak = &mut self.report.totals.peak_running;
        *peak = self.running.max(*peak);
        if let Some(scaler) = &mut self.scaler {
            scaler.handle_running(now, self.running);
        }
    }

    /// Looks at the load.
    pub(super) fn sample(&mut self, now: Instant) {
        let load = self.settings.load.at(now);
        let running = self.running;
        let capacity = f64::from(running) * self.settings.task.capacity_per_s;
        let seconds = SAMPLE.as_secs_f64();
        let (asked, lost) = (load * seconds, (load - capacity).max(0.0) * seconds);
        self.minute_requests += asked;
        self.minute_unserved += lost;
        let totals = &mut self.report.totals;
        totals.requests += asked;
        totals.unserved += lost;
        totals.task_hours += f64::from(running) * seconds / 3_600.0;
        let progress = |rollout: Rollout| rollout == Rollout::InProgress;
        let deploying = self.service.deployments().any(|of| progress(of.rollout));
        let Some(scaler) = &mut self.scaler else { return };
        scaler.handle_deployment(now, deploying);
        if running > 0 {
            let each = load / f64::from(running);
            let (cpu, memory) = self.settings.task.used(each);
            let metrics = [("cpu", cpu), ("memory", memory), ("requests_per_task", each)];
            for (name, value) in metrics {
                if let Some(metric) = scaler.metric(name) {
                    // The metric is known and the value is a number.
                    let _ = scaler.handle_datum(now, metric, value);
                }
            }
        }
    }

    /// Its tasks that wait, for managed scaling.
    pub(super) fn group(&self) -> TaskGroup {
        let task = &self.settings.task;
        let shape =
            Shape { cpu_units: task.cpu_units, memory_mib: task.memory_mib, ..Shape::default() };
        TaskGroup { shape, tasks: self.waiting_count() }
    }

    fn waiting_count(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }

    /// Notes the end of a minute.
    pub(super) fn minute(&mut self, now: Instant) {
        let (running, load) = (self.running, self.settings.load.at(now));
        let (cpu_percent, memory_percent) = if running == 0 {
            (0.0, 0.0)
        } else {
            self.settings.task.used(load / f64::from(running))
        };
        self.report.minutes.push(ServiceMinute {
            load_per_s: load,
            requests: core::mem::take(&mut self.minute_requests),
            unserved: core::mem::take(&mut self.minute_unserved),
            cpu_percent,
            memory_percent,
            capacity_per_s: f64::from(running) * self.settings.task.capacity_per_s,
            desired: self.service.desired(),
            running,
            pending: self.service.pending_count(),
            waiting: self.waiting_count(),
        });
    }

    /// What came of it; `alone`: no name is needed.
    pub(super) fn finish(
        &mut self,
        of: usize,
        alone: bool,
        events: &[Event],
    ) -> Vec<alloc::string::String> {
        let deployments = self.service.deployments().map(|of| DeploymentOutcome {
            revision: of.revision.number,
            created: of.created,
            rollout: of.rollout,
        });
        self.report.deployments = deployments.collect();
        let name = &self.report.name;
        self.settings.expect.unmet(&Came {
            of: if alone { "".into() } else { format!("{name}: ") },
            totals: &self.report.totals,
            instances_usd: None,
            running: self.report.minutes.last().map(|minute| minute.running),
            rolled_back: events.iter().any(|event| event.service == Some(of) && rolls_back(event)),
        })
    }
}

/// Whether the event says that a deployment is rolled back.
pub(super) fn rolls_back(event: &Event) -> bool {
    event.of == "service" && event.text.contains("rolling back to")
}

impl ServiceTotals {
    pub(super) fn add(&mut self, of: &Self) {
        self.requests += of.requests;
        self.unserved += of.unserved;
        self.tasks_started += of.tasks_started;
        self.tasks_failed += of.tasks_failed;
        self.tasks_lost += of.tasks_lost;
        self.task_hours += of.task_hours;
        self.scaled += of.scaled;
    }
}

impl ServiceMinute {
    /// All services together: sums, and of what is used the mean over what their
    /// running tasks have.
    pub(super) fn of_all<'a>(services: impl Iterator<Item = &'a Served> + Clone) -> Self {
        let mut each =
            services.filter_map(|of| Some((of.report.minutes.last()?, of.settings.task)));
        let mut all = match each.clone().next() {
            Some((only, _)) if each.clone().nth(1).is_none() => return *only,
            _ => Self::default(),
        };
        let (mut cpu, mut memory) = (0.0, 0.0);
        each.by_ref().for_each(|(of, task)| {
            all.load_per_s += of.load_per_s;
            all.requests += of.requests;
            all.unserved += of.unserved;
            all.capacity_per_s += of.capacity_per_s;
            all.desired += of.desired;
            all.running += of.running;
            all.pending += of.pending;
            all.waiting += of.waiting;
            let has = |amount: u32| f64::from(of.running) * f64::from(amount);
            cpu += has(task.cpu_units);
            memory += has(task.memory_mib);
            all.cpu_percent += has(task.cpu_units) * of.cpu_percent;
            all.memory_percent += has(task.memory_mib) * of.memory_percent;
        });
        let mean = |sum: f64, of: f64| if of > 0.0 { sum / of } else { 0.0 };
        all.cpu_percent = mean(all.cpu_percent, cpu);
        all.memory_percent = mean(all.memory_percent, memory);
        all
    }
}
