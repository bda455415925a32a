//! The report in JSON, for hosts of every language.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::config::Scenario;
use super::report::{ContainersReport, Minute};
use crate::service::Rollout;

impl ContainersReport {
    /// The whole report of `scenario` as one object: `service`, `seed`,
    /// `horizon_s`, `instance_type`, `totals`, `bill`, `unmet`, `deployments`,
    /// `events`, and `minutes` as one list for each figure. What is no number is
    /// `null`. O(minutes x zones).
    pub fn to_json(&self, scenario: &Scenario) -> String {
        let (totals, bill) = (&self.totals, &self.bill);
        let compared = bill.compared.iter().map(|option| {
            json!({
                "launch": option.launch.to_string(),
                "usd": option.usd,
                "utilization": option.utilization,
            })
        });
        let deployments = self.deployments.iter().map(|of| {
            json!({
                "revision": of.revision,
                "created_s": of.created.as_secs_f64(),
                "rollout": rollout(of.rollout),
            })
        });
        let events = self.events.iter().map(
            |event| json!({ "at_s": event.at.as_secs_f64(), "of": event.of, "text": event.text }),
        );
        let report = json!({
            "service": scenario.service.name,
            "seed": scenario.seed,
            "horizon_s": scenario.horizon.as_secs_f64(),
            "instance_type": scenario.group.instance_type.name,
            "totals": {
                "requests": totals.requests,
                "lost": totals.unserved,
                "task_hours": totals.task_hours,
                "tasks_started": totals.tasks_started,
                "tasks_failed": totals.tasks_failed,
                "tasks_lost": totals.tasks_lost,
                "instances_launched": totals.instances_launched,
                "interruptions": totals.interruptions,
                "scaled": totals.scaled,
                "peak_running": totals.peak_running,
            },
            "bill": {
                "on_demand_hours": bill.on_demand_hours,
                "spot_hours": bill.spot_hours,
                "instances_usd": bill.instances_usd,
                "compared": compared.collect::<Vec<_>>(),
            },
            "unmet": self.unmet,
            "deployments": deployments.collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
            "minutes": self.minutes_in_columns(),
        });
        report.to_string()
    }

    fn minutes_in_columns(&self) -> Map<String, Value> {
        type Column<T> = (&'static str, fn(&Minute) -> T);
        let counts: [Column<u32>; 6] = [
            ("desired", |of| of.desired),
            ("running", |of| of.running),
            ("pending", |of| of.pending),
            ("waiting", |of| of.waiting),
            ("instances", |of| of.instances),
            ("booting", |of| of.booting),
        ];
        let amounts: [Column<Option<f64>>; 9] = [
            ("at_s", |of| Some(of.at_s)),
            ("load_per_s", |of| Some(of.load_per_s)),
            ("capacity_per_s", |of| Some(of.capacity_per_s)),
            ("requests", |of| Some(of.requests)),
            ("lost", |of| Some(of.unserved)),
            ("cpu_percent", |of| Some(of.cpu_percent)),
            ("memory_percent", |of| Some(of.memory_percent)),
            ("reservation_percent", |of| Some(of.reservation)),
            ("instances_usd", |of| of.instances_usd),
        ];
        let mut columns = Map::new();
        for (name, of) in counts {
            columns.insert(name.into(), self.minutes.iter().map(of).collect());
        }
        for (name, of) in amounts {
            // Of what is not finite serde_json makes null.
            let column = self.minutes.iter().map(|minute| json!(of(minute)));
            columns.insert(name.into(), column.collect());
        }
        columns.insert("running_by_zone".into(), json!(self.running_by_zone));
        columns
    }
}

/// In the words of Python and of the command line.
const fn rollout(of: Rollout) -> &'static str {
    match of {
        Rollout::InProgress => "in_progress",
        Rollout::Completed => "completed",
        Rollout::Failed => "failed",
    }
}
