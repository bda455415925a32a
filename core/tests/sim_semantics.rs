//! What a replay does, request by request.
#![cfg(feature = "sim")]

use warmstow_core::cost::PriceTable;
use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::id::InstanceId;
use warmstow_core::placement::NodeSpec;
use warmstow_core::resources::Resources;
use warmstow_core::sim::{
    Arrivals, ColdStart, Lifecycle, Poisson, PoissonSpec, Refused, Replay, Report, SimConfig,
    SimError, SimFunction, Trace, TraceColumns, TraceSeconds, replay,
};
use warmstow_core::time::{Duration, Instant};

const S: u64 = 1_000_000_000;

/// A trace of function 0 from (arrival, duration), in seconds.
fn trace(requests: &[(f64, f64)], horizon_s: Option<f64>) -> Trace {
    let arrival_s: Vec<f64> = requests.iter().map(|request| request.0).collect();
    let duration_s: Vec<f64> = requests.iter().map(|request| request.1).collect();
    let function = vec![0; requests.len()];
    let columns = TraceSeconds {
        arrival_s: &arrival_s,
        function: &function,
        duration_s: &duration_s,
        cold_start_s: None,
    };
    Trace::from_seconds(columns, horizon_s).unwrap()
}

fn cold_start(seconds: &str) -> ColdStart {
    ColdStart::new(format!("det:{seconds}").parse().unwrap(), "det:0".parse().unwrap())
}

fn config(spec: FunctionSpec, cold_s: &str) -> SimConfig {
    SimConfig::new(vec![SimFunction::new("f", spec)], cold_start(cold_s))
}

/// A function of 1 GiB.
fn spec() -> FunctionSpec {
    FunctionSpec::of_memory(1024)
}

/// Which instance each request gets, `-` where it is refused.
fn instances(config: SimConfig, trace: &Trace) -> String {
    let mut replay = Replay::new(config, Arrivals::new(trace)).unwrap();
    let mut seen: Vec<InstanceId> = Vec::new();
    let mut letters = String::new();
    for _ in 0..trace.len() {
        replay.advance(1).unwrap();
        let letter = replay.last_instance().map(|instance| {
            let at = seen.iter().position(|other| *other == instance).unwrap_or_else(|| {
                seen.push(instance);
                seen.len() - 1
            });
            char::from(b'A' + u8::try_from(at).unwrap())
        });
        letters.push(letter.unwrap_or('-'));
    }
    replay.finish().unwrap();
    letters
}

#[test]
fn ten_requests_meet_the_environments_of_the_lambda_guide() {
    // AWS Lambda Developer Guide, "Understanding and visualizing concurrency":
    // ten requests, an environment busy through Init and Invoke. 1 to 5 find
    // none free; 6, 7, 8 reuse A, B, C; 9 comes while all five are busy and
    // makes F; 10 reuses D. The guide draws no scale: these times do the same.
    let arrivals = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 8.2, 9.0];
    let requests = arrivals.map(|at| (at, 3.2));
    assert_eq!(instances(config(spec(), "1.3"), &trace(&requests, None)), "ABCDEABCFD");
    // Were Init no part of it, A would be free for request 5.
    assert_eq!(instances(config(spec(), "0"), &trace(&requests, None)), "ABCDABCDAE");
}

