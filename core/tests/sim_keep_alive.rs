//! Keep-alive policies in replays: small ones by hand, one golden, the same twice.

#![cfg(feature = "sim")]

use warmstow_core::function::keep_alive::KeepAlivePolicy;
use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::placement::NodeSpec;
use warmstow_core::resources::Resources;
use warmstow_core::sim::{
    Arrivals, ColdStart, FunctionMinutes, Report, SimConfig, SimFunction, Trace, TraceSeconds,
    expand_minutes, replay,
};
use warmstow_core::time::Duration;

fn policy(text: &str) -> KeepAlivePolicy {
    text.parse().expect("the text is a policy")
}

/// Requests of one second each, by function and second.
fn trace(arrivals: &[(u32, u32)], end: u32) -> Trace {
    let mut rows = arrivals.to_vec();
    rows.sort_by_key(|&(_, second)| second);
    let arrival_s: Vec<f64> = rows.iter().map(|&(_, second)| f64::from(second)).collect();
    let function: Vec<u32> = rows.iter().map(|&(function, _)| function).collect();
    let duration_s = vec![1.0; rows.len()];
    let columns = TraceSeconds {
        arrival_s: &arrival_s,
        function: &function,
        duration_s: &duration_s,
        cold_start_s: None,
    };
    Trace::from_seconds(columns, Some(f64::from(end))).expect("the trace is valid")
}

/// Functions of these sizes under one policy, on one node where `node_mib` is given.
fn config(sizes_mib: &[u32], text: &str, node_mib: Option<u32>) -> SimConfig {
    let function = |(index, &memory_mib): (usize, &u32)| SimFunction {
        keep_alive: Some(policy(text)),
        ..SimFunction::new(format!("f{index}"), FunctionSpec::of_memory(memory_mib))
    };
    let functions = sizes_mib.iter().enumerate().map(function).collect();
    let half = "det:0.5".parse().expect("the text is a distribution");
    SimConfig {
        nodes: node_mib
            .map(|mib| NodeSpec::new(Resources::new(1 << 20, mib), 0))
            .into_iter()
            .collect(),
        region: RegionConfig { account_limit: 10_000, ..RegionConfig::default() },
        ..SimConfig::new(functions, ColdStart::new(half, half))
    }
}

fn run(config: SimConfig, trace: &Trace) -> Report {
    replay(config, Arrivals::new(trace)).expect("the replay is valid")
}

/// Warm, cold, started ahead, refused.
fn counts(report: &Report) -> [u64; 4] {
    let total = &report.total;
    [total.warm_starts, total.cold_starts, total.prewarmed_instances, total.throttled()]
}

#[test]
fn fixed_is_the_regions_own_keep_alive() {
    let trace = trace(&[(0, 0), (0, 50), (0, 200), (0, 201), (0, 262)], 1_000);
    let by_policy = run(config(&[1024], "fixed:60s", None), &trace);
    let mut own = config(&[1024], "fixed:60s", None);
    own.functions[0].keep_alive = None;
    own.functions[0].spec.keep_alive = Duration::from_secs(60);
    assert_eq!(run(own, &trace), by_policy);
    assert_eq!(counts(&by_policy), [2, 3, 0, 0]);
}

#[test]
fn the_keeper_and_the_region_agree_on_one_time_for_all() {
    // One request at a time, so that instances and levels are the same.
    let seconds = [0, 3, 10, 69, 70, 131, 191, 300, 361, 423, 500];
    let arrivals: Vec<(u32, u32)> = seconds.iter().map(|&second| (0, second)).collect();
    let trace = trace(&arrivals, 1_000);
    let region = run(config(&[1024], "fixed:60s", None), &trace);
    let keeper = run(config(&[1024], "lru:60s", None), &trace);
    assert_eq!(keeper, region);
}

#[test]
fn a_timer_under_the_histogram_is_cold_twice_and_takes_little_memory() {
    let every_half_hour: Vec<(u32, u32)> = (0..20).map(|n| (0, 1_800 * n)).collect();
    let trace = trace(&every_half_hour, 1_800 * 20);
    let fixed = run(config(&[1024], "fixed:600s", None), &trace);
    let histogram = run(config(&[1024], "histogram", None), &trace);
    assert_eq!(counts(&fixed), [0, 20, 0, 0]);
    // The first is kept for 4 hours, so the second is warm; from then on it is
    // unloaded at once and loaded ahead (1,798 s: bin 29, at 1,566 s).
    assert_eq!(counts(&histogram), [19, 1, 19, 0]);
    // 1,798 s idle once; then 18 times from 1,566 s on; then to the horizon.
    let idle = histogram.total.gb_seconds.idle;
    let expected = 1_798.0 + 18.0 * (1_799.0 - 1_566.0) + (1_799.0 - 1_566.0);
    assert!((idle - expected).abs() < 3.0, "{idle} against {expected}");
    assert!(fixed.total.gb_seconds.idle > 1.5 * idle);
}

