//! What AWS Lambda's limits do to a replay.

#![cfg(feature = "sim")]

use warmstow_core::concurrency::Rate;
use warmstow_core::function::{FunctionSpec, RegionConfig, ScalingRate};
use warmstow_core::sim::{
    Arrivals, ColdStart, Report, SimConfig, SimFunction, Trace, TraceSeconds, replay,
};

/// Requests of 100 s each, so that each that is served starts an instance.
fn burst(arrivals_s: &[f64], region: RegionConfig) -> Report {
    let duration_s = vec![100.0; arrivals_s.len()];
    let function = vec![0; arrivals_s.len()];
    let trace = Trace::from_seconds(
        TraceSeconds {
            arrival_s: arrivals_s,
            function: &function,
            duration_s: &duration_s,
            cold_start_s: None,
        },
        None,
    );
    let spec = FunctionSpec { max_instances: 10_000, ..FunctionSpec::of_memory(128) };
    let functions = vec![SimFunction::new("f", spec)];
    let region = RegionConfig { account_limit: 10_000, ..region };
    let config = SimConfig { region, ..SimConfig::new(functions, ColdStart::NONE) };
    replay(config, Arrivals::new(&trace.unwrap())).unwrap()
}

fn refused(report: &Report) -> Vec<(&'static str, u64)> {
    report.total.throttles.iter().map(|refused| (refused.reason, refused.count)).collect()
}

#[test]
fn a_burst_beyond_the_scaling_rate_is_throttled_and_refilled() {
    // 1,500 at once; then 200 each second.
    let mut arrivals_s = vec![0.0; 1_500];
    arrivals_s.extend((1..=20).flat_map(|second| [f64::from(second); 200]));
    let report = burst(&arrivals_s, RegionConfig::lambda());
    assert_eq!(report.total.cold_starts, 1_000 + 20 * 100);
    assert_eq!(refused(&report), [("ScalingRateExceeded", 500 + 20 * 100)]);
    let unlimited = burst(&arrivals_s, RegionConfig::default());
    assert_eq!(unlimited.total.throttled(), 0);
}

#[test]
fn the_model_of_2019_bursts_higher_and_refills_by_500_a_minute() {
    let mut arrivals_s = vec![0.0; 4_000];
    arrivals_s.extend((1..=3).flat_map(|minute| [f64::from(minute) * 60.0; 600]));
    let scaling_rate = ScalingRate::Together(Rate::lambda_scaling_2019(3_000));
    let report = burst(&arrivals_s, RegionConfig { scaling_rate, ..RegionConfig::default() });
    // From the second minute on, 600 instances of the first are idle again.
    let started = 3_000 + 500;
    assert_eq!(report.total.cold_starts, started);
    assert_eq!(report.total.warm_starts, 2 * 600);
    assert_eq!(refused(&report), [("ScalingRateExceeded", 1_000 + 100)]);
}

#[test]
fn requests_beyond_ten_a_second_for_each_unit_are_throttled() {
    let region = RegionConfig { requests_per_concurrency: 10, ..RegionConfig::default() };
    let region = RegionConfig { account_limit: 5, ..region };
    let config = |region| {
        let functions = vec![SimFunction::new("f", FunctionSpec::of_memory(128))];
        SimConfig { region, ..SimConfig::new(functions, ColdStart::NONE) }
    };
    // One after the other, 1 ms each: never more than one at a time.
    let arrivals_s: Vec<f64> = (0..1_000).map(|at| f64::from(at) / 1_000.0).collect();
    let seconds = TraceSeconds {
        arrival_s: &arrivals_s,
        function: &[0; 1_000],
        duration_s: &[0.001; 1_000],
        cold_start_s: None,
    };
    let trace = Trace::from_seconds(seconds, None).unwrap();
    let report = replay(config(region), Arrivals::new(&trace)).unwrap();
    // A second's worth at once, and 50 more within the second.
    assert_eq!(report.total.served(), 50 + 49);
    assert_eq!(refused(&report), [("FunctionInvocationRateLimitExceeded", 1_000 - 99)]);
}