#[test]
fn at_one_instant_requests_end_then_instances_expire_then_requests_arrive() {
    let keep_alive = Duration::from_secs(10);
    let with = |keep_alive| config(FunctionSpec { keep_alive, ..spec() }, "0");
    // Arrives as the first one ends: reuses its instance.
    assert_eq!(instances(with(keep_alive), &trace(&[(0.0, 1.0), (1.0, 1.0)], None)), "AA");
    // A nanosecond before the keep-alive is over; at that instant.
    let late = trace(&[(0.0, 1.0), (10.999_999_999, 1.0)], None);
    assert_eq!(instances(with(keep_alive), &late), "AA");
    assert_eq!(instances(with(keep_alive), &trace(&[(0.0, 1.0), (11.0, 1.0)], None)), "AB");
    // The idle clock starts at the end of the last request, not the first.
    let used = trace(&[(0.0, 1.0), (9.0, 1.0), (19.5, 1.0)], None);
    assert_eq!(instances(with(keep_alive), &used), "AAA");
    // Kept for no time: expires at the instant at which its request ends.
    let none = trace(&[(0.0, 1.0), (1.0, 1.0)], None);
    assert_eq!(instances(with(Duration::ZERO), &none), "AB");
    // A request without duration is over before the next of its instant.
    assert_eq!(instances(with(keep_alive), &trace(&[(0.0, 0.0), (0.0, 0.0)], Some(1.0))), "AA");
    assert_eq!(instances(with(keep_alive), &trace(&[(0.0, 1.0), (0.0, 1.0)], None)), "AB");
    // Kept for ever.
    let far = trace(&[(0.0, 1.0), (1e9, 1.0)], None);
    assert_eq!(instances(with(Duration::MAX), &far), "AA");
}

#[test]
fn a_cold_start_is_the_sum_of_its_stages_and_counts_in_latency_memory_and_bill() {
    let stages = ColdStart::new("det:0.2".parse().unwrap(), "det:0.3".parse().unwrap());
    let config = SimConfig { cold_start: stages, ..config(spec(), "0") };
    let report = replay(config, Arrivals::new(trace(&[(0.0, 2.0), (10.0, 1.0)], Some(20.0))));
    let total = report.unwrap().total;
    assert_eq!((total.cold_starts, total.warm_starts), (1, 1));
    assert_eq!(total.cold_start_probability, 0.5);
    assert_eq!((total.latency_ms.p50, total.latency_ms.max), (1_000.0, 2_500.0));
    // One instance of 1 GB from 0 to 20 s: starting 0.5, running 3.
    let held = total.gb_seconds;
    assert_eq!((held.init, held.busy, held.idle), (0.5, 3.0, 16.5));
    assert_eq!((total.mean_instances, total.mean_busy_instances), (1.0, 3.5 / 20.0));
    assert_eq!((total.peak_concurrency, total.peak_instances), (1, 1));
    assert_eq!((total.mean_instance_lifespan_s, total.stopped_instances), (20.0, 0));
    let rate = PriceTable::AWS_US_EAST_1.usd_per_gb_second_x86;
    assert!((total.cost_usd.duration - 3.5 * rate).abs() < 1e-12);
    assert!((total.cost_usd.requests - 0.4e-6).abs() < 1e-12);
    assert_eq!(total.cost_usd.total, total.cost_usd.duration + total.cost_usd.requests);
}

#[test]
fn a_trace_may_bring_its_own_cold_starts() {
    let columns = TraceColumns {
        arrival_ns: vec![0, 10 * S, 10 * S],
        function: vec![0, 0, 0],
        duration_ns: vec![S, S, S],
        cold_start_ns: Some(vec![S, S, 4 * S]),
    };
    let trace = Trace::new(columns, None).unwrap();
    let total = replay(config(spec(), "9"), Arrivals::new(trace)).unwrap().total;
    assert_eq!((total.cold_starts, total.warm_starts), (2, 1));
    let latency = total.latency_ms;
    assert_eq!((latency.p50, latency.p90, latency.max), (2_000.0, 5_000.0, 5_000.0));
}

#[test]
fn a_timeout_ends_the_run_and_the_instance() {
    let timeout = Some(Duration::from_secs(3));
    let config = SimConfig { timeout, ..config(spec(), "5") };
    let requests = trace(&[(0.0, 4.0), (20.0, 3.0), (30.0, 1.0)], Some(100.0));
    assert_eq!(instances(config.clone(), &requests), "ABB");
    let total = replay(config.clone(), Arrivals::new(&requests)).unwrap().total;
    assert_eq!((total.timeouts, total.errors), (1, 0));
    // The cold start is not part of the run: 5 + 3 seconds.
    assert_eq!((total.latency_ms.max, total.stopped_instances), (8_000.0, 1));
    // A function's own timeout holds before the replay's.
    let mut patient = config;
    patient.functions[0].timeout = Some(Duration::from_secs(60));
    assert_eq!(instances(patient, &requests), "AAA");
}

