//! What the rates of a region refuse, and what they leave alone.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::concurrency::{Rate, RateError, ThrottleReason};
use crate::function::{
    ConfigError, Control, FunctionSpec, Invocation, InvokeError, Lease, ParseScalingRateError,
    Provisioning, Qualifier, Region, RegionConfig, ScalingRate, Start, VersionAction,
    VersionedFunction,
};
use crate::id::{FunctionId, Lane};
use crate::placement::NodeSpec;
use crate::resources::Resources;
use crate::time::{Duration, Instant};

const OWN: ThrottleReason = ThrottleReason::ReservedFunctionInvocationRateLimitExceeded;
const ALL: ThrottleReason = ThrottleReason::FunctionInvocationRateLimitExceeded;

fn ms(at: u64) -> Instant {
    Instant::from_nanos(at * 1_000_000)
}

fn rate(count: u32, burst: u32) -> Rate {
    Rate { count, per: Duration::from_secs(1), burst }
}

fn region(config: RegionConfig) -> (Arc<Region>, Control) {
    Region::new(RegionConfig { max_functions: 4, ..config }).unwrap()
}

fn spec() -> FunctionSpec {
    FunctionSpec { max_instances: 50, ..FunctionSpec::of_memory(128) }
}

/// Cold starts at `now` until one is refused; and why it is.
fn start_all(region: &Region, now: Instant, function: FunctionId) -> (Vec<Lease>, InvokeError) {
    let mut leases = Vec::new();
    loop {
        match region.invoke(now, function) {
            Ok(invocation) => {
                assert_ne!(invocation.start, Start::Warm);
                region.started(now, &invocation.lease).unwrap();
                leases.push(invocation.lease);
            }
            Err(error) => return (leases, error),
        }
    }
}

/// A request that begins and ends at `now`.
fn pass(region: &Region, now: Instant, function: FunctionId) -> Result<Start, InvokeError> {
    let invocation = region.invoke(now, function)?;
    if invocation.start != Start::Warm {
        region.started(now, &invocation.lease).unwrap();
    }
    region.complete(now, invocation.lease).unwrap();
    Ok(invocation.start)
}

#[test]
fn each_function_starts_instances_at_its_own_rate() {
    let scaling_rate = ScalingRate::EachFunction(rate(10, 3));
    let (region, mut control) = region(RegionConfig { scaling_rate, ..Default::default() });
    let f = control.add_function("f", spec()).unwrap();
    let reserved = FunctionSpec { reserved_concurrency: Some(20), ..spec() };
    let g = control.add_function("g", reserved).unwrap();

    let retry_after = Duration::from_millis(100);
    let (_, error) = start_all(&region, ms(0), f);
    assert_eq!(error, InvokeError::ScalingRate { reserved: false, retry_after });
    assert_eq!(error.throttle_reason(), Some(ALL));
    assert_eq!(error.reason(), "ScalingRateExceeded");
    assert_eq!(format!("{error}"), "instances are started too fast: the next one in 0.1 s");
    let (started, error) = start_all(&region, ms(0), g);
    assert_eq!(error, InvokeError::ScalingRate { reserved: true, retry_after });
    assert_eq!((started.len(), error.throttle_reason()), (3, Some(OWN)));
    // The next one 100 ms later, and not two.
    assert_eq!(start_all(&region, ms(99), g).0.len(), 0);
    assert_eq!(start_all(&region, ms(100), g).0.len(), 1);

    let counters = region.counters(g).unwrap();
    assert_eq!((counters.scaling_rates, counters.refusals()), (3, 3));
    assert_eq!((counters.cold_starts, counters.throttles.iter().sum::<u64>()), (4, 0));
    assert_eq!(region.function(g).unwrap().gate().in_flight(), 4, "no unit is lost");
}

#[test]
fn a_warm_start_spends_nothing() {
    let scaling_rate = ScalingRate::EachFunction(rate(1, 1));
    let (region, mut control) = region(RegionConfig { scaling_rate, ..Default::default() });
    let f = control.add_function("f", spec()).unwrap();
    assert!(matches!(pass(&region, ms(0), f), Ok(Start::Cold { .. })));
    for at in 0..1_000 {
        assert_eq!(pass(&region, ms(at), f), Ok(Start::Warm));
    }
    let busy = region.invoke(ms(1_000), f).unwrap();
    assert!(matches!(pass(&region, ms(1_000), f), Ok(Start::Cold { .. })));
    region.complete(ms(1_000), busy.lease).unwrap();
}

