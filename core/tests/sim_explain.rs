//! Why requests of a replay are warm, cold or refused: each answer made to happen.
#![cfg(feature = "sim")]

use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::placement::NodeSpec;
use warmstow_core::resources::Resources;
use warmstow_core::sim::{
    Arrivals, ColdCause, ColdStart, Explanation, Fate, Holder, NodeChoice, Replay, SimConfig,
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
    let holder = |function: &str, in_flight| Holder { function: function.into(), in_flight };
    let account = Fate::Refused {
        reason: "ConcurrentInvocationLimitExceeded",
        limit: Some(3),
        holders: vec![holder("b", 2), holder("a", 1)],
    };
    assert_eq!(said[4].fate, account);
    assert_eq!(said[4].account_in_flight, 4);
    assert_eq!(
        said[4].to_string(),
        "request 4 of a, at 4 s: refused, ConcurrentInvocationLimitExceeded, the limit is 3; in \
         flight: 2 of b, 1 of a"
    );
    let own = Fate::Refused {
        reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
        limit: Some(1),
        holders: vec![holder("c", 1)],
    };
    assert_eq!(said[5].fate, own);
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
    let Fate::Refused { reason: "RESOURCE:MEMORY", limit: None, .. } = said[1].fate else {
        panic!("{}", said[1])
    };
    assert_eq!(
        said[1].to_string(),
        "request 1 of f, at 1 s: refused, RESOURCE:MEMORY; in flight: 1 of f"
    );
}

#[test]
fn provisioned_concurrency_is_warm_and_what_spills_is_cold() {
    let config = alone(SimFunction { provisioned: 1, ..function("f", 128) });
    let said = explain(config, &[(0.0, 0, 9.0), (1.0, 0, 9.0), (20.0, 0, 1.0)]);
    let all_busy = cold(ColdCause::AllBusy { instances: 1 });
    assert_eq!(fates(&said), [&Fate::Warm { idle: 1 }, &all_busy, &Fate::Warm { idle: 2 }]);
}
