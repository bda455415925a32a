//! Why requests of a replay are warm, cold or refused: each answer made to happen.
#![cfg(feature = "sim")]

use warmstow_core::concurrency::Rate;
use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::placement::NodeSpec;
use warmstow_core::resources::Resources;
use warmstow_core::sim::{
    Arrivals, ColdCause, ColdStart, Explanation, Fate, Held, Holder, NodeChoice, Replay, SimConfig,
    SimFunction, StopCause, Trace, TraceSeconds,
};
use warmstow_core::time::{Duration, Instant};

fn function(name: &str, memory_mib: u32) -> SimFunction {
    SimFunction::new(name, FunctionSpec::of_memory(memory_mib))
}

/// Explains every request: at these seconds, of these functions, each for so long.
fn explain(config: SimConfig, rows: &[(f64, u32, f64)]) -> Vec<Explanation> {
    let column = |of: fn(&(f64, u32, f64)) -> f64| rows.iter().map(of).collect::<Vec<_>>();
    let (arrivals, durations) = (column(|row| row.0), column(|row| row.2));
    let functions: Vec<u32> = rows.iter().map(|row| row.1).collect();
    let seconds = TraceSeconds {
        arrival_s: &arrivals,
        function: &functions,
        duration_s: &durations,
        cold_start_s: None,
    };
    // As long as any policy looks.
    let trace = Trace::from_seconds(seconds, Some(100_000.0)).unwrap();
    let mut replay = Replay::new(config, Arrivals::new(&trace)).unwrap();
    let mut said = vec![];
    while let Some(explanation) = replay.explain_next().unwrap() {
        said.push(explanation);
    }
    // What was explained is a replay like any other.
    replay.finish().unwrap();
    said
}

fn alone(of: SimFunction) -> SimConfig {
    SimConfig::new(vec![of], ColdStart::NONE)
}

fn fates(said: &[Explanation]) -> Vec<&Fate> {
    said.iter().map(|explanation| &explanation.fate).collect()
}

const fn cold(cause: ColdCause) -> Fate {
    Fate::Cold { cause, node: None }
}

/// A refusal by a concurrency limit that requests in flight held.
fn refused(reason: &'static str, limit: u64, holders: &[(&str, u64)]) -> Fate {
    let holders = holders.iter().map(|(function, held)| Holder {
        function: (*function).into(),
        held: *held,
        of: Held::InFlight,
    });
    let holders = holders.collect();
    Fate::Refused { reason, limit: Some(limit), rate: None, wait: None, short: None, holders }
}

#[test]
fn the_first_is_cold_an_idle_one_is_warm_and_all_may_be_busy() {
    let rows = [(0.0, 0, 5.0), (1.0, 0, 5.0), (7.0, 0, 1.0)];
    let said = explain(alone(function("f", 128)), &rows);
    let all_busy = cold(ColdCause::AllBusy { instances: 1 });
    assert_eq!(fates(&said), [&cold(ColdCause::First), &all_busy, &Fate::Warm { idle: 2 }]);
    assert_eq!((said[1].instances, said[1].in_flight, said[1].account_in_flight), (1, 1, 1));
    let texts: Vec<String> = said.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "request 0 of f, at 0 s: cold, the first instance of the function",
            "request 1 of f, at 1 s: cold, the one was busy",
            "request 2 of f, at 7 s: warm, 2 of 2 were idle",
        ]
    );
}

