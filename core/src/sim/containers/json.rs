//! The report in JSON, for hosts of every language.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::config::Scenario;
use super::report::{ContainersReport, Minute, ServiceMinute, ServiceTotals};
use crate::service::Rollout;

/// A figure of a minute, by its name.
type Column<M, T> = (&'static str, fn(&M) -> T);

impl ContainersReport {
    /// The whole report of `scenario` as one object: `service` (the names), `seed`,
    /// `horizon_s`, `instance_type`, `totals`, `bill`, `unmet`, `deployments`,
    /// `events`, `minutes` as one list for each figure, and `services` with `name`,
    /// `totals` and `minutes` of each. What is no number is `null`.
    /// O(minutes x (zones + services)).
    pub fn to_json(&self, scenario: &Scenario) -> String {
        let (totals, bill) = (&self.totals, &self.bill);
        let compared = bill.compared.iter().map(|option| {
            json!({
                "launch": option.launch.to_string(),
                "usd": option.usd,
                "utilization": option.utilization,
            })
        });
        let deployments = self.services.iter().flat_map(|service| {
            service.deployments.iter().map(|of| {
                json!({
                    "service": service.name,
                    "revision": of.revision,
                    "created_s": of.created.as_secs_f64(),
                    "rollout": rollout(of.rollout),
                })
            })
        });
        let events = self.events.iter().map(|event| {
            let service = event.service.and_then(|at| self.services.get(at));
            json!({
                "at_s": event.at.as_secs_f64(),
                "of": event.of,
                "service": service.map(|service| &service.name),
                "text": event.text,
            })
        });
        let mut sums = totals_of(&totals.all);
        sums.insert("instances_launched".into(), totals.instances_launched.into());
        sums.insert("interruptions".into(), totals.interruptions.into());
        let services = self.services.iter().map(|of| {
            json!({
                "name": of.name,
                "totals": totals_of(&of.totals),
                "minutes": service_columns(of.minutes.iter()),
            })
        });
        let report = json!({
            "service": self.names(),
            "seed": scenario.seed,
            "horizon_s": scenario.horizon.as_secs_f64(),
            "instance_type": scenario.group.instance_type.name,
            "totals": sums,
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
            "services": services.collect::<Vec<_>>(),
        });
        report.to_string()
    }

    fn minutes_in_columns(&self) -> Map<String, Value> {
        let mut columns = service_columns(self.minutes.iter().map(|minute| &minute.all));
        let counts: [Column<Minute, u32>; 2] =
            [("instances", |of| of.instances), ("booting", |of| of.booting)];
        let amounts: [Column<Minute, Option<f64>>; 3] = [
            ("at_s", |of| Some(of.at_s)),
            ("reservation_percent", |of| Some(of.reservation)),
            ("instances_usd", |of| of.instances_usd),
        ];
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

fn totals_of(of: &ServiceTotals) -> Map<String, Value> {
    let sums = [
        ("requests", json!(of.requests)),
        ("lost", json!(of.unserved)),
        ("task_hours", json!(of.task_hours)),
        ("tasks_started", json!(of.tasks_started)),
        ("tasks_failed", json!(of.tasks_failed)),
        ("tasks_lost", json!(of.tasks_lost)),
        ("scaled", json!(of.scaled)),
        ("peak_running", json!(of.peak_running)),
    ];
    sums.into_iter().map(|(name, sum)| (name.into(), sum)).collect()
}

fn service_columns<'a>(
    minutes: impl Iterator<Item = &'a ServiceMinute> + Clone,
) -> Map<String, Value> {
    let counts: [Column<ServiceMinute, u32>; 4] = [
        ("desired", |of| of.desired),
        ("running", |of| of.running),
        ("pending", |of| of.pending),
        ("waiting", |of| of.waiting),
    ];
    let amounts: [Column<ServiceMinute, f64>; 6] = [
        ("load_per_s", |of| of.load_per_s),
        ("capacity_per_s", |of| of.capacity_per_s),
        ("requests", |of| of.requests),
        ("lost", |of| of.unserved),
        ("cpu_percent", |of| of.cpu_percent),
        ("memory_percent", |of| of.memory_percent),
    ];
    let counts = counts.into_iter().map(|(name, of)| (name, minutes.clone().map(of).collect()));
    let columns = counts.collect::<Vec<(_, Value)>>().into_iter();
    let amounts = amounts.into_iter().map(|(name, of)| (name, minutes.clone().map(of).collect()));
    columns.chain(amounts).map(|(name, column)| (name.into(), column)).collect()
}

/// In the words of Python and of the command line.
const fn rollout(of: Rollout) -> &'static str {
    match of {
        Rollout::InProgress => "in_progress",
        Rollout::Completed => "completed",
        Rollout::Failed => "failed",
    }
}
