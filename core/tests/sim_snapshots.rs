//! Golden figures: a change of behaviour shows as a difference in these tables.
#![cfg(feature = "sim")]

use core::fmt::Write;

use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::placement::{NodeSpec, Strategy};
use warmstow_core::pool::Pick;
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::sim::{
    Arrivals, ColdStart, FunctionMinutes, Poisson, Replay, Report, SimConfig, SimFunction, Trace,
    expand_minutes, replay,
};
use warmstow_core::time::Duration;

/// Six functions over an hour: steady, bursty, hourly, never, short and long.
fn mixed_trace(seed: u64) -> Trace {
    let minute = |m: usize, pattern: &[u32]| pattern[m % pattern.len()];
    let patterns: [&[u32]; 6] =
        [&[60], &[0, 0, 0, 0, 400], &[0, 0, 3], &[0], &[500, 20, 3], &[7, 0, 2, 30]];
    let counts: Vec<Vec<u32>> =
        patterns.iter().map(|pattern| (0..60).map(|m| minute(m, pattern)).collect()).collect();
    let medians = [300.0, 1_500.0, 20_000.0, 10.0, 40.0, 9_000.0];
    let functions: Vec<FunctionMinutes<'_>> = counts
        .iter()
        .zip(medians)
        .map(|(counts, ms)| {
            let duration_ms = [0.0, 0.1, 0.6, 1.0, 1.5, 4.0, 20.0].map(|part: f64| part * ms);
            FunctionMinutes { counts, duration_ms, mean_ms: None }
        })
        .collect();
    expand_minutes(&functions, seed).unwrap()
}

/// The functions of [`mixed_trace`] on four nodes under limits that bite.
fn mixed_config(keep_alive_s: u64, strategy: Strategy) -> SimConfig {
    let keep_alive = Duration::from_secs(keep_alive_s);
    let mut functions: Vec<SimFunction> = [128, 256, 512, 128, 128, 1_024]
        .into_iter()
        .enumerate()
        .map(|(index, mib)| {
            let spec = FunctionSpec { keep_alive, ..FunctionSpec::of_memory(mib) };
            SimFunction::new(format!("f{index}"), spec)
        })
        .collect();
    functions[1].spec.reserved_concurrency = Some(12);
    functions[4].spec.max_instances = 2;
    functions[5].timeout = Some(Duration::from_secs(60));
    let cold_start =
        ColdStart::new("lognormal:0.2,0.5".parse().unwrap(), "exp:0.4".parse().unwrap());
    SimConfig {
        region: RegionConfig {
            account_limit: 24,
            unreserved_minimum: 10,
            strategy,
            ..RegionConfig::default()
        },
        nodes: (0..4).map(|zone| NodeSpec::new(Resources::new(4_096, 2_560), zone)).collect(),
        crash_rate: 0.01,
        seed: 7,
        series_bucket: Some(Duration::from_secs(60)),
        series_per_node: true,
        ..SimConfig::new(functions, cold_start)
    }
}

fn mixed(keep_alive_s: u64, strategy: Strategy) -> Report {
    replay(mixed_config(keep_alive_s, strategy), Arrivals::new(mixed_trace(3))).unwrap()
}

const BY_MEMORY: Strategy = Strategy::Binpack(Resource::Memory);

#[test]
fn the_same_inputs_give_the_same_report_to_the_bit() {
    let (first, second) = (mixed(60, BY_MEMORY), mixed(60, BY_MEMORY));
    assert_eq!(first, second);
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
    let other =
        replay(SimConfig { seed: 8, ..mixed_config(60, BY_MEMORY) }, Arrivals::new(mixed_trace(3)));
    assert_ne!(other.unwrap(), first);
}