#[test]
fn an_instance_is_gone_by_its_keep_alive_and_its_policy_is_named() {
    let spec = FunctionSpec { keep_alive: Duration::from_secs(60), ..FunctionSpec::of_memory(128) };
    let rows = [(0.0, 0, 1.0), (100.0, 0, 1.0)];
    let said = explain(alone(SimFunction::new("f", spec)), &rows);
    let gone = ColdCause::Gone {
        at: Instant::from_secs(61),
        cause: StopCause::KeepAlive,
        policy: "fixed:60s".into(),
    };
    assert_eq!(said[1].fate, cold(gone));
    assert_eq!(
        said[1].to_string(),
        "request 1 of f, at 100 s: cold, the last instance stopped at 61 s, 39 s before: its \
         keep-alive was over (fixed:60s)"
    );
    let adaptive =
        SimFunction { keep_alive: Some("lru:30s".parse().unwrap()), ..SimFunction::new("f", spec) };
    let said = explain(alone(adaptive), &rows);
    let Fate::Cold { cause: ColdCause::Gone { at, policy, .. }, .. } = &said[1].fate else {
        panic!("{}", said[1])
    };
    assert_eq!((*at, policy.as_str()), (Instant::from_secs(31), "lru:30s"));
}

#[test]
fn a_request_that_fails_takes_its_instance_along() {
    let mut config = alone(function("f", 128));
    config.timeout = Some(Duration::from_secs(3));
    let said = explain(config, &[(0.0, 0, 9.0), (5.0, 0, 1.0)]);
    let Fate::Cold { cause: ColdCause::Gone { at, cause, .. }, .. } = &said[1].fate else {
        panic!("{}", said[1])
    };
    assert_eq!((*at, *cause), (Instant::from_secs(3), StopCause::Failed));
}

#[test]
fn memory_that_is_wanted_is_named_and_so_is_the_node() {
    let lru = Some("lru".parse().unwrap());
    let of = |name, mib| SimFunction { keep_alive: lru, ..function(name, mib) };
    let mut config = SimConfig::new(vec![of("a", 600), of("b", 600)], ColdStart::NONE);
    config.nodes = vec![NodeSpec::new(Resources::new(8_192, 1_024), 0)];
    let rows = [(0.0, 0, 1.0), (5.0, 1, 1.0), (9.0, 0, 1.0)];
    let said = explain(config, &rows);
    let Fate::Cold { cause: ColdCause::First, node: Some(node) } = &said[0].fate else {
        panic!("{}", said[0])
    };
    let free = Resources::new(8_192, 1_024);
    let strategy = "binpack:memory";
    assert_eq!(*node, NodeChoice { node: 0, strategy, free, with_room: 1, nodes: 1 });
    let Fate::Cold { cause: ColdCause::Gone { at, cause, .. }, .. } = &said[2].fate else {
        panic!("{}", said[2])
    };
    assert_eq!((*at, *cause), (Instant::from_secs(5), StopCause::MadeRoom));
    assert!(said[2].to_string().contains("its memory was wanted for another (lru)"), "{}", said[2]);
}

#[test]
fn the_node_is_said_with_the_room_of_all() {
    let mut config = alone(function("f", 512));
    let node = |mib| NodeSpec::new(Resources::new(4_096, mib), 0);
    config.nodes = vec![node(2_048), node(256), node(1_024)];
    let said = explain(config, &[(0.0, 0, 1.0)]);
    let ends = "; on node 2 by binpack:memory, with 4096 cpu_units, 1024 memory_mib free: 2 of 3 \
                nodes had room";
    assert!(said[0].to_string().ends_with(ends), "{}", said[0]);
}

#[test]
fn who_holds_the_accounts_concurrency_is_named() {
    let reserved = |name: &str, reserved| {
        let spec =
            FunctionSpec { reserved_concurrency: Some(reserved), ..FunctionSpec::of_memory(128) };
        SimFunction::new(name, spec)
    };
    let functions = vec![function("a", 128), function("b", 128), reserved("c", 1)];
    let mut config = SimConfig::new(functions, ColdStart::NONE);
    config.region =
        RegionConfig { account_limit: 4, unreserved_minimum: 0, ..RegionConfig::default() };
    let rows = [
        (0.0, 0, 50.0),
        (1.0, 1, 50.0),
        (2.0, 1, 50.0),
        (3.0, 2, 50.0),
        (4.0, 0, 1.0),
        (5.0, 2, 1.0),
    ];
    let said = explain(config, &rows);
    let account = refused("ConcurrentInvocationLimitExceeded", 3, &[("b", 2), ("a", 1)]);
    assert_eq!(said[4].fate, account);
    assert_eq!(said[4].account_in_flight, 4);
    assert_eq!(
        said[4].to_string(),
        "request 4 of a, at 4 s: refused, ConcurrentInvocationLimitExceeded, the limit is 3; in \
         flight: 2 of b, 1 of a"
    );
    let own = refused("ReservedFunctionConcurrentInvocationLimitExceeded", 1, &[("c", 1)]);
    assert_eq!(said[5].fate, own);
}

