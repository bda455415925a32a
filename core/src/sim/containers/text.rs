//! A scenario as one file, in TOML or JSON.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt::Display;

use self::service::{Clock, services};
use super::config::{InstanceGroup, Scenario, ScenarioError, ServiceScenario, ZoneLoss};
use super::expect::Expect;
use crate::autoscale::ManagedScaling;
use crate::cost::{FargatePrices, INSTANCE_TYPES, InstanceType};
use crate::settings::reader::{Entry, Table};
use crate::settings::{Problem, SettingsError, parse};
use crate::sim::Distribution;

mod scaling;
mod service;

const FILE: &[&str] = &[
    "duration_s",
    "seed",
    "start_unix_s",
    "service",
    "task",
    "load",
    "autoscaling",
    "deploys",
    "services",
    "group",
    "zone_losses",
    "fargate",
    "expect",
];
const GROUP: &[&str] = &[
    "type",
    "usd_per_hour",
    "spot_usd_per_hour",
    "system_memory_mib",
    "zones",
    "min",
    "max",
    "initial",
    "boot",
    "managed",
    "spot_percent",
    "spot_interruptions_per_hour",
];
const MANAGED: &[&str] =
    &["target_capacity", "minimum_step", "maximum_step", "warmup_s", "in_minutes"];
const ZONE_LOSS: &[&str] = &["at_s", "zone", "lasts_s"];
const EXPECT: &[&str] = &["max_lost_percent", "max_usd", "min_running_at_end", "rolled_back"];
const FARGATE: &[&str] = &["usd_per_vcpu_hour", "usd_per_gb_hour", "spot_share"];

/// Names of [`INSTANCE_TYPES`], for an error to list.
const TYPES: [&str; INSTANCE_TYPES.len()] = {
    let mut names = [""; INSTANCE_TYPES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = INSTANCE_TYPES[at].name;
        at += 1;
    }
    names
};

/// The most of what has no limit of its own: requests per second, dollars.
const MOST: u64 = 1_000_000_000;
const LONGEST_S: u64 = 31 * 86_400;
/// 2024-01-01, a Monday.
const MONDAY: u64 = 1_704_067_200;
/// The end of the year 9999, where schedules end.
const LATEST: u64 = 253_402_300_799;

impl Scenario {
    /// Reads a file of either form: JSON begins with `{`, TOML does not. `seed`
    /// replaces the file's own. The form is described in
    /// [the module](crate::sim::containers#a-scenario-as-a-file).
    ///
    /// # Errors
    /// The line, the key and what is wrong there.
    ///
    /// ```
    /// use warmstow_core::sim::containers::Scenario;
    ///
    /// let file = "duration_s = 3600\n[task]\ncpu_units = 512\nmemory_mib = 1.5\n";
    /// let error = Scenario::from_text(file, None).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 4, task.memory_mib: is a number with a fraction, not a whole number",
    /// );
    /// ```
    pub fn from_text(text: &str, seed: Option<u64>) -> Result<Self, SettingsError> {
        let whole = parse(text)?;
        let end = whole.here();
        let mut file = whole.table(FILE)?;
        let horizon = file.need("duration_s")?.seconds(LONGEST_S)?;
        let own = file.or("seed", 0, |entry| entry.whole_number(0, u64::MAX))?;
        let seed = seed.unwrap_or(own);
        let origin = file.or("start_unix_s", MONDAY, |entry| entry.whole_number(0, LATEST))?;
        let origin = i64::try_from(origin).unwrap_or(i64::MAX);
        let clock = Clock { origin, horizon };
        let (services, places) = services(&mut file, &clock, seed)?;
        let place = file.place("group");
        let group = group(file.need("group")?)?;
        let zone_losses = list(file.take("zone_losses"), |loss| zone_loss(loss, group.zones))?;
        let fargate = file.take("fargate").map_or(Ok(FargatePrices::AWS_US_EAST_1), fargate)?;
        let expect = file.take("expect").map(|entry| expect(entry, EXPECT)).transpose()?;
        let expect = expect.unwrap_or_default();
        let scenario = Self { horizon, seed, services, group, zone_losses, fargate, expect };
        scenario.check().map_err(|error| {
            // What no value of a table alone makes wrong.
            let wrong = |of: &ServiceScenario| of.service.check().is_err();
            let service = || places.get(scenario.services.iter().position(wrong)?);
            let place = match &error {
                ScenarioError::Service(_) => service(),
                ScenarioError::Bounds(_) | ScenarioError::Managed(_) => place.as_ref(),
                _ => None,
            };
            refused(place, &end, &error)
        })?;
        Ok(scenario)
    }
}

fn refused(place: Option<&Entry<'_>>, end: &Entry<'_>, error: &dyn Display) -> SettingsError {
    place.unwrap_or(end).refuse(Problem::Refused(error.to_string()))
}

fn list<'a, T>(
    list: Option<Entry<'a>>,
    read: impl Fn(Entry<'a>) -> Result<T, SettingsError>,
) -> Result<Vec<T>, SettingsError> {
    list.map_or(Ok(Vec::new()), |list| list.list()?.into_iter().map(read).collect())
}

fn distribution(entry: &Entry<'_>) -> Result<Distribution, SettingsError> {
    let read = entry.text()?.parse::<Distribution>();
    read.map_err(|error| entry.refuse(Problem::Refused(error.to_string())))
}