#[test]
fn crashes_come_at_their_rate_and_cost_the_instance() {
    let requests: Vec<(f64, f64)> = (0..20_000).map(|n| (f64::from(n), 0.5)).collect();
    let requests = trace(&requests, None);
    let run = |crash_rate, seed, keep_alive| {
        let spec = FunctionSpec { keep_alive: Duration::from_secs(keep_alive), ..spec() };
        let config = SimConfig { crash_rate, seed, ..config(spec, "0.1") };
        replay(config, Arrivals::new(&requests)).unwrap().total
    };
    let all = run(1.0, 0, 600);
    assert_eq!((all.errors, all.cold_starts, all.stopped_instances), (20_000, 20_000, 20_000));
    assert!(all.latency_ms.max <= 600.0 && all.latency_ms.p50 < 400.0, "{:?}", all.latency_ms);
    let some = run(0.1, 0, 600);
    // Binomial of mean 2,000: five standard deviations are 212.
    assert!(some.errors.abs_diff(2_000) < 212, "{}", some.errors);
    // One instance to begin with and one after each crash but, perhaps, the last.
    assert!((0..=1).contains(&(some.cold_starts - some.errors)), "{some:?}");
    // The same requests crash whatever the policy; others with another seed.
    assert_eq!(run(0.1, 0, 0).errors, some.errors);
    assert_ne!(run(0.1, 1, 600).errors, some.errors);
    assert_eq!(run(0.0, 0, 600).errors, 0);
}

/// AWS Lambda's life of an environment: 0.5 s to set it up, and that init.
fn resets(init_s: &str, timeout_s: u64) -> SimConfig {
    let cold = ColdStart::new("det:0.5".parse().unwrap(), format!("det:{init_s}").parse().unwrap());
    let mut config = SimConfig::new(vec![SimFunction::new("f", spec())], cold);
    config.timeout = Some(Duration::from_secs(timeout_s));
    config.lifecycle = Lifecycle::Resets;
    config
}

/// How long requests took: the median and the longest.
fn latencies_ms(report: &Report) -> (f64, f64) {
    (report.total.latency_ms.p50, report.total.latency_ms.max)
}

#[test]
fn after_a_timeout_the_next_request_initialises_the_same_environment() {
    // 5 s time out at 3 s; then 0.5 s, with 2 s of init before it; then alone.
    let requests = trace(&[(0.0, 5.0), (20.0, 0.5), (40.0, 0.5)], None);
    assert_eq!(instances(resets("2", 3), &requests), "AAA");
    let report = replay(resets("2", 3), Arrivals::new(&requests)).unwrap();
    let total = &report.total;
    assert_eq!((total.cold_starts, total.warm_starts, total.timeouts), (1, 2, 1));
    assert_eq!(latencies_ms(&report), (2_500.0, 5_500.0), "a second one of 0.5 s with its init");
    assert_eq!(total.stopped_instances, 0);
    // Where a timeout ends the instance, the next request is cold.
    let ends = SimConfig { lifecycle: Lifecycle::Ends, ..resets("2", 3) };
    assert_eq!(instances(ends, &requests), "ABB");
}

#[test]
fn an_init_of_more_than_ten_seconds_is_tried_again_within_the_first_request() {
    // 0.5 + 10 s, then 11 s of init and 1 s within the timeout of 15 s.
    let requests = trace(&[(0.0, 1.0), (60.0, 1.0)], None);
    let report = replay(resets("11", 15), Arrivals::new(&requests)).unwrap();
    assert_eq!(latencies_ms(&report), (1_000.0, 22_500.0));
    assert_eq!((report.total.cold_starts, report.total.timeouts), (1, 0));
    // Under a timeout of 3 s it never succeeds.
    let report = replay(resets("11", 3), Arrivals::new(&requests)).unwrap();
    assert_eq!(latencies_ms(&report), (3_000.0, 13_500.0));
    assert_eq!((report.total.cold_starts, report.total.timeouts), (1, 2));
}

