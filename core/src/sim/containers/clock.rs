//! What goes by the clock: looks at the load, minutes, and the end.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::expect::Came;
use super::report::{Bill, ContainersReport, Minute, ServiceMinute, ServiceReport};
use super::served::rolls_back;
use super::world::{Due, SAMPLE, World};
use crate::autoscale::{GroupView, TaskGroup};
use crate::cost::{Launch, LaunchOption, LoadStep, Purchase, TaskSize, compare};
use crate::math::floor;
use crate::service::TaskStatus;
use crate::time::Duration;

impl World {
    /// Looks at the load; at the end of a minute at everything.
    pub(super) fn sample(&mut self) {
        for served in &mut self.services {
            served.sample(self.now);
        }
        self.after(SAMPLE, Due::Sample);
        if self.now.as_nanos().is_multiple_of(60_000_000_000) {
            self.minute();
        }
    }

    fn minute(&mut self) {
        let waiting: Vec<TaskGroup> = self.services.iter().map(|of| of.group()).collect();
        let (present, busy) = (self.instances.ready(), self.instances.busy(&self.view));
        let view = GroupView { present, busy, waiting: &waiting };
        let (reservation, _) = self.group.metric(&view, &self.sizes);
        if self.scenario.group.managed.is_some()
            && let Some(decision) = self.group.handle_minute(self.now, &view, &self.sizes)
        {
            let (from, to, metric) = (decision.from, decision.to, decision.reservation);
            // At most one decimal: what a share of instances is worth.
            let metric = floor(metric * 10.0 + 0.5) / 10.0;
            self.say("group", format!("{from} to {to} instances: reservation {metric} %"));
        }
        self.resize();
        self.note_zones();
        for served in &mut self.services {
            served.minute(self.now);
        }
        self.report.minutes.push(Minute {
            at_s: self.now.as_secs_f64(),
            all: ServiceMinute::of_all(self.services.iter()),
            instances_usd: self.spent(),
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
        let of = self.scenario.group.instance_type;
        let meter = &self.instances.meter;
        let compared = self.compared();
        let report = &mut self.report;
        report.bill = Bill {
            on_demand_hours: meter.hours(Purchase::OnDemand),
            spot_hours: meter.hours(Purchase::Spot),
            instances_usd: meter.cost(&of).ok(),
            compared,
        };
        for served in &self.services {
            report.totals.all.add(&served.report.totals);
        }
        report.unmet = self.scenario.expect.unmet(&Came {
            of: String::new(),
            totals: &report.totals.all,
            instances_usd: report.bill.instances_usd,
            running: report.minutes.last().map(|minute| minute.all.running),
            rolled_back: report.events.iter().any(rolls_back),
        });
        let alone = self.services.len() == 1;
        for (of, mut served) in self.services.into_iter().enumerate() {
            let unmet = served.finish(of, alone, &report.events);
            report.unmet.extend(unmet);
            report.services.push(served.report);
        }
        self.report
    }

    /// The running tasks on each launch type, each service by itself; the cheapest
    /// first. Only what holds the tasks of every service is an option.
    fn compared(&self) -> Vec<LaunchOption> {
        let group = &self.scenario.group;
        let mut all: Option<Vec<LaunchOption>> = None;
        for served in &self.services {
            let task = &served.settings.task;
            let size =
                TaskSize { cpu_units: task.cpu_units, memory_mib: task.memory_mib, storage_gb: 0 };
            let (types, system) = ([group.instance_type], group.system_memory_mib);
            let steps = steps(&served.report);
            let own = compare(&steps, size, &self.scenario.fargate, &types, system);
            all = Some(match all {
                None => own,
                Some(sums) => sums.iter().filter_map(|sum| together(sum, &own)).collect(),
            });
        }
        let mut all = all.unwrap_or_default();
        all.sort_by(|a, b| a.usd.total_cmp(&b.usd));
        all
    }
}

/// The minutes of a service in which equally many tasks run.
fn steps(of: &ServiceReport) -> Vec<LoadStep> {
    let same = of.minutes.chunk_by(|a, b| a.running == b.running);
    let step = |minutes: &[ServiceMinute]| {
        let count = u64::try_from(minutes.len()).unwrap_or(u64::MAX);
        let time = Duration::from_secs(count.saturating_mul(60));
        LoadStep { tasks: minutes[0].running, time }
    };
    same.map(step).collect()
}

/// The same way to run one service more; `None` where it cannot.
fn together(sum: &LaunchOption, own: &[LaunchOption]) -> Option<LaunchOption> {
    let alike = |own: &&LaunchOption| with(sum.launch, own.launch).is_some();
    let more = own.iter().find(alike)?;
    let usd = sum.usd + more.usd;
    let used = sum.usd * sum.utilization + more.usd * more.utilization;
    let utilization = if usd > 0.0 { used / usd } else { sum.utilization };
    Some(LaunchOption { launch: with(sum.launch, more.launch)?, usd, utilization })
}

/// The launch type of both, with the instances of both; `None` where they differ.
fn with(one: Launch, other: Launch) -> Option<Launch> {
    match (one, other) {
        (
            Launch::Instances { name, architecture, purchase, tasks_each, most },
            Launch::Instances {
                name: other, purchase: bought, tasks_each: fewer, most: more, ..
            },
        ) if (name, purchase) == (other, bought) => Some(Launch::Instances {
            name,
            architecture,
            purchase,
            tasks_each: tasks_each.min(fewer),
            most: most.saturating_add(more),
        }),
        _ => (one == other).then_some(one),
    }
}
