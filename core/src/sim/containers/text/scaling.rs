//! The table `autoscaling`: bounds, policies and scheduled actions.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::config::Scenario;
use super::{LONGEST_S, MOST, list, positive};
use crate::autoscale::{
    AdjustmentType, Alarm, Comparison, MissingData, PolicyConfig, PolicyRule, ScalerConfig,
    ScheduledConfig, Statistic, StepAdjustment, StepScaling, Suspended, TargetTracking,
};
use crate::settings::SettingsError;
use crate::settings::reader::{Entry, Table};
use crate::time::Duration;

const SCALING: &[&str] = &["min", "max", "target_tracking", "step", "scheduled"];
const TRACKING: &[&str] = &[
    "name",
    "metric",
    "target",
    "period_s",
    "out_periods",
    "in_periods",
    "scale_out_cooldown_s",
    "scale_in_cooldown_s",
    "disable_scale_in",
];
const STEP: &[&str] = &[
    "name",
    "metric",
    "when",
    "threshold",
    "datapoints",
    "periods",
    "change",
    "steps",
    "min_adjustment_magnitude",
    "period_s",
    "cooldown_s",
];
const ADJUSTMENT: &[&str] = &["lower", "upper", "adjustment"];
const SCHEDULED: &[&str] = &["name", "schedule", "utc_offset_s", "min", "max"];
const METRICS: &[&str] = &["cpu", "memory", "requests_per_task"];

pub(super) fn read(entry: Entry<'_>, origin: i64) -> Result<ScalerConfig, SettingsError> {
    let mut table = entry.table(SCALING)?;
    let bound = |entry: Entry<'_>| bound(&entry);
    let (min, max) = (bound(table.need("min")?)?, bound(table.need("max")?)?);
    let mut policies = list(table.take("target_tracking"), tracking)?;
    policies.extend(list(table.take("step"), step)?);
    Ok(ScalerConfig {
        min,
        max,
        running: 0,
        unix_s_at_origin: origin,
        suspended: Suspended::default(),
        policies,
        scheduled: list(table.take("scheduled"), scheduled)?,
    })
}

fn bound(entry: &Entry<'_>) -> Result<u32, SettingsError> {
    let bound = entry.whole_number(0, Scenario::MAX_TASKS.into())?;
    Ok(u32::try_from(bound).unwrap_or(u32::MAX))
}

/// The metric, and the policy's name: the metric's where it has none.
fn names(table: &mut Table<'_>) -> Result<(String, String), SettingsError> {
    let metric = table.need("metric")?.word(METRICS, METRICS)?.to_string();
    let name = table.or("name", metric.clone(), |entry| Ok(entry.text()?.to_string()))?;
    Ok((name, metric))
}

fn time(
    table: &mut Table<'_>,
    key: &'static str,
    default: Duration,
) -> Result<Duration, SettingsError> {
    table.or(key, default, |entry| entry.seconds(LONGEST_S))
}

fn tracking(entry: Entry<'_>) -> Result<PolicyConfig, SettingsError> {
    let mut table = entry.table(TRACKING)?;
    let (name, metric) = names(&mut table)?;
    let given = TargetTracking::new(positive(&table.need("target")?, MOST)?);
    let most = Alarm::MAX_PERIODS;
    let rule = PolicyRule::TargetTracking(TargetTracking {
        period: time(&mut table, "period_s", given.period)?,
        out_periods: table.number("out_periods", 1, most, given.out_periods)?,
        in_periods: table.number("in_periods", 1, most, given.in_periods)?,
        scale_out_cooldown: time(&mut table, "scale_out_cooldown_s", given.scale_out_cooldown)?,
        scale_in_cooldown: time(&mut table, "scale_in_cooldown_s", given.scale_in_cooldown)?,
        disable_scale_in: table.or("disable_scale_in", false, Entry::boolean)?,
        ..given
    });
    Ok(PolicyConfig { name, metric, rule })
}

fn step(entry: Entry<'_>) -> Result<PolicyConfig, SettingsError> {
    let mut table = entry.table(STEP)?;
    let (name, metric) = names(&mut table)?;
    let comparisons = [
        Comparison::GreaterThan,
        Comparison::GreaterOrEqual,
        Comparison::LessThan,
        Comparison::LessOrEqual,
    ];
    let comparison = table
        .need("when")?
        .word(&["above", "at_or_above", "below", "at_or_below"], &comparisons)?;
    let most = Alarm::MAX_PERIODS;
    let datapoints = table.number("datapoints", 1, most, 1)?;
    let alarm = Alarm {
        comparison,
        threshold: table.need("threshold")?.number(0, MOST)?,
        datapoints,
        periods: table.number("periods", datapoints, most, datapoints)?,
        missing: MissingData::default(),
    };
    let changes = [
        AdjustmentType::ChangeInCapacity,
        AdjustmentType::ExactCapacity,
        AdjustmentType::PercentChangeInCapacity,
    ];
    let change = table
        .or("change", changes[0], |entry| entry.word(&["count", "exact", "percent"], &changes))?;
    let least = table.number("min_adjustment_magnitude", 0, Scenario::MAX_TASKS, 0)?;
    let steps: Vec<_> = list(Some(table.need("steps")?), adjustment)?;
    let rule = PolicyRule::Step(StepScaling {
        alarm,
        adjustment_type: change,
        steps,
        min_adjustment_magnitude: least,
        cooldown: time(&mut table, "cooldown_s", Duration::from_secs(300))?,
        period: time(&mut table, "period_s", Duration::from_secs(60))?,
        statistic: Statistic::Average,
        aggregation: Statistic::Average,
    });
    Ok(PolicyConfig { name, metric, rule })
}

fn adjustment(entry: Entry<'_>) -> Result<StepAdjustment, SettingsError> {
    let mut table = entry.table(ADJUSTMENT)?;
    let mut edge = |key| table.take(key).map(|entry| entry.signed(MOST)).transpose();
    let (lower, upper) = (edge("lower")?, edge("upper")?);
    let by = table.need("adjustment")?.signed_whole(Scenario::MAX_TASKS)?;
    Ok(StepAdjustment { lower, upper, adjustment: by })
}

fn scheduled(entry: Entry<'_>) -> Result<ScheduledConfig, SettingsError> {
    let mut table = entry.table(SCHEDULED)?;
    let schedule = table.need("schedule")?.text()?.to_string();
    let name = table.or("name", schedule.clone(), |entry| Ok(entry.text()?.to_string()))?;
    let mut limit = |key| table.take(key).map(|entry| bound(&entry)).transpose();
    let (min, max) = (limit("min")?, limit("max")?);
    let offset = table.take("utc_offset_s").map(|entry| entry.signed_whole(86_399)).transpose()?;
    Ok(ScheduledConfig {
        name,
        schedule,
        start_unix_s: None,
        end_unix_s: None,
        utc_offset_s: offset.unwrap_or(0),
        min,
        max,
    })
}