#[test]
fn a_crash_resets_an_environment_and_one_provided_begins_initialised() {
    let requests: Vec<_> = (0..100).map(|at| (f64::from(at) * 20.0, 1.0)).collect();
    let config = SimConfig { crash_rate: 1.0, ..resets("2", 9) };
    let report = replay(config.clone(), Arrivals::new(&trace(&requests, None))).unwrap();
    assert_eq!((report.total.cold_starts, report.total.errors), (1, 100));
    assert!(report.total.latency_ms.p50 > 2_000.0, "each pays the init");
    let mut provided = SimConfig { crash_rate: 0.0, ..config };
    provided.functions[0].provisioned = 1;
    let report = replay(provided, Arrivals::new(&trace(&requests, None))).unwrap();
    assert_eq!((report.total.cold_starts, latencies_ms(&report)), (0, (1_000.0, 1_000.0)));
}

#[test]
fn a_reset_environment_takes_a_whole_cold_time_where_the_workload_gives_one() {
    let spec: PoissonSpec = "rate=0.05,warm=det:1,cold=det:9,duration=20000".parse().unwrap();
    let config = SimConfig { crash_rate: 1.0, timeout: None, ..resets("0", 9) };
    let report = replay(config, Poisson::new(spec, 1).unwrap()).unwrap();
    // Crashes come anywhere within nine seconds.
    assert!(report.total.latency_ms.p50 > 3_000.0, "{:?}", report.total.latency_ms);
}

#[test]
fn requests_share_an_instance_up_to_its_concurrency_once_it_has_started() {
    let shared = FunctionSpec { instance_concurrency: 2, ..spec() };
    let requests = trace(&[(0.0, 9.0), (1.0, 9.0), (3.0, 9.0), (4.0, 9.0), (5.0, 9.0)], None);
    let config = config(shared, "2");
    // The second comes while A starts; the third and fourth fill A and B.
    assert_eq!(instances(config.clone(), &requests), "ABABC");
    let total = replay(config, Arrivals::new(&requests)).unwrap().total;
    assert_eq!((total.peak_concurrency, total.peak_instances), (5, 3));
}

#[test]
fn a_failed_request_leaves_the_others_of_its_instance_to_finish() {
    let shared = FunctionSpec { instance_concurrency: 4, ..spec() };
    let timeout = Some(Duration::from_secs(5));
    let config = SimConfig { timeout, ..config(shared, "0") };
    let requests = trace(&[(0.0, 9.0), (1.0, 5.0), (5.5, 1.0), (20.0, 1.0)], Some(100.0));
    assert_eq!(instances(config.clone(), &requests), "AABB");
    let total = replay(config, Arrivals::new(&requests)).unwrap().total;
    assert_eq!((total.timeouts, total.stopped_instances), (1, 1));
    // A from 0 to 6 s, B from 5.5 s on.
    assert!((total.mean_instances - (6.0 + 94.5) / 100.0).abs() < 1e-12);
}

#[test]
fn requests_in_flight_at_the_horizon_finish_but_are_not_averaged() {
    let requests = trace(&[(0.0, 1.0), (9.0, 5.0)], Some(10.0));
    let total = replay(config(spec(), "0"), Arrivals::new(&requests)).unwrap().total;
    assert_eq!((total.invocations, total.latency_ms.max), (2, 5_000.0));
    assert_eq!((total.mean_busy_instances, total.mean_instances), (0.2, 1.0));
    assert!((total.cost_usd.duration - 6.0 * 0.000_016_666_7).abs() < 1e-12);
}

