//! The same load on other launch types: what each would cost.

use alloc::vec::Vec;
use core::fmt;

use super::fargate::{FargateMeter, FargatePrices, TaskSize};
use super::instances::{InstanceMeter, InstanceType, Purchase};
use super::prices::Architecture;
use crate::time::Duration;

/// So many tasks at a time, for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LoadStep {
    /// Tasks that run.
    pub tasks: u32,
    /// For how long.
    pub time: Duration,
}

/// What tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Launch {
    /// No instances of one's own.
    Fargate {
        /// The processor.
        architecture: Architecture,
        /// Whether tasks may be interrupted.
        spot: bool,
    },
    /// Instances.
    Instances {
        /// Their type.
        name: &'static str,
        /// The processor.
        architecture: Architecture,
        /// How they are bought.
        purchase: Purchase,
        /// Tasks that fit one.
        tasks_each: u32,
        /// The most there are at a time.
        most: u32,
    },
}

/// Such as `Fargate Spot, arm` or `m5.large, on demand`.
impl fmt::Display for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fargate { architecture, spot } => {
                write!(f, "Fargate{}, {architecture}", if *spot { " Spot" } else { "" })
            }
            Self::Instances { name, purchase, .. } => write!(f, "{name}, {purchase}"),
        }
    }
}

/// One way to run a load.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LaunchOption {
    /// On what.
    pub launch: Launch,
    /// What it costs, US dollars.
    pub usd: f64,
    /// The share of the paid CPU and memory that tasks reserve, the larger of
    /// both; 0 to 1.
    pub utilization: f64,
}

/// What the same load would cost on Fargate (x86 and Arm, on demand and Spot)
/// and on each type of instance, for each way of buying that has a price; the
/// cheapest first, ties in that order. O(steps x types).
///
/// A task is the same size everywhere, and each step of the load is a task's
/// whole life on Fargate. Instances follow the load without delay: as many as
/// hold the tasks of a step, packed full, each keeping `system_memory_mib` for
/// itself; an instance stays from step to step while it is needed. Reserved
/// ones are there at their most all the time. Types that hold no task are left
/// out. So this is the least that each would cost: launch delays and room kept
/// free come on top.
pub fn compare(
    load: &[LoadStep],
    task: TaskSize,
    fargate: &FargatePrices,
    types: &[InstanceType],
    system_memory_mib: u32,
) -> Vec<LaunchOption> {
    let mut options = Vec::new();
    let mut meter = FargateMeter::default();
    for step in load {
        let mut one = FargateMeter::default();
        one.task(fargate, task, step.time);
        meter.merge(&one.times(step.tasks));
    }
    for spot in [false, true] {
        for architecture in [Architecture::X86, Architecture::Arm] {
            let launch = Launch::Fargate { architecture, spot };
            let usd = meter.cost(fargate, architecture, spot).total;
            options.push(LaunchOption { launch, usd, utilization: 1.0 });
        }
    }
    for of in types {
        options.extend(on_instances(load, task, of, system_memory_mib));
    }
    options.sort_by(|a, b| a.usd.total_cmp(&b.usd));
    options
}

fn on_instances(
    load: &[LoadStep],
    task: TaskSize,
    of: &InstanceType,
    system_memory_mib: u32,
) -> Vec<LaunchOption> {
    let memory_mib = of.memory_mib.saturating_sub(system_memory_mib);
    let by = |have: u32, need: u32| have.checked_div(need).unwrap_or(u32::MAX);
    let tasks_each = by(of.cpu_units, task.cpu_units).min(by(memory_mib, task.memory_mib));
    if tasks_each == 0 {
        return Vec::new();
    }
    let needed = |step: &LoadStep| step.tasks.div_ceil(tasks_each);
    let most = load.iter().map(needed).max().unwrap_or(0);
    let total = load.iter().fold(Duration::ZERO, |sum, step| sum.plus(step.time));
    let mut following = InstanceMeter::default();
    following.add_spans(load.iter().map(|step| (needed(step), step.time)));
    let mut committed = InstanceMeter::default();
    committed.add_spans([(most, total)]);
    let task_nanos = sum(load.iter().map(|step| (step.tasks, step.time)));
    let paid_following = sum(load.iter().map(|step| (needed(step), step.time)));
    let paid_committed = sum([(most, total)]);
    let mut options = Vec::new();
    for purchase in Purchase::ALL {
        let Some(price) = of.usd_per_hour(purchase) else { continue };
        let (meter, paid) = match purchase {
            Purchase::Reserved => (&committed, paid_committed),
            Purchase::OnDemand | Purchase::Spot => (&following, paid_following),
        };
        let share = |need: u32, have: u32| {
            let (used, bought) = (task_nanos * f64::from(need), paid * f64::from(have));
            if bought > 0.0 { used / bought } else { 0.0 }
        };
        let utilization =
            share(task.cpu_units, of.cpu_units).max(share(task.memory_mib, of.memory_mib));
        let (name, architecture) = (of.name, of.architecture);
        let launch = Launch::Instances { name, architecture, purchase, tasks_each, most };
        let usd = meter.hours(Purchase::OnDemand) * price;
        options.push(LaunchOption { launch, usd, utilization });
    }
    options
}

