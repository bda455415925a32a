//! The services of a scenario: one with the file's own tables, or a list.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::config::{Deploy, Scenario, ServiceScenario, TaskSettings};
use super::super::load::{Load, LoadPoint, Week};
use super::{LONGEST_S, MOST, distribution, expect, list, number, positive, scaling};
use crate::placement::view::Chain;
use crate::service::{BreakerConfig, Percents, Revision, ServiceSpec, StopRule, Threshold};
use crate::settings::reader::{Entry, Table};
use crate::settings::{Problem, SettingsError};
use crate::time::{Duration, Instant};

/// Tables of the one service, which several have each for themselves.
const OF_ONE: [&str; 5] = ["service", "task", "load", "autoscaling", "deploys"];
/// The settings of a service, and after them the tables that one of several has.
const SERVICE: [&str; 15] = [
    "name",
    "desired",
    "revision",
    "min_healthy_percent",
    "max_percent",
    "breaker",
    "rollback",
    "failures",
    "rebalance",
    "strategies",
    "task",
    "load",
    "autoscaling",
    "deploys",
    "expect",
];
const SETTINGS: &[&str] = SERVICE.split_at(10).0;
const EXPECT: &[&str] = &["max_lost_percent", "min_running_at_end", "rolled_back"];
const TASK: &[&str] = &[
    "cpu_units",
    "memory_mib",
    "capacity_per_s",
    "memory_idle_percent",
    "memory_full_percent",
    "start",
    "stop_s",
];
const LOAD: &[&str] = &["points", "repeat_s", "week"];
const POINT: &[&str] = &["at_s", "per_s"];
const WEEK: &[&str] = &["low_per_s", "high_per_s", "peak_hour", "weekend_percent", "noise_percent"];
const DEPLOY: &[&str] = &["at_s", "revision", "fails"];

/// When a scenario plays.
pub(super) struct Clock {
    /// Its start, seconds since 1970.
    pub(super) origin: i64,
    pub(super) horizon: Duration,
}

/// The tables of a service beside its settings.
struct Tables<'a> {
    task: TaskSettings,
    load: Entry<'a>,
    autoscaling: Option<Entry<'a>>,
    deploys: Option<Entry<'a>>,
    expect: Option<Entry<'a>>,
}

/// The services, and where the settings of each stand.
pub(super) fn services<'a>(
    file: &mut Table<'a>,
    clock: &Clock,
    seed: u64,
) -> Result<(Vec<ServiceScenario>, Vec<Entry<'a>>), SettingsError> {
    let Some(several) = file.take("services") else {
        let place = file.place("service");
        let task = task(file.need("task")?)?;
        let (own, load) = (file.need("service")?, file.need("load")?);
        let (autoscaling, deploys) = (file.take("autoscaling"), file.take("deploys"));
        let tables = Tables { task, load, autoscaling, deploys, expect: None };
        let one = tables.read(&mut own.table(SETTINGS)?, clock, seed)?;
        return Ok((alloc::vec![one], place.into_iter().collect()));
    };
    if let Some(own) = OF_ONE.iter().find_map(|key| file.place(key)) {
        let what = "stands beside services: it belongs to each of them".to_string();
        return Err(own.refuse(Problem::Refused(what)));
    }
    let at = several.here();
    let (mut read, mut places) = (Vec::<ServiceScenario>::new(), Vec::new());
    for (entry, of) in several.list()?.into_iter().zip(0..) {
        let place = entry.here();
        let mut table = entry.table(&SERVICE)?;
        let tables = Tables {
            task: task(table.need("task")?)?,
            load: table.need("load")?,
            autoscaling: table.take("autoscaling"),
            deploys: table.take("deploys"),
            expect: table.take("expect"),
        };
        let one = tables.read(&mut table, clock, seed.wrapping_add(of))?;
        if read.iter().any(|other| other.service.name == one.service.name) {
            let what = format!("is the second service of the name {:?}", one.service.name);
            return Err(place.refuse(Problem::Refused(what)));
        }
        read.push(one);
        places.push(place);
    }
    if !(1..=Scenario::MAX_SERVICES).contains(&read.len()) {
        let what =
            format!("has {} entries: 1 to {} are possible", read.len(), Scenario::MAX_SERVICES);
        return Err(at.refuse(Problem::Refused(what)));
    }
    Ok((read, places))
}

impl Tables<'_> {
    fn read(
        self,
        of: &mut Table<'_>,
        clock: &Clock,
        seed: u64,
    ) -> Result<ServiceScenario, SettingsError> {
        let task = self.task;
        let (service, strategies) = settings(of, seed)?;
        let load = load(self.load, clock, seed)?;
        let place = self.autoscaling.as_ref().map(Entry::here);
        let scaler =
            self.autoscaling.map(|entry| scaling::read(entry, clock.origin)).transpose()?;
        if let (Some(config), Some(place)) = (&scaler, place) {
            let started = config.start(Instant::ZERO).map(drop);
            started.map_err(|error| place.refuse(Problem::Refused(error.to_string())))?;
        }
        let deploys = list(self.deploys, deploy)?;
        let expect = self.expect.map(|entry| expect(entry, EXPECT)).transpose()?;
        let expect = expect.unwrap_or_default();
        Ok(ServiceScenario { service, strategies, task, load, scaler, deploys, expect })
    }
}