#[test]
fn everything_adds_up() {
    let trace = mixed_trace(3);
    let mut replay = Replay::new(mixed_config(60, BY_MEMORY), Arrivals::new(&trace)).unwrap();
    while replay.advance(100).unwrap() {
        let account = replay.region().unreserved_in_flight();
        assert!(account <= 12, "{account} in flight of 24, 12 of them reserved");
    }
    let report = replay.finish().unwrap();
    let total = &report.total;
    assert_eq!(total.invocations, u64::try_from(trace.len()).unwrap());
    assert_eq!(total.invocations, total.warm_starts + total.cold_starts + total.throttled());
    // By function, by reason, by bucket.
    let sum = |of: &dyn Fn(&warmstow_core::sim::Summary) -> u64| {
        report.functions.iter().map(|f| of(&f.summary)).sum::<u64>()
    };
    assert_eq!(sum(&|s| s.warm_starts), total.warm_starts);
    assert_eq!(sum(&|s| s.cold_starts), total.cold_starts);
    assert_eq!(sum(&|s| s.throttled()), total.throttled());
    assert_eq!(sum(&|s| s.errors), total.errors);
    assert_eq!(sum(&|s| s.timeouts), total.timeouts);
    assert_eq!(sum(&|s| s.stopped_instances), total.stopped_instances);
    assert!(total.throttles.len() >= 3 && total.errors > 0 && total.timeouts > 0, "{total:?}");
    let series = report.series.as_ref().unwrap();
    assert_eq!(series.arrivals.len(), 60);
    assert_eq!(series.arrivals.iter().sum::<u64>(), total.invocations);
    assert_eq!(series.warm.iter().sum::<u64>(), total.warm_starts);
    assert_eq!(series.cold.iter().sum::<u64>(), total.cold_starts);
    assert_eq!(series.throttles.iter().sum::<u64>(), total.throttled());
    // Averages of equal buckets average to the average of the whole.
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} {b}");
    near(mean(&series.instances), total.mean_instances);
    near(mean(&series.busy), total.mean_busy_instances);
    near(mean(&series.idle), total.mean_idle_instances);
    let fleet = report.fleet.as_ref().unwrap();
    near(mean(&series.nodes_used), fleet.mean_nodes_used);
    near(mean(&series.memory_share), fleet.mean_memory_share);
    near(mean(&series.node_memory_share), fleet.mean_memory_share);
    near(fleet.per_node.iter().map(|n| n.mean_instances).sum(), total.mean_instances);
    // Memory held is memory times instances times time.
    let held = total.gb_seconds;
    let mib = [128.0, 256.0, 512.0, 128.0, 128.0, 1_024.0];
    let of_instances: f64 =
        report.functions.iter().zip(mib).map(|(f, mib)| f.summary.mean_instances * mib).sum();
    near(held.busy + held.idle + held.init, of_instances / 1024.0 * 3_600.0);
    // The function that is never called.
    assert_eq!(report.functions[3].summary.invocations, 0);
    assert_eq!(report.functions[3].summary.latency_ms.max, 0.0);
}

/// One line of figures.
fn line(name: &str, report: &Report) -> String {
    let t = &report.total;
    let mut text = format!(
        "{name}: {} warm, {} cold, {} timeouts, {} errors, p50 {} p99 {} ms, {:.6} instances, \
         {:.6} busy, {:.4} GB-s idle, {:.8} usd",
        t.warm_starts,
        t.cold_starts,
        t.timeouts,
        t.errors,
        t.latency_ms.p50,
        t.latency_ms.p99,
        t.mean_instances,
        t.mean_busy_instances,
        t.gb_seconds.idle,
        t.cost_usd.total
    );
    for refused in &t.throttles {
        write!(text, ", {} {}", refused.count, refused.reason).unwrap();
    }
    text + "\n"
}

#[test]
fn golden_figures_of_the_mixed_trace() {
    let mut table = String::new();
    let zones = Strategy::Spread(warmstow_core::placement::SpreadBy::Zone);
    for (name, keep_alive, strategy) in [
        ("0 s, binpack", 0, BY_MEMORY),
        ("60 s, binpack", 60, BY_MEMORY),
        ("600 s, binpack", 600, BY_MEMORY),
        ("60 s, spread", 60, zones),
        ("60 s, random", 60, Strategy::Random),
    ] {
        table += &line(name, &mixed(keep_alive, strategy));
    }
    assert_eq!(table, MIXED, "\n{table}");
}