#[test]
fn a_regional_rate_is_shared() {
    let scaling_rate = ScalingRate::Together(Rate::lambda_scaling_2019(500));
    let config = RegionConfig { scaling_rate, account_limit: 3_000, ..Default::default() };
    let (region, mut control) = region(config);
    let wide = FunctionSpec { max_instances: 1_000, ..spec() };
    let [f, g] = ["f", "g"].map(|name| control.add_function(name, wide).unwrap());
    assert_eq!(start_all(&region, ms(0), f).0.len(), 500);
    assert_eq!(start_all(&region, ms(0), g).0.len(), 0);
    assert_eq!(start_all(&region, ms(30_000), g).0.len(), 250);
    assert_eq!(start_all(&region, ms(30_000), f).0.len(), 0);
}

#[test]
fn a_start_that_cannot_be_spends_nothing_and_leaves_no_trace() {
    let scaling_rate = ScalingRate::EachFunction(rate(1, 2));
    let (region, mut control) =
        region(RegionConfig { scaling_rate, max_nodes: 1, ..Default::default() });
    let resources = spec().resources;
    let room = Resources::new(resources.cpu_units, resources.memory_mib);
    control.add_node(NodeSpec::new(room, 0)).unwrap();
    let f = control.add_function("f", spec()).unwrap();
    let first = region.invoke(ms(0), f).unwrap();
    region.started(ms(0), &first.lease).unwrap();
    for _ in 0..5 {
        let error = region.invoke(ms(0), f).unwrap_err();
        assert!(matches!(error, InvokeError::NoCapacity(_)), "{error}");
    }
    assert_eq!(region.function(f).unwrap().scaling_rate().tokens(ms(0)), Some(1));
    // Refused by the rate, it gives its room back.
    let stop = region.fail(ms(0), first.lease).unwrap().unwrap();
    region.stopped(ms(0), stop).unwrap();
    for left in [true, false] {
        match region.invoke(ms(0), f) {
            Ok(invocation) if left => {
                let stop = region.fail(ms(0), invocation.lease).unwrap().unwrap();
                region.stopped(ms(0), stop).unwrap();
            }
            other => assert!(matches!(other, Err(InvokeError::ScalingRate { .. }))),
        }
    }
    let node = region.fleet().unwrap().nodes().next().unwrap();
    assert_eq!((node.free, node.instances), (room, 0));
    assert_eq!(region.unreserved_in_flight(), 0);
}

#[test]
fn ten_requests_a_second_for_each_unit_of_concurrency() {
    let config = RegionConfig {
        account_limit: 5,
        unreserved_minimum: 1,
        requests_per_concurrency: RegionConfig::LAMBDA_REQUESTS_PER_CONCURRENCY,
        ..Default::default()
    };
    let (region, mut control) = region(config);
    let f = control.add_function("f", spec()).unwrap();
    let reserved = FunctionSpec { reserved_concurrency: Some(2), ..spec() };
    let g = control.add_function("g", reserved).unwrap();

    let passes = |now, function| (0..100).filter(|_| pass(&region, now, function).is_ok()).count();
    assert_eq!(passes(ms(0), g), 20, "10 times its reservation");
    assert_eq!(pass(&region, ms(0), g), Err(InvokeError::Throttled(OWN)));
    assert_eq!(passes(ms(0), f), 30, "what is left of 10 times the account's limit");
    assert_eq!(pass(&region, ms(0), f), Err(InvokeError::Throttled(ALL)));
    // Ten milliseconds refill nothing, twenty one of the account's 50 a second.
    assert_eq!(passes(ms(10), f), 0);
    assert_eq!(passes(ms(20), f), 1);
    assert_eq!(pass(&region, ms(49), g), Err(InvokeError::Throttled(OWN)));
    assert_eq!(passes(ms(50), g), 1);
    // A change of limits is one of rates.
    control.set_account_limit(10).unwrap();
    control.set_reserved_concurrency(g, None).unwrap();
    assert_eq!(passes(ms(10_000), g), 100);
    assert_eq!(pass(&region, ms(10_000), f), Err(InvokeError::Throttled(ALL)));
    let counters = region.counters(f).unwrap();
    assert_eq!(counters.throttles[ALL.index()], counters.refusals());
}