#[test]
fn refusals_are_counted_by_reason() {
    let burst = trace(&[(0.0, 9.0); 8], None);
    let count = |config: SimConfig| {
        let report: Report = replay(config, Arrivals::new(&burst)).unwrap();
        assert_eq!(report.total.served() + report.total.throttled(), 8);
        assert_eq!(report.total.peak_concurrency, report.total.cold_starts);
        let [Refused { reason, count }] = report.total.throttles[..] else {
            panic!("{:?}", report.total.throttles);
        };
        (reason, count)
    };
    let region = RegionConfig { account_limit: 5, ..RegionConfig::default() };
    let account = SimConfig { region, ..config(spec(), "0") };
    assert_eq!(count(account), ("ConcurrentInvocationLimitExceeded", 3));
    let reserved = FunctionSpec { reserved_concurrency: Some(2), ..spec() };
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
    assert_eq!(count(config(reserved, "0")), (reason, 6));
    let stopped = FunctionSpec { reserved_concurrency: Some(0), ..spec() };
    assert_eq!(count(config(stopped, "0")), (reason, 8));
    let few = FunctionSpec { max_instances: 3, ..spec() };
    assert_eq!(count(config(few, "0")), ("InstanceLimitExceeded", 5));
    let nodes = |cpu, memory| vec![NodeSpec::new(Resources::new(cpu, memory), 0); 2];
    let memory = SimConfig { nodes: nodes(99_999, 2_048), ..config(spec(), "0") };
    assert_eq!(count(memory), ("RESOURCE:MEMORY", 4));
    let cpu = SimConfig { nodes: nodes(1_200, 99_999), ..config(spec(), "0") };
    assert_eq!(count(cpu), ("RESOURCE:CPU", 4));
}

#[test]
fn nodes_are_used_and_freed_as_instances_come_and_go() {
    let nodes = vec![NodeSpec::new(Resources::new(4_096, 2_048), 0); 4];
    let short = FunctionSpec { keep_alive: Duration::from_secs(5), ..spec() };
    let series_bucket = Some(Duration::from_secs(10));
    let config = SimConfig { nodes, series_bucket, series_per_node: true, ..config(short, "0") };
    // Three instances of 1 GiB on nodes of 2: two full nodes' worth, 0 to 10 s.
    let requests = trace(&[(0.0, 5.0), (0.0, 5.0), (0.0, 5.0), (30.0, 1.0)], Some(40.0));
    let report = replay(config, Arrivals::new(&requests)).unwrap();
    let fleet = report.fleet.unwrap();
    assert_eq!((fleet.nodes, fleet.peak_nodes_used), (4, 2));
    assert_eq!(fleet.mean_nodes_used, (2.0 * 10.0 + 6.0) / 40.0);
    assert_eq!(fleet.mean_memory_share, (3.0 * 10.0 + 6.0) / 40.0 / 8.0);
    assert_eq!(fleet.per_node[0].peak_instances, 2);
    let series = report.series.unwrap();
    assert_eq!(series.nodes_used, [2.0, 0.0, 0.0, 0.6]);
    assert_eq!(series.node_memory_share[..4], [1.0, 0.5, 0.0, 0.0]);
    assert_eq!(series.memory_share, [3.0 / 8.0, 0.0, 0.0, 0.6 / 8.0]);
}

#[test]
fn stepping_gives_the_same_report_as_one_go() {
    let requests: Vec<(f64, f64)> = (0..500).map(|n| (f64::from(n) * 0.3, 1.0)).collect();
    let requests = trace(&requests, None);
    let whole = replay(config(spec(), "0.5"), Arrivals::new(&requests)).unwrap();
    let mut stepped = Replay::new(config(spec(), "0.5"), Arrivals::new(&requests)).unwrap();
    let mut steps = 0;
    while stepped.advance(7).unwrap() {
        steps += 1;
        assert_eq!(stepped.invocations(), 7 * steps);
        assert!(stepped.now() < stepped.horizon());
    }
    assert_eq!(steps, 500 / 7);
    assert_eq!(stepped.finish().unwrap(), whole);
}

