//! What an invocation is promised, refusal by refusal.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::concurrency::ThrottleReason;
use crate::function::{
    Control, FunctionError, FunctionSpec, InstanceError, InvokeError, Lease, LeaseError, Region,
    RegionConfig, Start,
};
use crate::id::{FunctionId, InstanceId, Lane};
use crate::placement::{NodeSpec, Strategy};
use crate::pool::{Parked, Reaped};
use crate::resources::{Resource, Resources};
use crate::time::Instant;

const SPEC: FunctionSpec = FunctionSpec {
    resources: Resources::new(100, 100),
    max_instances: 8,
    ..FunctionSpec::of_memory(128)
};

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

fn region(config: RegionConfig) -> (Arc<Region>, Control) {
    Region::new(config).unwrap()
}

/// A region without a fleet and one function of `spec`.
fn one(config: RegionConfig, spec: FunctionSpec) -> (Arc<Region>, Control, FunctionId) {
    let (region, mut control) = region(config);
    let function = control.add_function("f", spec).unwrap();
    (region, control, function)
}

/// A cold start that has initialised.
fn serve(region: &Region, now: Instant, function: FunctionId) -> Lease {
    let invocation = region.invoke(now, function).unwrap();
    if invocation.start != Start::Warm {
        region.started(now, &invocation.lease).unwrap();
    }
    invocation.lease
}

#[test]
fn the_account_limit_throttles_with_awss_reason() {
    let config = RegionConfig { account_limit: 2, ..RegionConfig::default() };
    let (region, _control, f) = one(config, SPEC);
    let first = serve(&region, at(0), f);
    let _second = serve(&region, at(0), f);
    let refused = region.invoke(at(0), f).unwrap_err();
    let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
    assert_eq!(refused, InvokeError::Throttled(reason));
    assert_eq!(refused.reason(), "ConcurrentInvocationLimitExceeded");
    region.complete(at(1), first).unwrap();
    assert!(region.invoke(at(1), f).is_ok());
    assert_eq!(region.counters(f).unwrap().throttles[reason.index()], 1);
}

#[test]
fn a_reserved_function_reaches_its_reservation_and_not_one_more() {
    let config = RegionConfig { account_limit: 101, ..RegionConfig::default() };
    let (region, mut control, f) = one(config, SPEC);
    let reserved = FunctionSpec { reserved_concurrency: Some(1), ..SPEC };
    let r = control.add_function("r", reserved).unwrap();
    let wide = FunctionSpec { max_instances: 200, ..SPEC };
    let others = control.add_function("others", wide).unwrap();
    let _held: Vec<_> = (0..100).map(|_| region.invoke(at(0), others).unwrap()).collect();
    assert!(region.invoke(at(0), f).is_err(), "the unreserved pool is used up");
    let _one = region.invoke(at(0), r).unwrap();
    assert_eq!(
        region.invoke(at(0), r).unwrap_err().reason(),
        "ReservedFunctionConcurrentInvocationLimitExceeded"
    );
    assert_eq!(control.claimed_concurrency(), 101);
}

#[test]
fn an_instance_limit_refuses_and_gives_the_unit_back() {
    let (region, _control, f) =
        one(RegionConfig::default(), FunctionSpec { max_instances: 1, ..SPEC });
    let held = serve(&region, at(0), f);
    let refused = region.invoke(at(0), f).unwrap_err();
    assert_eq!(refused, InvokeError::InstanceLimit { max_instances: 1 });
    assert_eq!(region.unreserved_in_flight(), 1);
    region.complete(at(1), held).unwrap();
    assert_eq!(region.invoke(at(1), f).unwrap().start, Start::Warm);
}

#[test]
fn a_full_fleet_refuses_by_resource_and_holds_nothing() {
    let (region, mut control) = region(RegionConfig { max_nodes: 1, ..RegionConfig::default() });
    let node = control.add_node(NodeSpec::new(Resources::new(1_000, 150), 0)).unwrap();
    let f = control.add_function("f", SPEC).unwrap();
    let first = region.invoke(at(0), f).unwrap();
    assert_eq!(first.start, Start::Cold { node: Some(node) });
    let refused = region.invoke(at(0), f).unwrap_err();
    assert_eq!(refused.reason(), "RESOURCE:MEMORY");
    let counters = region.counters(f).unwrap();
    assert_eq!((counters.no_memory, counters.in_flight, counters.instances), (1, 1, 1));
    assert_eq!(region.unreserved_in_flight(), 1);
    // The room comes back when the instance has stopped, not before.
    let stop = region.fail(at(1), first.lease).unwrap().unwrap();
    assert_eq!(region.node_of(stop).unwrap(), Some(node));
    assert_eq!(region.unreserved_in_flight(), 0, "an instance that stops holds no unit");
    assert!(region.invoke(at(1), f).is_err());
    region.stopped(at(2), stop).unwrap();
    assert!(region.invoke(at(2), f).is_ok());
}

