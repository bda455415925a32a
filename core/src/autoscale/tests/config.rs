//! A scaler from JSON.

use alloc::string::ToString;

use super::super::*;
use super::{changes, feed};
use crate::time::{Duration, Instant};

const TEXT: &str = r#"{
    "min": 2, "max": 20, "running": 4, "unix_s_at_origin": 1767571200,
    "policies": [
        {"name": "cpu at 50", "metric": "cpu",
         "rule": {"target_tracking": {"target": 50, "scale_out_cooldown_s": 60}}},
        {"name": "queue", "metric": "depth",
         "rule": {"step": {
            "alarm": {"comparison": "greater_or_equal", "threshold": 100},
            "adjustment_type": "PercentChangeInCapacity",
            "min_adjustment_magnitude": 2,
            "steps": [{"lower": 0, "upper": 50, "adjustment": 10}, {"lower": 50, "adjustment": 50}]}}},
        {"name": "kpa", "metric": "concurrency", "rule": {"concurrency_based": {"tick_s": 4}}}
    ],
    "scheduled": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "min": 2, "max": 4}]
}"#;

#[test]
fn a_scaler_reads_from_json_with_awss_defaults() {
    let config = ScalerConfig::from_json(TEXT).unwrap();
    let PolicyRule::TargetTracking(cpu) = &config.policies[0].rule else { panic!("{config:?}") };
    let scale_out_cooldown = Duration::from_secs(60);
    assert_eq!(*cpu, TargetTracking { scale_out_cooldown, ..TargetTracking::new(50.0) });
    let PolicyRule::Step(queue) = &config.policies[1].rule else { panic!("{config:?}") };
    assert_eq!((queue.cooldown, queue.alarm.periods), (Duration::from_secs(300), 1));
    let mut scaler = config.start(Instant::ZERO).unwrap();
    let depth = scaler.metric("depth").unwrap();
    // 50 % of 4.
    assert_eq!(changes(&feed(&mut scaler, 0, 1, &[(depth, 150.0)])), [(1, 6)]);
    assert_eq!(scaler.policy_name(2), Some("kpa"));
}

#[test]
fn what_is_written_reads_back() {
    let config = ScalerConfig::from_json(TEXT).unwrap();
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(ScalerConfig::from_json(&text).unwrap(), config);
}

#[test]
fn errors_name_the_place() {
    let error = |text: &str| {
        let config = ScalerConfig::from_json(text);
        config.and_then(|config| config.start(Instant::ZERO).map(drop)).unwrap_err().to_string()
    };
    assert_eq!(
        error(r#"{"min": 3, "max": 2, "running": 1}"#),
        "min capacity 3 is above max capacity 2"
    );
    assert!(error(r#"{"min": 3}"#).starts_with("missing field `max`"));
    let unknown = error(r#"{"min": 1, "max": 2, "running": 1, "cooldown": 3}"#);
    assert!(unknown.starts_with("unknown field `cooldown`"), "{unknown}");
    let with = |rule: &str| {
        error(&alloc::format!(
            r#"{{"min": 1, "max": 2, "running": 1, "policies": [{{"name": "a", "metric": "m", "rule": {rule}}}]}}"#
        ))
    };
    assert_eq!(
        with(r#"{"target_tracking": {"target": 0}}"#),
        "policy \"a\": target 0: must be a finite number above 0"
    );
    let negative = with(r#"{"target_tracking": {"target": 1, "period_s": -1}}"#);
    assert!(negative.starts_with("-1 s: must be 0 to below 10^10"), "{negative}");
    let schedule = r#"{"min": 1, "max": 2, "running": 1, "scheduled": [{"name": "s", "schedule": "daily", "min": 1}]}"#;
    assert_eq!(
        error(schedule),
        "scheduled action \"s\": a schedule is at(...), rate(...) or cron(...)"
    );
}

#[test]
fn decisions_are_data() {
    let mut scaler = ScalerConfig::from_json(TEXT).unwrap().start(Instant::ZERO).unwrap();
    let cpu = scaler.metric("cpu").unwrap();
    let decided = feed(&mut scaler, 0, 3, &[(cpu, 80.0)]);
    let value = serde_json::to_value(&decided[0]).unwrap();
    assert_eq!(value["cause"]["policy"]["kind"], "target_tracking");
    assert_eq!(value["cause"]["policy"]["direction"], "out");
    assert_eq!(value["outcome"]["scaled"]["to"], 7);
}