#[expect(clippy::cast_precision_loss, reason = "a share to 53 bits")]
fn sum(spans: impl IntoIterator<Item = (u32, Duration)>) -> f64 {
    spans.into_iter().map(|(count, time)| f64::from(count) * time.as_nanos() as f64).sum()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const PRICES: FargatePrices = FargatePrices::AWS_US_EAST_1;
    const TASK: TaskSize = TaskSize { cpu_units: 512, memory_mib: 1024, storage_gb: 20 };

    fn step(tasks: u32, hours: u64) -> LoadStep {
        LoadStep { tasks, time: Duration::from_secs(3_600 * hours) }
    }

    fn usd(options: &[LaunchOption], wanted: impl Fn(&Launch) -> bool) -> f64 {
        options.iter().find(|option| wanted(&option.launch)).unwrap().usd
    }

    #[test]
    fn each_launch_type_costs_what_is_worked_out_by_hand() {
        let large = InstanceType::named("m5.large").unwrap().discounted(0.6, 0.3);
        // 8 tasks by day, 2 by night; four fit an m5.large by CPU.
        let load = [step(8, 12), step(2, 12)];
        let options = compare(&load, TASK, &PRICES, &[large], 256);
        let close = |value: f64, wanted: f64| assert!((value - wanted).abs() < 1e-9, "{value}");
        let on = |bought: Purchase| {
            usd(
                &options,
                |launch| matches!(launch, Launch::Instances { purchase, .. } if *purchase == bought),
            )
        };
        // 12 h of two and 12 h of one.
        close(on(Purchase::OnDemand), 36.0 * 0.096);
        close(on(Purchase::Spot), 36.0 * 0.096 * 0.3);
        close(on(Purchase::Reserved), 48.0 * 0.096 * 0.6);
        let fargate = usd(&options, |launch| {
            *launch == Launch::Fargate { architecture: Architecture::X86, spot: false }
        });
        // 120 task-hours of half a vCPU and a GB.
        close(fargate, 60.0 * 0.040_48 + 120.0 * 0.004_445);
        assert!(options.is_sorted_by(|a, b| a.usd <= b.usd));
        let on_demand = options.iter().find(|option| {
            matches!(option.launch, Launch::Instances { purchase: Purchase::OnDemand, .. })
        });
        // 120 task-hours of a quarter of an instance, over 36 hours.
        close(on_demand.unwrap().utilization, 120.0 * 0.25 / 36.0);
    }

    #[test]
    fn a_type_that_holds_no_task_is_left_out_and_no_load_costs_nothing() {
        let large = InstanceType::named("m5.large").unwrap();
        let big = TaskSize { memory_mib: 8_192, ..TASK };
        assert_eq!(compare(&[step(1, 1)], big, &PRICES, &[large], 256).len(), 4);
        assert_eq!(compare(&[step(1, 1)], big, &PRICES, &[large], 0).len(), 5);
        let none = compare(&[], TASK, &PRICES, &[large], 0);
        assert!(none.iter().all(|option| option.usd == 0.0), "{none:?}");
    }

    #[test]
    fn a_short_step_is_a_short_life_on_fargate_and_not_on_an_instance() {
        let large = InstanceType::named("m5.large").unwrap();
        let second = LoadStep { tasks: 4, time: Duration::from_secs(1) };
        let load = [second; 60];
        let options = compare(&load, TASK, &PRICES, &[large], 256);
        let fargate = usd(&options, |launch| {
            *launch == Launch::Fargate { architecture: Architecture::X86, spot: false }
        });
        let hour = 4.0 * (0.5 * 0.040_48 + 0.004_445);
        assert!((fargate - hour).abs() < 1e-9, "60 lives of a minute each: {fargate}");
        let instance = usd(&options, |launch| matches!(launch, Launch::Instances { .. }));
        assert!((instance - 0.096 / 60.0).abs() < 1e-9, "one minute of one: {instance}");
    }
}