#[test]
fn idle_provisioned_concurrency_holds_the_accounts_too() {
    let functions = vec![SimFunction { provisioned: 3, ..function("f", 128) }, function("g", 128)];
    let mut config = SimConfig::new(functions, ColdStart::NONE);
    config.region =
        RegionConfig { account_limit: 5, unreserved_minimum: 0, ..RegionConfig::default() };
    let rows = [(0.0, 1, 50.0), (1.0, 1, 50.0), (2.0, 0, 50.0), (3.0, 1, 1.0)];
    let said = explain(config, &rows);
    assert_eq!((said[3].in_flight, said[3].account_in_flight), (2, 3));
    assert_eq!(
        said[3].to_string(),
        "request 3 of g, at 3 s: refused, ConcurrentInvocationLimitExceeded, the limit is 2; in \
         flight: 2 of g; provisioned: 3 of f"
    );
    let Fate::Refused { limit: Some(2), holders, .. } = &said[3].fate else {
        panic!("{}", said[3])
    };
    let f = Holder { function: "f".into(), held: 3, of: Held::Provisioned };
    let g = Holder { function: "g".into(), held: 2, of: Held::InFlight };
    assert_eq!(holders, &[f, g], "the most first");
}

#[test]
fn provisioned_concurrency_is_of_its_functions_reservation() {
    let spec = FunctionSpec { reserved_concurrency: Some(2), ..FunctionSpec::of_memory(128) };
    let of = SimFunction { provisioned: 1, ..SimFunction::new("f", spec) };
    let said = explain(alone(of), &[(0.0, 0, 9.0), (1.0, 0, 9.0), (2.0, 0, 9.0)]);
    assert_eq!(
        said[2].to_string(),
        "request 2 of f, at 2 s: refused, ReservedFunctionConcurrentInvocationLimitExceeded, the \
         limit is 2; in flight: 1 of f; provisioned: 1 of f"
    );
}

#[test]
fn a_rate_is_said_and_how_long_to_wait() {
    let mut config = alone(function("f", 128));
    config.region =
        RegionConfig { account_limit: 1, requests_per_concurrency: 2, ..RegionConfig::default() };
    let rows = [(0.0, 0, 0.01), (0.1, 0, 0.01), (0.2, 0, 0.01)];
    let said = explain(config, &rows);
    let per = Duration::from_secs(1);
    let rate = Fate::Refused {
        reason: "FunctionInvocationRateLimitExceeded",
        limit: Some(2),
        rate: Some(Rate { count: 2, per, burst: 2 }),
        wait: Some(Duration::from_millis(300)),
        short: None,
        holders: vec![],
    };
    assert_eq!(said[2].fate, rate);
    assert_eq!(
        said[2].to_string(),
        "request 2 of f, at 0.2 s: refused, FunctionInvocationRateLimitExceeded, the rate is 2 in \
         1 s, 2 at once: the next in 0.3 s"
    );

    let spec = FunctionSpec { reserved_concurrency: Some(1), ..FunctionSpec::of_memory(128) };
    let mut config = alone(SimFunction::new("f", spec));
    config.region = RegionConfig { requests_per_concurrency: 2, ..RegionConfig::default() };
    let said = explain(config, &rows);
    let ends = "refused, ReservedFunctionInvocationRateLimitExceeded, the rate is 2 in 1 s, 2 at \
                once: the next in 0.3 s";
    assert!(said[2].to_string().ends_with(ends), "{}", said[2]);

    let mut config = alone(function("f", 128));
    config.region.scaling_rate = "function:1/10".parse().unwrap();
    let said = explain(config, &[(0.0, 0, 9.0), (1.0, 0, 9.0)]);
    assert_eq!(
        said[1].to_string(),
        "request 1 of f, at 1 s: refused, ScalingRateExceeded, the rate is 1 in 10 s, 1 at once: \
         the next in 9 s"
    );
}