#[test]
fn bad_configurations_are_named() {
    let requests = trace(&[(0.0, 1.0)], None);
    let refused = |change: &dyn Fn(&mut SimConfig)| {
        let mut config = config(spec(), "0");
        change(&mut config);
        replay(config, Arrivals::new(&requests)).unwrap_err()
    };
    assert_eq!(refused(&|c| c.crash_rate = 1.5), SimError::CrashRate { value: 1.5 });
    assert!(matches!(refused(&|c| c.crash_rate = f64::NAN), SimError::CrashRate { .. }));
    let zero = refused(&|c| c.series_bucket = Some(Duration::ZERO));
    assert!(matches!(zero, SimError::SeriesBucket { buckets: u64::MAX, .. }));
    let tiny = refused(&|c| c.series_bucket = Some(Duration::from_nanos(1)));
    assert_eq!(
        tiny.to_string(),
        "series_bucket 0.000000001 s gives 1000000000 buckets: at most 1000000"
    );
    let price = refused(&|c| c.prices.usd_per_million_requests = -1.0);
    assert!(matches!(price, SimError::Price(_)));
    let missing = refused(&|c| c.functions.clear());
    assert_eq!(missing, SimError::MissingFunctions { workload: 1, functions: 0 });
    let node = refused(&|c| c.nodes = vec![NodeSpec::new(Resources::new(1_024, 0), 0)]);
    assert!(matches!(node, SimError::Node { index: 0, .. }), "{node}");
    let large = refused(&|c| c.nodes = vec![NodeSpec::new(Resources::new(1_024, 512), 0)]);
    assert!(matches!(large, SimError::Function { index: 0, .. }), "{large}");
    assert!(large.to_string().starts_with("function \"f\": "), "{large}");
    let twice = refused(&|c| c.functions.push(c.functions[0].clone()));
    assert!(matches!(twice, SimError::Function { index: 1, .. }), "{twice}");
    let region = refused(&|c| c.functions[0].spec.reserved_concurrency = Some(901));
    assert!(matches!(region, SimError::Function { index: 0, .. }), "{region}");
    let no_time = replay(config(spec(), "0"), Arrivals::new(trace(&[(0.0, 0.0)], None)));
    assert_eq!(no_time.unwrap_err(), SimError::NoTime);
}

#[test]
fn bad_arrivals_are_named_and_nothing_moves_past_them() {
    struct Scripted(Vec<(u64, u32)>);
    impl warmstow_core::sim::Workload for Scripted {
        fn next(&mut self) -> Option<warmstow_core::sim::Arrival> {
            (!self.0.is_empty()).then(|| self.0.remove(0)).map(|(at_s, function)| {
                warmstow_core::sim::Arrival {
                    at: Instant::from_secs(at_s),
                    function,
                    duration: Duration::from_secs(1),
                    cold: warmstow_core::sim::Cold::Stages,
                }
            })
        }

        fn functions(&self) -> u32 {
            1
        }

        fn horizon(&self) -> Instant {
            Instant::from_secs(10)
        }
    }
    let refused = |script: &[(u64, u32)]| {
        let mut replay = Replay::new(config(spec(), "0"), Scripted(script.to_vec())).unwrap();
        let error = replay.advance(10).unwrap_err();
        assert_eq!(replay.invocations(), 1);
        assert_eq!(replay.advance(10), Err(error.clone()), "answers the same again");
        error.to_string()
    };
    assert_eq!(refused(&[(5, 0), (4, 0)]), "arrival 1 goes back to 4 s after 5 s");
    assert_eq!(refused(&[(5, 0), (11, 0)]), "arrival 1 at 11 s is after the horizon, 10 s");
    assert_eq!(refused(&[(5, 0), (5, 7)]), "arrival 1 is for function 7, 1 are configured");
}