const MIXED: &str = "\
0 s, binpack: 0 warm, 10618 cold, 3 timeouts, 106 errors, p50 979.101252 p99 24407.875233 ms, 6.032849 instances, 6.032849 busy, 0.0000 GB-s idle, 0.16791365 usd, 60 ConcurrentInvocationLimitExceeded, 6964 InstanceLimitExceeded, 73 RESOURCE:MEMORY, 1790 ReservedFunctionConcurrentInvocationLimitExceeded
60 s, binpack: 16537 warm, 486 cold, 3 timeouts, 177 errors, p50 101.209832 p99 13710.876094 ms, 13.799945 instances, 4.433476 busy, 13179.2396 GB-s idle, 0.14226260 usd, 2 ConcurrentInvocationLimitExceeded, 846 InstanceLimitExceeded, 703 RESOURCE:MEMORY, 931 ReservedFunctionConcurrentInvocationLimitExceeded
600 s, binpack: 17055 warm, 206 cold, 4 timeouts, 178 errors, p50 102.842901 p99 13250.947848 ms, 22.799633 instances, 4.434978 busy, 25110.9571 GB-s idle, 0.13766058 usd, 819 InstanceLimitExceeded, 532 RESOURCE:MEMORY, 893 ReservedFunctionConcurrentInvocationLimitExceeded
60 s, spread: 16538 warm, 486 cold, 3 timeouts, 179 errors, p50 100.379586 p99 13389.200493 ms, 13.697399 instances, 4.369440 busy, 13044.6747 GB-s idle, 0.13897654 usd, 2 ConcurrentInvocationLimitExceeded, 862 InstanceLimitExceeded, 689 RESOURCE:MEMORY, 928 ReservedFunctionConcurrentInvocationLimitExceeded
60 s, random: 16615 warm, 487 cold, 3 timeouts, 178 errors, p50 101.652332 p99 13586.717561 ms, 13.818150 instances, 4.443335 busy, 13037.3579 GB-s idle, 0.14107435 usd, 1 ConcurrentInvocationLimitExceeded, 862 InstanceLimitExceeded, 611 RESOURCE:MEMORY, 929 ReservedFunctionConcurrentInvocationLimitExceeded
";

#[test]
fn golden_figures_of_poisson_arrivals() {
    let mut table = String::new();
    for pick in [Pick::Packed, Pick::MostRecent, Pick::LeastRecent] {
        for workload in [
            "poisson:rate=0.02,warm=exp:2,cold=exp:2.5,duration=200000",
            "poisson:rate=3,warm=lognormal:2,1.5,duration=20000",
        ] {
            let spec = FunctionSpec { pick, ..FunctionSpec::of_memory(128) };
            let cold_start =
                ColdStart::new("det:0.25".parse().unwrap(), "exp:0.25".parse().unwrap());
            let config = SimConfig::new(vec![SimFunction::new("f", spec)], cold_start);
            let poisson = Poisson::new(workload.parse().unwrap(), 42).unwrap();
            let name = format!("{pick:?} {workload}");
            table += &line(&name, &replay(config, poisson).unwrap());
        }
    }
    assert_eq!(table, POISSON, "\n{table}");
}

const POISSON: &str = "\
Packed poisson:rate=0.02,warm=exp:2,cold=exp:2.5,duration=200000: 3934 warm, 101 cold, 0 timeouts, 0 errors, p50 1395.969512 p99 9524.95161 ms, 1.375773 instances, 0.041281 busy, 33362.3000 GB-s idle, 0.01801166 usd
Packed poisson:rate=3,warm=lognormal:2,1.5,duration=20000: 59680 warm, 57 cold, 0 timeouts, 0 errors, p50 1106.120506 p99 13601.797625 ms, 15.861939 instances, 5.924149 busy, 24844.4754 GB-s idle, 0.25888342 usd
MostRecent poisson:rate=0.02,warm=exp:2,cold=exp:2.5,duration=200000: 3934 warm, 101 cold, 0 timeouts, 0 errors, p50 1395.969512 p99 9524.95161 ms, 1.374994 instances, 0.041281 busy, 33342.8364 GB-s idle, 0.01801166 usd
MostRecent poisson:rate=3,warm=lognormal:2,1.5,duration=20000: 59680 warm, 57 cold, 0 timeouts, 0 errors, p50 1106.120506 p99 13601.797625 ms, 15.858447 instances, 5.924149 busy, 24835.7464 GB-s idle, 0.25888342 usd
LeastRecent poisson:rate=0.02,warm=exp:2,cold=exp:2.5,duration=200000: 4032 warm, 3 cold, 0 timeouts, 0 errors, p50 1395.598349 p99 9520.930997 ms, 2.857815 instances, 0.041006 busy, 70420.2309 GB-s idle, 0.01789712 usd
LeastRecent poisson:rate=3,warm=lognormal:2,1.5,duration=20000: 59718 warm, 19 cold, 0 timeouts, 0 errors, p50 1105.343337 p99 13601.797625 ms, 18.381036 instances, 5.923157 busy, 31144.6984 GB-s idle, 0.25884209 usd
";