#[test]
fn other_limits_are_named_too() {
    let spec = FunctionSpec { max_instances: 1, ..FunctionSpec::of_memory(128) };
    let said = explain(alone(SimFunction::new("f", spec)), &[(0.0, 0, 9.0), (1.0, 0, 9.0)]);
    let Fate::Refused { reason: "InstanceLimitExceeded", limit: Some(1), .. } = said[1].fate else {
        panic!("{}", said[1])
    };
    let mut config = alone(function("f", 512));
    config.nodes = vec![NodeSpec::new(Resources::new(4_096, 600), 0)];
    let said = explain(config, &[(0.0, 0, 9.0), (1.0, 0, 9.0)]);
    let Fate::Refused { reason: "RESOURCE:MEMORY", limit: None, short: Some(short), .. } =
        said[1].fate
    else {
        panic!("{}", said[1])
    };
    assert_eq!((short.needed.memory_mib, short.largest_free.memory_mib), (512, 88));
    assert_eq!(
        said[1].to_string(),
        "request 1 of f, at 1 s: refused, RESOURCE:MEMORY, no room for 297 cpu_units, 512 \
         memory_mib: 1 of 1 nodes short of memory_mib, at most 88 free; memory_mib: 512 of f"
    );
}

#[test]
fn idle_instances_hold_the_memory_that_is_short() {
    let functions = vec![function("a", 128), function("b", 512), function("c", 1_024)];
    let mut config = SimConfig::new(functions, ColdStart::NONE);
    config.nodes = vec![NodeSpec::new(Resources::new(8_192, 1_024), 0)];
    let said = explain(config, &[(0.0, 0, 1.0), (0.5, 0, 1.0), (1.0, 1, 1.0), (9.0, 2, 1.0)]);
    let ends = "1 of 1 nodes short of memory_mib, at most 256 free; memory_mib: 512 of b, 256 of a";
    assert!(said[3].to_string().ends_with(ends), "{}", said[3]);
}

#[test]
fn provisioned_concurrency_is_warm_and_what_spills_is_cold() {
    let config = alone(SimFunction { provisioned: 1, ..function("f", 128) });
    let said = explain(config, &[(0.0, 0, 9.0), (1.0, 0, 9.0), (20.0, 0, 1.0)]);
    let all_busy = cold(ColdCause::AllBusy { instances: 1 });
    assert_eq!(fates(&said), [&Fate::Warm { idle: 1 }, &all_busy, &Fate::Warm { idle: 2 }]);
}

#[test]
fn what_comes_faster_than_provisioned_concurrency_takes_is_said_to_spill() {
    let mut config = alone(SimFunction { provisioned: 1, ..function("f", 128) });
    config.region.requests_per_concurrency = 10;
    // Ten at once and one more each 100 ms.
    let rows: Vec<_> = (0..12).map(|row| (f64::from(row) * 0.01, 0, 0.001)).collect();
    let said = explain(config, &rows);
    assert_eq!(said[9].fate, Fate::Warm { idle: 1 });
    let spilled = said.iter().find(|of| matches!(of.fate, Fate::Cold { .. })).unwrap();
    assert_eq!(spilled.fate, cold(ColdCause::Spilled { free: 1, per_second: 10 }));
    assert!(
        spilled.to_string().ends_with(
            "cold, spilled: provisioned concurrency had 1 free, but takes 10 requests a second"
        ),
        "{spilled}"
    );
}
