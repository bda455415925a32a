//! What goes by the clock: looks at the load, minutes, and the end.

use alloc::format;
use alloc::vec::Vec;

use super::report::{Bill, ContainersReport, DeploymentOutcome, Minute};
use super::world::{Due, SAMPLE, World};
use crate::autoscale::{GroupView, Shape, TaskGroup};
use crate::cost::{LoadStep, Purchase, TaskSize, compare};
use crate::service::{Rollout, TaskStatus};
use crate::time::Duration;

impl World {
    /// Looks at the load; at the end of a minute at everything.
    pub(super) fn sample(&mut self) {
        let load = self.scenario.load.at(self.now);
        let running = self.running;
        let capacity = f64::from(running) * self.scenario.task.capacity_per_s;
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
        if let Some(scaler) = &mut self.scaler {
            scaler.handle_deployment(self.now, deploying);
            if running > 0 {
                let each = load / f64::from(running);
                let (cpu, memory) = self.scenario.task.used(each);
                let metrics = [("cpu", cpu), ("memory", memory), ("requests_per_task", each)];
                for (name, value) in metrics {
                    if let Some(metric) = scaler.metric(name) {
                        // The metric is known and the value is a number.
                        let _ = scaler.handle_datum(self.now, metric, value);
                    }
                }
            }
        }
        self.after(SAMPLE, Due::Sample);
        if self.now.as_nanos().is_multiple_of(60_000_000_000) {
            self.minute();
        }
    }

    fn minute(&mut self) {
        let shape = Shape {
            cpu_units: self.scenario.task.cpu_units,
            memory_mib: self.scenario.task.memory_mib,
            ..Shape::default()
        };
        let tasks = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        let waiting = [TaskGroup { shape, tasks }];
        let (present, busy) = (self.instances.ready(), self.instances.busy(&self.view));
        let view = GroupView { present, busy, waiting: &waiting };
        let (reservation, _) = self.group.metric(&view, &self.sizes);
        if self.scenario.group.managed.is_some()
            && let Some(decision) = self.group.handle_minute(self.now, &view, &self.sizes)
        {
            let (from, to, metric) = (decision.from, decision.to, decision.reservation);
            self.say("group", format!("{from} to {to} instances: reservation {metric} %"));
        }
        self.resize();
        let running = self.running;
        self.note_zones();
        let load = self.scenario.load.at(self.now);
        let (cpu_percent, memory_percent) = if running == 0 {
            (0.0, 0.0)
        } else {
            self.scenario.task.used(load / f64::from(running))
        };
        self.report.minutes.push(Minute {
            at_s: self.now.as_secs_f64(),
            load_per_s: load,
            requests: core::mem::take(&mut self.minute_requests),
            unserved: core::mem::take(&mut self.minute_unserved),
            cpu_percent,
            memory_percent,
            instances_usd: self.spent(),
            capacity_per_s: f64::from(running) * self.scenario.task.capacity_per_s,
            desired: self.service.desired(),
            running,
            pending: self.service.pending_count(),
            waiting: tasks,
            instances: self.instances.ready(),
            booting: self.instances.booting(),
            reservation,
        });
    }

    /// Running tasks by the zone of their instance.
    fn note_zones(&mut self) {
        let mut counts = alloc::vec![0_u32; self.report.running_by_zone.len()];
        for task in self.tasks.values().filter(|of| of.seen.status == TaskStatus::Running) {
            let instance = task.seen.instance.and_then(|key| self.instances.all.get(&key));
            let zone = instance.and_then(|of| usize::try_from(of.zone).ok());
            if let Some(count) = zone.and_then(|zone| counts.get_mut(zone)) {
                *count += 1;
            }
        }
        for (minutes, count) in self.report.running_by_zone.iter_mut().zip(counts) {
            minutes.push(count);
        }
    }

    /// What all instances have cost until now.
    fn spent(&self) -> Option<f64> {
        let mut meter = self.instances.meter;
        for of in self.instances.all.values() {
            meter.instance(of.purchase, self.now.since(of.launched));
        }
        meter.cost(&self.scenario.group.instance_type).ok()
    }

    pub(super) fn finish(mut self) -> ContainersReport {
        let left: Vec<_> = self.instances.all.keys().copied().collect();
        for key in left {
            self.instances.end(self.now, key, &mut self.view);
        }
        self.report.deployments = self
            .service
            .deployments()
            .map(|of| DeploymentOutcome {
                revision: of.revision.number,
                created: of.created,
                rollout: of.rollout,
            })
            .collect();
        let (of, task) = (self.scenario.group.instance_type, self.scenario.task);
        let size =
            TaskSize { cpu_units: task.cpu_units, memory_mib: task.memory_mib, storage_gb: 0 };
        let steps = self.report.minutes.chunk_by(|a, b| a.running == b.running);
        let load: Vec<_> = steps
            .map(|same| {
                let minutes = u64::try_from(same.len()).unwrap_or(u64::MAX);
                let time = Duration::from_secs(minutes.saturating_mul(60));
                LoadStep { tasks: same[0].running, time }
            })
            .collect();
        let system = self.scenario.group.system_memory_mib;
        let meter = &self.instances.meter;
        self.report.bill = Bill {
            on_demand_hours: meter.hours(Purchase::OnDemand),
            spot_hours: meter.hours(Purchase::Spot),
            instances_usd: meter.cost(&of).ok(),
            compared: compare(&load, size, &self.scenario.fargate, &[of], system),
        };
        self.report.unmet = self.scenario.expect.unmet(&self.report);
        self.report
    }
}