#[test]
fn adaptive_learns_a_timer_too() {
    let every_half_hour: Vec<(u32, u32)> = (0..48).map(|n| (0, 1_800 * n)).collect();
    let trace = trace(&every_half_hour, 1_800 * 48);
    let report = run(config(&[1024], "adaptive:2000", None), &trace);
    let [warm, cold, ahead, _] = counts(&report);
    assert!(cold <= 3 && warm >= 45 && ahead >= 40, "{:?}", counts(&report));
    let fixed = run(config(&[1024], "fixed:1900s", None), &trace);
    assert!(report.total.gb_seconds.idle < 0.5 * fixed.total.gb_seconds.idle);
}

#[test]
fn a_full_node_refuses_under_fixed_and_makes_room_under_the_others() {
    // Room for two; three functions in turn.
    let arrivals: Vec<(u32, u32)> = (0..30).map(|n| (n % 3, 10 * n)).collect();
    let trace = trace(&arrivals, 1_000);
    let sizes = [512; 3];
    assert_eq!(counts(&run(config(&sizes, "fixed:600s", Some(1024)), &trace))[3], 10);
    for text in ["lru", "lru:600s", "greedy-dual", "histogram", "adaptive:5000"] {
        let [warm, cold, _, refused] = counts(&run(config(&sizes, text, Some(1024)), &trace));
        assert_eq!((warm + cold, refused), (30, 0), "{text}");
        assert!(cold >= 3, "{text}");
    }
    // In turn, the least recently used is always the next one needed.
    assert_eq!(counts(&run(config(&sizes, "lru", Some(1024)), &trace)), [0, 30, 0, 0]);
}

#[test]
fn what_is_busy_is_never_stopped() {
    // Two at once fill the node; a third has to be refused.
    let trace = trace(&[(0, 10), (1, 10), (2, 10), (2, 20)], 100);
    for text in ["lru", "greedy-dual", "histogram", "adaptive"] {
        let report = run(config(&[512; 3], text, Some(1024)), &trace);
        assert_eq!(counts(&report)[3], 1, "{text}");
        assert_eq!(report.total.served(), 3, "{text}");
    }
}

#[test]
fn functions_may_have_different_policies() {
    let arrivals: Vec<(u32, u32)> = (0..10).flat_map(|n| [(0, 300 * n), (1, 300 * n)]).collect();
    let trace = trace(&arrivals, 3_600);
    let mut mixed = config(&[128, 128], "fixed:60s", None);
    mixed.functions[1].keep_alive = Some(policy("lru"));
    let report = run(mixed, &trace);
    let cold = report.functions.iter().map(|f| f.summary.cold_starts).collect::<Vec<_>>();
    assert_eq!(cold, [10, 1]);
}

/// A hundred functions of many habits for four hours.
fn many() -> Trace {
    let minutes = 240u32;
    let counts: Vec<Vec<u32>> = (0..100u32)
        .map(|function| {
            let period = 1 + function * 7 % 60;
            (0..minutes).map(|m| if m % period == 0 { 1 + function % 4 } else { 0 }).collect()
        })
        .collect();
    let rows = |counts| FunctionMinutes {
        counts,
        duration_ms: [1.0, 5.0, 50.0, 200.0, 900.0, 5_000.0, 9_000.0],
        mean_ms: None,
    };
    let functions: Vec<_> = counts.iter().map(|counts| rows(counts)).collect();
    expand_minutes(&functions, 7).expect("the minutes are valid")
}

#[test]
fn the_same_twice_and_these_figures_on_every_target() {
    let trace = many();
    let sizes: Vec<u32> = (0..100).map(|n| 128 << (n % 4)).collect();
    let golden = [
        ("fixed:600s", None, GOLDEN[0]),
        ("histogram", None, GOLDEN[1]),
        ("adaptive:100", None, GOLDEN[2]),
        ("lru", Some(16_384), GOLDEN[3]),
        ("greedy-dual", Some(16_384), GOLDEN[4]),
        ("adaptive:100", Some(16_384), GOLDEN[5]),
    ];
    for (text, node, expected) in golden {
        let report = run(config(&sizes, text, node), &trace);
        assert_eq!(run(config(&sizes, text, node), &trace), report, "{text}: the same twice");
        let idle_mb_s = (report.total.gb_seconds.idle * 1_024.0).round();
        assert_eq!((counts(&report), idle_mb_s), expected, "{text} {node:?}");
    }
}

const GOLDEN: [([u64; 4], f64); 6] = [
    ([3571, 875, 0, 0], 400_665_340.0),
    ([4165, 281, 225, 0], 652_588_318.0),
    ([3790, 656, 1144, 0], 77_609_543.0),
    ([3147, 1299, 0, 0], 229_522_614.0),
    ([3211, 1235, 0, 0], 229_113_434.0),
    ([3719, 727, 1144, 0], 75_994_646.0),
];