#[test]
fn events_of_aws_services_are_held_to_concurrency_and_to_no_rate_of_requests() {
    let config = RegionConfig {
        account_limit: 6,
        unreserved_minimum: 1,
        requests_per_concurrency: RegionConfig::LAMBDA_REQUESTS_PER_CONCURRENCY,
        ..Default::default()
    };
    let (region, mut control) = region(config);
    let f = control.add_function("f", spec()).unwrap();
    let reserved = FunctionSpec { reserved_concurrency: Some(1), ..spec() };
    let g = control.add_function("g", reserved).unwrap();
    let event = |function| region.invoke_unmetered(ms(0), function, Lane::FIRST);
    let end = |invocation: Invocation| {
        if invocation.start != Start::Warm {
            region.started(ms(0), &invocation.lease).unwrap();
        }
        region.complete(ms(0), invocation.lease).unwrap();
    };
    for function in [f, g] {
        for _ in 0..200 {
            end(event(function).unwrap());
        }
    }
    // They have spent no token of others.
    assert_eq!((0..100).filter(|_| pass(&region, ms(0), f).is_ok()).count(), 60);
    let held: Vec<_> = (0..5).map(|_| event(f).unwrap()).collect();
    let limit = ThrottleReason::ConcurrentInvocationLimitExceeded;
    assert_eq!(event(f).unwrap_err(), InvokeError::Throttled(limit));
    let own = event(g).unwrap();
    let limit = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    assert_eq!(event(g).unwrap_err(), InvokeError::Throttled(limit));
    held.into_iter().chain([own]).for_each(end);
}

#[test]
fn events_of_aws_services_do_not_spill_for_their_rate() {
    let config = RegionConfig { requests_per_concurrency: 10, ..Default::default() };
    let (region, mut control) = region(config);
    let mut of =
        VersionedFunction::published(&mut control, "f", spec(), Provisioning::AT_ONCE).unwrap();
    of.put_provisioned(ms(0), &mut control, Qualifier::Version(1), 1).unwrap();
    while let Some(VersionAction::Start(start)) = of.poll_action() {
        of.handle_prepared(ms(0), &mut control, start.lease).unwrap();
    }
    let version = of.version(1).unwrap();
    for _ in 0..50 {
        let event = region.invoke_unmetered(ms(0), version, Lane::FIRST).unwrap();
        assert_eq!(event.start, Start::Warm);
        region.complete(ms(0), event.lease).unwrap();
    }
    assert_eq!(of.metrics(&region).spillover_invocations, 0);
}

#[test]
fn a_reservation_of_none_is_no_matter_of_rates() {
    let (region, mut control) = region(RegionConfig::lambda());
    let stopped = FunctionSpec { reserved_concurrency: Some(0), ..spec() };
    let f = control.add_function("f", stopped).unwrap();
    let reason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    for _ in 0..20_000 {
        assert_eq!(pass(&region, ms(0), f), Err(InvokeError::Throttled(reason)));
    }
    let g = control.add_function("g", spec()).unwrap();
    assert!(pass(&region, ms(0), g).is_ok(), "the account's rate is untouched");
}

#[test]
fn lambdas_profile_is_aws_and_the_default_is_without_rates() {
    let lambda = RegionConfig::lambda();
    assert_eq!((lambda.account_limit, lambda.unreserved_minimum), (1_000, 100));
    assert_eq!(lambda.scaling_rate, ScalingRate::EachFunction(Rate::LAMBDA_SCALING));
    assert_eq!(lambda.requests_per_concurrency, 10);
    let (region, mut control) = region(RegionConfig::default());
    let f = control.add_function("f", spec()).unwrap();
    assert!((0..50_000).all(|_| pass(&region, ms(0), f).is_ok()));
}

#[test]
fn a_rate_out_of_range_builds_no_region() {
    let scaling_rate = ScalingRate::Together(rate(0, 1));
    let built = Region::new(RegionConfig { scaling_rate, ..Default::default() });
    let count = RateError::Count { count: 0, per: Duration::from_secs(1) };
    assert_eq!(built.unwrap_err(), ConfigError::Rate(count));
}

#[test]
fn a_scaling_rate_is_read_from_text() {
    let read = |text: &str| text.parse::<ScalingRate>();
    assert_eq!(read("unlimited"), Ok(ScalingRate::Unlimited));
    assert_eq!(read("lambda"), Ok(ScalingRate::LAMBDA));
    assert_eq!(read("function:1000/10s"), Ok(ScalingRate::LAMBDA));
    let of_2019 = Ok(ScalingRate::Together(Rate::lambda_scaling_2019(3_000)));
    assert_eq!(read("lambda-2019:3000"), of_2019);
    assert_eq!(read("region:500/60:3000"), of_2019);
    let half = Rate { per: Duration::from_millis(500), ..rate(7, 7) };
    assert_eq!(read("function:7/0.5"), Ok(ScalingRate::EachFunction(half)));
    for text in
        ["", "lambda:1", "lambda-2019", "function", "function:1", "region:1/", "function:-1/1"]
    {
        assert_eq!(read(text), Err(ParseScalingRateError::Form), "{text}");
    }
    for text in ["function:0/1", "region:1/nan", "function:1/-1", "function:1/1:0"] {
        assert!(matches!(read(text), Err(ParseScalingRateError::Rate(_))), "{text}");
    }
}