fn settings(table: &mut Table<'_>, seed: u64) -> Result<(ServiceSpec, Chain), SettingsError> {
    let name = table.need("name")?.text()?.to_string();
    let desired = table.number("desired", 0, Scenario::MAX_TASKS, 1)?;
    let number = table.or("revision", 1, |entry| entry.whole_number(0, u64::MAX))?;
    let revision = Revision { number, container_check: false };
    let mut spec = ServiceSpec { seed, ..ServiceSpec::replica(&name, revision, desired) };
    let Percents { min_healthy_percent, max_percent } = spec.percents;
    spec.percents = Percents {
        min_healthy_percent: table.number("min_healthy_percent", 0, 100, min_healthy_percent)?,
        max_percent: table.number("max_percent", 100, 200, max_percent)?,
    };
    spec.breaker = BreakerConfig {
        enable: table.or("breaker", false, Entry::boolean)?,
        rollback: table.or("rollback", false, Entry::boolean)?,
        ..spec.breaker
    };
    if let Some(entry) = table.take("failures") {
        let failures = entry.whole_number(1, u64::from(u32::MAX))?;
        spec.breaker.threshold = Threshold::Count(u32::try_from(failures).unwrap_or(u32::MAX));
    }
    spec.rebalance = table.or("rebalance", spec.rebalance, Entry::boolean)?;
    let Some(entry) = table.take("strategies") else { return Ok((spec, Chain::of_service())) };
    let at = entry.here();
    let names = entry.list()?;
    let names = names.iter().map(Entry::text).collect::<Result<Vec<_>, SettingsError>>()?;
    let chain = Chain::parse_short(&names);
    let chain = chain.map_err(|error| at.refuse(Problem::Refused(error.to_string())))?;
    // A score is none of ECS's strategies: any task goes.
    let rules = chain.steps().iter().map(|step| StopRule::of(step).unwrap_or(StopRule::Random));
    spec.stop_rules = rules.collect();
    Ok((spec, chain))
}

fn task(entry: Entry<'_>) -> Result<TaskSettings, SettingsError> {
    let mut table = entry.table(TASK)?;
    let size = |entry: Entry<'_>| {
        let size = entry.whole_number(1, crate::resources::Resources::MAX.into())?;
        Ok(u32::try_from(size).unwrap_or(u32::MAX))
    };
    Ok(TaskSettings {
        cpu_units: size(table.need("cpu_units")?)?,
        memory_mib: size(table.need("memory_mib")?)?,
        capacity_per_s: positive(&table.need("capacity_per_s")?, MOST)?,
        memory_idle_percent: number(&mut table, "memory_idle_percent", 100, 30.0)?,
        memory_full_percent: number(&mut table, "memory_full_percent", 100, 70.0)?,
        start: distribution(&table.need("start")?)?,
        stop: table.or("stop_s", Duration::from_secs(30), |entry| entry.seconds(LONGEST_S))?,
    })
}

fn load(entry: Entry<'_>, clock: &Clock, seed: u64) -> Result<Load, SettingsError> {
    let at = entry.here();
    let mut table = entry.table(LOAD)?;
    let (points, week) = (table.take("points"), table.take("week"));
    let repeat = table.take("repeat_s");
    match (points, week) {
        (Some(entry), None) => {
            let mut points: Vec<LoadPoint> = Vec::new();
            for entry in entry.list()? {
                let here = entry.here();
                let point = load_point(entry)?;
                if points.last().is_some_and(|last| last.at >= point.at) {
                    let what = "is not after the point before it".to_string();
                    return Err(here.refuse(Problem::Refused(what)));
                }
                points.push(point);
            }
            let repeat =
                repeat.map(|entry| Ok(Duration::from_secs(entry.whole_number(1, LONGEST_S)?)));
            Ok(Load { points, repeat: repeat.transpose()? })
        }
        (None, Some(entry)) if repeat.is_none() => {
            Ok(week_of(entry)?.load(clock.origin, clock.horizon, seed))
        }
        _ => {
            let what = "needs points, with or without repeat_s, or week alone".to_string();
            Err(at.refuse(Problem::Refused(what)))
        }
    }
}

fn load_point(entry: Entry<'_>) -> Result<LoadPoint, SettingsError> {
    let mut table = entry.table(POINT)?;
    let at = table.need("at_s")?.seconds(LONGEST_S)?;
    Ok(LoadPoint { at, per_s: table.need("per_s")?.number(0, MOST)? })
}

fn week_of(entry: Entry<'_>) -> Result<Week, SettingsError> {
    let mut table = entry.table(WEEK)?;
    Ok(Week {
        low_per_s: table.need("low_per_s")?.number(0, MOST)?,
        high_per_s: table.need("high_per_s")?.number(0, MOST)?,
        peak_hour: number(&mut table, "peak_hour", 24, 14.0)?,
        weekend_percent: number(&mut table, "weekend_percent", 1_000, 100.0)?,
        noise_percent: number(&mut table, "noise_percent", 100, 0.0)?,
    })
}

fn deploy(entry: Entry<'_>) -> Result<Deploy, SettingsError> {
    let mut table = entry.table(DEPLOY)?;
    Ok(Deploy {
        at: table.need("at_s")?.seconds(LONGEST_S)?,
        revision: table.need("revision")?.whole_number(0, u64::MAX)?,
        fails: table.or("fails", false, Entry::boolean)?,
    })
}
