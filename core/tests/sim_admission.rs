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

/// Requests of 1 s: at each second as many as `at_once` says, in turn.
fn waves(at_once: &[u32], spec: FunctionSpec, provisioned: u32, crash_rate: f64) -> Report {
    let seconds = (0_u32..).zip(at_once);
    let arrival_s: Vec<f64> =
        seconds.flat_map(|(second, &n)| (0..n).map(move |_| f64::from(second) * 2.0)).collect();
    let (function, duration_s) = (vec![0; arrival_s.len()], vec![1.0; arrival_s.len()]);
    let seconds = TraceSeconds {
        arrival_s: &arrival_s,
        function: &function,
        duration_s: &duration_s,
        cold_start_s: None,
    };
    let trace = Trace::from_seconds(seconds, Some(600.0)).unwrap();
    let function = SimFunction { provisioned, ..SimFunction::new("f", spec) };
    let stage = "det:0.25".parse().unwrap();
    let config =
        SimConfig { crash_rate, ..SimConfig::new(vec![function], ColdStart::new(stage, stage)) };
    replay(config, Arrivals::new(&trace)).unwrap()
}

#[test]
fn provisioned_concurrency_serves_first_and_the_rest_spills() {
    let spec = FunctionSpec::of_memory(1024);
    let report = waves(&[3, 5, 2], spec, 3, 0.0);
    let total = &report.total;
    assert_eq!((total.provisioned_invocations, total.spillover_invocations), (3 + 3 + 2, 2));
    assert_eq!((total.cold_starts, total.prewarmed_instances), (2, 3));
    assert_eq!(total.provisioned_invocations + total.spillover_invocations, total.served());
    assert_eq!((total.peak_concurrency, total.peak_instances), (5, 5));
    assert_eq!(report.functions.len(), 1);
    assert_eq!(report.functions[0].summary, report.total);
    // Three for ten minutes, 8 requests on them and two on demand with their init.
    let close = |is: f64, wanted: f64| assert!((is - wanted).abs() < 1e-9, "{is} {wanted}");
    close(total.cost_usd.provisioned, 3.0 * 600.0 * 0.000_004_166_7);
    close(total.cost_usd.duration, 8.0 * 0.000_009_722_2 + 2.0 * 1.5 * 0.000_016_666_7);
    // They are idle to the end; those on demand would be for ten minutes.
    close(total.gb_seconds.idle, 3.0 * 600.0 - 8.0 + 2.0 * (600.0 - 3.5));
}

#[test]
fn a_reservation_is_provisioned_in_part_and_never_passed() {
    let spec = FunctionSpec { reserved_concurrency: Some(4), ..FunctionSpec::of_memory(128) };
    let report = waves(&[6, 1], spec, 3, 0.0);
    let reserved = "ReservedFunctionConcurrentInvocationLimitExceeded";
    assert_eq!(refused(&report), [(reserved, 2)]);
    assert_eq!((report.total.provisioned_invocations, report.total.spillover_invocations), (4, 1));
    assert_eq!(report.total.peak_concurrency, 4);
}

#[test]
fn a_provisioned_environment_that_crashes_comes_back_cold() {
    let report = waves(&[1; 100], FunctionSpec::of_memory(128), 1, 1.0);
    assert_eq!((report.total.errors, report.total.provisioned_invocations), (100, 100));
    assert_eq!((report.total.cold_starts, report.total.warm_starts), (99, 1));
}

#[test]
fn what_cannot_be_provisioned_is_refused_by_name() {
    let spec = FunctionSpec { reserved_concurrency: Some(4), ..FunctionSpec::of_memory(128) };
    let function = SimFunction { provisioned: 5, ..SimFunction::new("f", spec) };
    let config = SimConfig::new(vec![function], ColdStart::NONE);
    let seconds =
        TraceSeconds { arrival_s: &[0.0], function: &[0], duration_s: &[1.0], cold_start_s: None };
    let trace = Trace::from_seconds(seconds, None).unwrap();
    let error = replay(config, Arrivals::new(&trace)).unwrap_err().to_string();
    assert!(error.contains("\"f\": Requested Provisioned Concurrency"), "{error}");
}