#[test]
fn a_function_larger_than_any_node_is_refused_when_added() {
    let (_region, mut control) = region(RegionConfig { max_nodes: 2, ..RegionConfig::default() });
    control.add_node(NodeSpec::new(Resources::new(1_000, 99), 0)).unwrap();
    let error = control.add_function("f", SPEC).unwrap_err();
    assert!(matches!(error, FunctionError::Fit(_)));
    let text = error.to_string();
    assert!(text.contains("100") && text.contains("99"), "names value and limit: {text}");
    assert_eq!(control.function("f"), None);
    control.add_node(NodeSpec::new(Resources::new(1_000, 100), 0)).unwrap();
    assert!(control.add_function("f", SPEC).is_ok());
}

#[test]
fn a_refused_function_leaves_no_trace() {
    let (_region, mut control) =
        region(RegionConfig { max_functions: 1, ..RegionConfig::default() });
    assert_eq!(control.add_function("", SPEC), Err(FunctionError::NoName));
    let greedy = FunctionSpec { reserved_concurrency: Some(901), ..SPEC };
    assert!(matches!(control.add_function("f", greedy), Err(FunctionError::Limit(_))));
    let nothing = FunctionSpec { resources: Resources::new(1, 0), ..SPEC };
    let error = control.add_function("f", nothing).unwrap_err();
    assert_eq!(error.to_string(), "memory_mib is 0: an instance needs 1 to 16777215");
    assert_eq!(control.reserved_sum(), 0);
    let f = control.add_function("f", SPEC).unwrap();
    assert!(matches!(control.add_function("f", SPEC), Err(FunctionError::NameTaken { .. })));
    assert_eq!(control.add_function("g", SPEC), Err(FunctionError::Full { max_functions: 1 }));
    assert_eq!(control.function("f"), Some(f));
}

#[test]
fn a_lease_is_used_once() {
    let (region, _control, f) = one(RegionConfig::default(), SPEC);
    let bits = serve(&region, at(0), f).into_bits();
    let again = || Lease::from_bits(bits).unwrap();
    assert_eq!(region.complete(at(1), again()), Ok(None));
    assert_eq!(region.complete(at(1), again()), Err(LeaseError::Stale));
    assert_eq!(region.fail(at(1), again()), Err(LeaseError::Stale));
    assert_eq!(region.started(at(1), &again()), Err(LeaseError::Stale));
    let counters = region.counters(f).unwrap();
    assert_eq!((counters.completions, counters.failures, counters.in_flight), (1, 0, 0));
    assert_eq!(region.unreserved_in_flight(), 0);
}

#[test]
fn handles_of_another_region_are_refused() {
    let (_here, _control, f) = one(RegionConfig::default(), SPEC);
    let generation = NonZeroU32::new(2).unwrap();
    let (there, _other, g) = one(RegionConfig { generation, ..RegionConfig::default() }, SPEC);
    assert_eq!(there.invoke(at(0), f).unwrap_err().reason(), "UnknownFunction");
    let invocation = there.invoke(at(0), g).unwrap();
    let foreign = InstanceId { function: f, ..invocation.instance };
    let stale = InstanceError::Stale { instance: foreign };
    assert_eq!(there.stopped(at(0), foreign), Err(stale));
    assert_eq!(there.drain(at(0), foreign), Err(stale));
    assert_eq!(there.reap_instance(at(0), foreign), Err(stale));
    let [_, seat] = invocation.lease.into_bits();
    let lease = Lease::from_bits([f.to_bits(), seat]).unwrap();
    assert_eq!(there.complete(at(0), lease), Err(LeaseError::Stale));
}

#[test]
fn a_request_is_completed_after_its_instance_has_started() {
    let (region, _control, f) = one(RegionConfig::default(), SPEC);
    let bits = region.invoke(at(0), f).unwrap().lease.into_bits();
    let lease = || Lease::from_bits(bits).unwrap();
    assert_eq!(region.complete(at(1), lease()), Err(LeaseError::NotStarted));
    region.started(at(1), &lease()).unwrap();
    assert_eq!(region.started(at(1), &lease()), Err(LeaseError::AlreadyStarted));
    assert_eq!(region.complete(at(2), lease()), Ok(None));
}

#[test]
fn an_instance_idle_for_exactly_its_keep_alive_is_reaped() {
    let (region, mut control, f) = one(RegionConfig::default(), SPEC);
    let invocation = region.invoke(at(0), f).unwrap();
    region.started(at(0), &invocation.lease).unwrap();
    assert_eq!(region.reap_instance(at(9_999), invocation.instance), Ok(Reaped::Busy));
    region.complete(at(10), invocation.lease).unwrap();
    let until = Reaped::Until(at(610));
    assert_eq!(region.reap_instance(at(609), invocation.instance), Ok(until));
    control.set_keep_alive(f, crate::time::Duration::from_secs(60)).unwrap();
    assert_eq!(region.reap(at(69), f).unwrap().count(), 0);
    let reaped: Vec<_> = region.reap(at(70), f).unwrap().collect();
    assert_eq!(reaped, [invocation.instance]);
    assert_eq!(
        region.stopped(at(71), invocation.instance),
        Ok(()),
        "and its slot is free for the next"
    );
    assert_eq!(region.counters(f).unwrap().instances, 0);
}