/// A number above 0.
fn positive(entry: &Entry<'_>, most: u64) -> Result<f64, SettingsError> {
    let number = entry.number(0, most)?;
    if number > 0.0 {
        return Ok(number);
    }
    Err(entry.refuse(Problem::Refused("is 0: must be above 0".to_string())))
}

fn number<'a>(
    table: &mut Table<'a>,
    key: &'static str,
    most: u64,
    default: f64,
) -> Result<f64, SettingsError> {
    table.or(key, default, |entry| entry.number(0, most))
}

fn group(entry: Entry<'_>) -> Result<InstanceGroup, SettingsError> {
    let at = entry.here();
    let mut table = entry.table(GROUP)?;
    let mut instance_type = table.need("type")?.word(&TYPES, &INSTANCE_TYPES)?;
    prices(&mut instance_type, &mut table)?;
    let most = Scenario::MAX_INSTANCES;
    let (min, max) = (table.number("min", 0, most, 0)?, table.number("max", 0, most, most)?);
    let share = table.number("spot_percent", 0, 100, 0)?;
    let rate = number(&mut table, "spot_interruptions_per_hour", 60, 0.0)?;
    if share > 0 && instance_type.spot.is_none() {
        let what = "spot_percent is above 0: spot_usd_per_hour is missing".to_string();
        return Err(at.refuse(Problem::Refused(what)));
    }
    Ok(InstanceGroup {
        instance_type,
        system_memory_mib: table.number("system_memory_mib", 0, instance_type.memory_mib, 256)?,
        zones: table.number("zones", 1, Scenario::MAX_ZONES, 3)?,
        min,
        max,
        initial: table.number("initial", 0, max, min)?,
        boot: table.take("boot").map_or_else(
            || Ok(Distribution::deterministic(120.0).unwrap_or_default()),
            |entry| distribution(&entry),
        )?,
        managed: table.take("managed").map(managed).transpose()?,
        spot_percent: share,
        spot_interruptions_per_hour: rate,
    })
}

/// The caller's prices instead of the table's.
fn prices(of: &mut InstanceType, table: &mut Table<'_>) -> Result<(), SettingsError> {
    of.on_demand = number(table, "usd_per_hour", MOST, of.on_demand)?;
    if let Some(entry) = table.take("spot_usd_per_hour") {
        of.spot = Some(entry.number(0, MOST)?);
    }
    Ok(())
}

fn managed(entry: Entry<'_>) -> Result<ManagedScaling, SettingsError> {
    let at = entry.here();
    let mut table = entry.table(MANAGED)?;
    let given = ManagedScaling::default();
    let most = ManagedScaling::MAX_STEP;
    let managed = ManagedScaling {
        target_capacity: table.number("target_capacity", 1, 100, given.target_capacity)?,
        minimum_step: table.number("minimum_step", 1, most, given.minimum_step)?,
        maximum_step: table.number("maximum_step", 1, most, given.maximum_step)?,
        instance_warmup: table
            .or("warmup_s", given.instance_warmup, |entry| entry.seconds(10_000))?,
        in_minutes: table.number("in_minutes", 1, 1_440, given.in_minutes)?,
    };
    let checked = managed.check();
    checked.map_err(|error| at.refuse(Problem::Refused(error.to_string())))?;
    Ok(managed)
}

fn zone_loss(entry: Entry<'_>, zones: u32) -> Result<ZoneLoss, SettingsError> {
    let mut table = entry.table(ZONE_LOSS)?;
    let zone = table.need("zone")?.whole_number(0, u64::from(zones) - 1)?;
    Ok(ZoneLoss {
        at: table.need("at_s")?.seconds(LONGEST_S)?,
        zone: u32::try_from(zone).unwrap_or(u32::MAX),
        lasts: table.need("lasts_s")?.seconds(LONGEST_S)?,
    })
}

fn fargate(entry: Entry<'_>) -> Result<FargatePrices, SettingsError> {
    let mut table = entry.table(FARGATE)?;
    let given = FargatePrices::AWS_US_EAST_1;
    let vcpu = number(&mut table, "usd_per_vcpu_hour", MOST, given.usd_per_vcpu_hour_x86)?;
    let gb = number(&mut table, "usd_per_gb_hour", MOST, given.usd_per_gb_hour_x86)?;
    let spot_share = number(&mut table, "spot_share", 1, given.spot_share)?;
    Ok(FargatePrices { usd_per_vcpu_hour_x86: vcpu, usd_per_gb_hour_x86: gb, spot_share, ..given })
}

/// What is expected; `keys` are those that may be.
fn expect(entry: Entry<'_>, keys: &'static [&'static str]) -> Result<Expect, SettingsError> {
    let mut table = entry.table(keys)?;
    let mut most = |key, most| {
        let entry = if keys.contains(&key) { table.take(key) } else { None };
        entry.map(|entry| entry.number(0, most)).transpose()
    };
    let (max_lost_percent, max_usd) = (most("max_lost_percent", 100)?, most("max_usd", MOST)?);
    let least = table.take("min_running_at_end");
    let least = least.map(|entry| entry.whole_number(0, Scenario::MAX_TASKS.into()));
    let least = least.transpose()?.map(|least| u32::try_from(least).unwrap_or(u32::MAX));
    let rolled_back = table.take("rolled_back").map(|entry| entry.boolean()).transpose()?;
    Ok(Expect { max_lost_percent, max_usd, min_running_at_end: least, rolled_back })
}