#[test]
fn a_drained_instance_is_reported_by_its_last_request() {
    let (region, _control, f) = one(RegionConfig::default(), SPEC);
    let invocation = region.invoke(at(0), f).unwrap();
    region.started(at(0), &invocation.lease).unwrap();
    let instance = invocation.instance;
    assert_eq!(region.drain(at(1), instance), Ok(None));
    assert_eq!(region.drain(at(1), instance), Ok(None), "twice is no error");
    assert_eq!(region.stopped(at(1), instance), Err(InstanceError::NotStopping { instance }));
    assert_eq!(region.complete(at(2), invocation.lease), Ok(Some(instance)));
    assert_eq!(region.stopped(at(3), instance), Ok(()));
    assert_eq!(region.stopped(at(3), instance), Err(InstanceError::Stale { instance }));
}

#[test]
fn the_region_names_what_of_its_configuration_is_wrong() {
    let text = |config: RegionConfig| Region::new(config).err().unwrap().to_string();
    let none = RegionConfig { max_functions: 0, ..RegionConfig::default() };
    assert_eq!(text(none), "max_functions is 0: it must be 1 to 16777216");
    let nodes = RegionConfig { max_nodes: u32::MAX, ..RegionConfig::default() };
    assert!(text(nodes).contains("4294967295"));
}

#[test]
fn cpu_is_named_where_cpu_is_short() {
    let (region, mut control) = region(RegionConfig { max_nodes: 1, ..RegionConfig::default() });
    control.add_node(NodeSpec::new(Resources::new(150, 1_000), 0)).unwrap();
    let f = control.add_function("f", SPEC).unwrap();
    let _held = region.invoke(at(0), f).unwrap();
    let refused = region.invoke(at(0), f).unwrap_err();
    assert!(matches!(refused, InvokeError::NoCapacity(why) if why.resource == Resource::Cpu));
    assert_eq!(region.counters(f).unwrap().no_cpu, 1);
}

/// Two functions of a region in whose first all units are parked.
#[test]
fn a_function_that_is_invoked_past_its_region_proves_nothing_of_the_account() {
    let (region, mut control) =
        region(RegionConfig { account_limit: 2, ..RegionConfig::default() });
    let f = control.add_function("f", FunctionSpec::of_memory(128)).unwrap();
    let g = control.add_function("g", FunctionSpec::of_memory(128)).unwrap();
    let now = Instant::ZERO;
    for _ in 0..2 {
        let both = [(); 2].map(|()| region.invoke(now, f).unwrap());
        for invocation in both {
            if invocation.start != Start::Warm {
                region.started(now, &invocation.lease).unwrap();
            }
            region.complete(now, invocation.lease).unwrap();
        }
    }
    assert_eq!((region.account().in_flight(), region.unreserved_in_flight()), (2, 0), "parked");
    let past = region.function(g).unwrap();
    let refused = past.invoke(now, region.account(), region.fleet(), Strategy::Random);
    assert!(matches!(refused, Err(InvokeError::Throttled(_))), "{refused:?}");
    // The region still finds what is parked, and a lower limit takes it back.
    let found = region.invoke(now, g).expect("two units are free");
    control.set_account_limit(0).unwrap();
    for function in [f, g] {
        assert!(region.invoke(now, function).is_err(), "above the limit");
    }
    region.started(now, &found.lease).unwrap();
    region.complete(now, found.lease).unwrap();
    assert_eq!(region.account().in_flight(), 0);
}

#[test]
fn a_lane_parks_again_after_a_burst_that_left_its_permits_in_others() {
    let spec = FunctionSpec {
        max_instances: 64,
        reserved_concurrency: Some(64),
        ..FunctionSpec::of_memory(128)
    };
    let (region, _control, f) = one(RegionConfig::default(), spec);
    let burst: Vec<Lease> = (0..64).map(|_| region.invoke(at(0), f).unwrap().lease).collect();
    for lease in burst {
        region.started(at(1), &lease).unwrap();
        region.complete(at(1), lease).unwrap();
    }
    let function = region.function(f).unwrap();
    let parked = || function.pool.claim_parked(Lane::FIRST);
    assert!(matches!(parked(), Parked::Nothing), "the first to end were too near the limit");
    for second in 2..4 {
        let warm = region.invoke(at(second), f).unwrap();
        assert_eq!(warm.start, Start::Warm);
        region.complete(at(second), warm.lease).unwrap();
    }
    assert!(matches!(parked(), Parked::Claim(_)));
    assert!(function.gate().in_flight() <= 64);
}
