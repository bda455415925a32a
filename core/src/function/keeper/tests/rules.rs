//! When instances are stopped and started ahead.

use super::{Host, at};
use crate::function::keep_alive::KeepAlivePolicy;
use crate::function::{KeeperAction, Start};
use crate::pool::Reaped;
use crate::time::Duration;

#[test]
fn an_idle_instance_stops_when_its_window_closes() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    assert_eq!(host.calls(function, &[0, 30, 90]), [false, true, true]);
    assert_eq!(host.keeper.next_deadline().map(|due| due <= at(151)), Some(true));
    host.act(at(150));
    assert_eq!(host.idle(function), 1);
    host.act(at(151));
    assert_eq!((host.idle(function), host.stopped.len()), (0, 1));
    assert_eq!(host.keeper.next_deadline(), None);
}

#[test]
fn a_request_at_the_instant_of_expiry_is_cold() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    assert_eq!(host.calls(function, &[0, 61, 123]), [false, false, false]);
}

#[test]
fn each_level_has_a_clock_of_its_own_and_the_one_idle_longest_goes() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    let [a, b, c] = [0, 0, 0].map(|second| host.invoke(at(second), function));
    let b = host.complete(at(10), b);
    let a = host.complete(at(20), a);
    let c = host.complete(at(30), c);
    host.act(at(70));
    assert_eq!(host.stopped, [b]);
    host.act(at(80));
    assert_eq!(host.stopped, [b, a]);
    host.act(at(90));
    assert_eq!(host.stopped, [b, a, c]);
}

#[test]
fn a_used_level_begins_anew() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    let two = [0, 0].map(|second| host.invoke(at(second), function));
    for request in two {
        host.complete(at(1), request);
    }
    // Level 1 is used again and again, level 2 never: one instance goes.
    assert_eq!(host.calls(function, &[20, 40, 60, 80]), [true; 4]);
    assert_eq!((host.stopped.len(), host.idle(function)), (1, 1));
}

#[test]
fn a_pattern_is_unloaded_and_started_ahead() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "histogram");
    // Every 10 minutes: 599 s of idle time, bin 9: loaded at 486 s, to 660 s.
    let first: Vec<u64> = (0..5).map(|n| 600 * n).collect();
    host.calls(function, &first);
    assert_eq!(host.idle(function), 0, "unloaded right after its execution");
    assert_eq!(host.prestarts, 3, "after the first idle time");
    let ended = 2_401;
    host.act(at(ended + 485));
    assert_eq!(host.starting.len(), 0);
    host.act(at(ended + 486));
    assert_eq!(host.starting.len(), 1);
    host.prepared(at(ended + 487));
    assert_eq!(host.idle(function), 1);
    assert_eq!(host.calls(function, &[3_000]), [true]);
    let counters = host.region.counters(function).unwrap();
    assert_eq!((counters.prestarts, counters.idle_instances), (host.prestarts.into(), 0));
    assert_eq!(counters.invocations(), 6);
    assert_eq!(counters.completions, 6);
}

#[test]
fn a_start_ahead_that_nobody_needs_stops_when_its_window_closes() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "histogram");
    host.calls(function, &[0, 600]);
    host.act(at(601 + 486));
    host.prepared(at(601 + 487));
    host.act(at(601 + 659));
    assert_eq!(host.idle(function), 1);
    host.act(at(601 + 660));
    assert_eq!(host.idle(function), 0);
    host.act(at(99_999));
    assert_eq!((host.idle(function), host.prestarts), (0, 1), "cold until needed");
    assert_eq!(host.keeper.next_deadline(), None);
}

#[test]
fn a_request_that_is_faster_than_the_start_ahead_leaves_no_surplus() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "histogram");
    host.calls(function, &[0, 600]);
    host.act(at(601 + 486));
    let request = host.invoke(at(601 + 487), function);
    assert!(matches!(request.start, Start::Cold { .. }), "it is not up yet");
    host.prepared(at(601 + 488));
    assert_eq!(host.idle(function), 0, "nobody wants a second one");
    host.complete(at(601 + 489), request);
}

#[test]
fn a_start_ahead_that_is_refused_is_given_up() {
    let mut host = Host::new(&[128]);
    let (function, other) = (host.add("f", 128), host.add("g", 128));
    host.keep(at(0), function, "histogram");
    host.calls(function, &[0, 600]);
    let request = host.invoke(at(700), other);
    host.act(at(601 + 486));
    assert_eq!((host.prestarts, host.starting.len()), (1, 0), "no room");
    host.complete(at(1_200), request);
    host.act(at(2_000));
    assert_eq!(host.prestarts, 1, "and not asked for again");
}

#[test]
fn a_start_ahead_that_fails_is_given_up() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "histogram");
    host.calls(function, &[0, 600]);
    host.act(at(601 + 486));
    let prestart = host.starting.pop().unwrap();
    let instance = prestart.instance;
    assert_eq!(host.region.unprepared(at(1_088), prestart.lease), Ok(Some(instance)));
    host.region.stopped(at(1_088), instance).unwrap();
    host.keeper.handle_unprepared(at(1_088), function);
    host.keeper.handle_stopped(at(1_088), instance);
    host.act(at(1_100));
    let counters = host.region.counters(function).unwrap();
    assert_eq!((counters.instances, counters.in_flight, host.prestarts), (0, 0, 1));
    assert_eq!((counters.completions, counters.failures), (2, 0));
}

#[test]
fn a_crash_is_not_replaced_before_it_is_needed() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    let request = host.invoke(at(0), function);
    let instance = request.instance;
    assert_eq!(host.region.fail(at(1), request.lease), Ok(Some(instance)));
    host.keeper.handle_ended(at(1), instance, true);
    host.act(at(1));
    host.region.stopped(at(2), instance).unwrap();
    host.keeper.handle_stopped(at(2), instance);
    host.act(at(100));
    assert_eq!((host.prestarts, host.stopped.len()), (0, 0));
    assert_eq!(host.calls(function, &[101]), [false]);
}

#[test]
fn an_instance_that_is_busy_by_then_is_left_and_kept_again() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    host.calls(function, &[0]);
    // The data plane goes on while the keeper's owner looks elsewhere.
    let request = host.region.invoke(at(60), function).unwrap();
    let instance = request.instance;
    assert_eq!(host.keeper.poll_action(at(61)), Some(KeeperAction::Stop { instance }));
    assert_eq!(host.region.evict(at(61), instance), Ok(Reaped::Busy));
    host.keeper.handle_invoked(at(61), instance);
    host.complete(at(62), request);
    host.act(at(121));
    assert_eq!(host.idle(function), 1);
    host.act(at(122));
    assert_eq!(host.idle(function), 0);
}

#[test]
fn requests_of_one_instance_are_one_level() {
    let mut host = Host::new(&[]);
    let spec = crate::function::FunctionSpec {
        instance_concurrency: 4,
        ..crate::function::FunctionSpec::of_memory(128)
    };
    let function = host.control.add_function("f", spec).unwrap();
    host.keep(at(0), function, "fixed:60s");
    let requests = [0, 1, 2, 3].map(|second| host.invoke(at(second), function));
    let mut end = 10;
    for request in requests {
        host.complete(at(end), request);
        end += 10;
    }
    assert_eq!(host.keeper.next_deadline(), Some(at(40 + 60)));
}

#[test]
fn the_policy_of_a_function_with_instances_can_change() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    // Kept by the region, then taken over: one idle, one busy.
    let [a, b] = [0, 0].map(|second| host.region.invoke(at(second), function).unwrap());
    for request in [&a, &b] {
        host.region.started(at(0), &request.lease).unwrap();
    }
    assert_eq!(host.region.complete(at(1), a.lease), Ok(None));
    assert_eq!(host.keeper.policy_of(function), None);
    host.keep(at(100), function, "fixed:60s");
    assert_eq!(host.keeper.policy_of(function), "fixed:60s".parse().ok());
    assert_eq!(host.region.reap(at(9_999), function).unwrap().count(), 0, "the region's is off");
    host.act(at(159));
    assert_eq!(host.idle(function), 1);
    host.act(at(160));
    assert_eq!((host.idle(function), host.stopped.len()), (0, 1));
    // The busy one is known from its end on.
    let instance = b.instance;
    assert_eq!(host.region.complete(at(170), b.lease), Ok(None));
    host.keeper.handle_ended(at(170), instance, false);
    host.act(at(229));
    assert_eq!(host.idle(function), 1);
    host.act(at(230));
    assert_eq!((host.idle(function), host.stopped.len()), (0, 2));
}

#[test]
fn a_shorter_keep_alive_holds_at_once() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    host.calls(function, &[0]);
    host.keep(at(11), function, "fixed:10s");
    assert_eq!(host.idle(function), 0);
}

#[test]
fn plans_of_the_former_policy_are_dropped() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "histogram");
    host.calls(function, &[0, 600]);
    host.keep(at(700), function, "fixed:60s");
    host.act(at(99_999));
    assert_eq!((host.prestarts, host.keeper.next_deadline()), (0, None));
}

#[test]
fn a_function_can_go_back_to_the_region() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "fixed:60s");
    host.calls(function, &[0]);
    host.keeper.release(function, Duration::from_secs(300)).unwrap();
    host.act(at(200));
    assert_eq!((host.keeper.policy_of(function), host.idle(function)), (None, 1));
    assert_eq!(host.region.reap(at(301), function).unwrap().count(), 1);
}

#[test]
fn functions_of_one_policy_share_one_object() {
    let mut host = Host::new(&[]);
    let (a, b) = (host.add("a", 128), host.add("b", 128));
    for function in [a, b] {
        host.keep(at(0), function, "adaptive:30");
    }
    assert_eq!(host.keeper.policies.len(), 1);
    host.keep(at(0), b, "adaptive:31");
    assert_eq!(host.keeper.policies.len(), 2);
    let policy = KeepAlivePolicy::Adaptive { gb_seconds: 31.0 };
    assert_eq!(host.keeper.policy_of(b), Some(policy));
}

#[test]
fn time_that_goes_back_is_clamped() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(100), function, "fixed:60s");
    let request = host.invoke(at(50), function);
    host.complete(at(51), request);
    assert_eq!(host.keeper.next_deadline(), Some(at(160)));
}

#[test]
fn foreign_functions_are_refused_and_reports_about_them_change_nothing() {
    let (mut host, mut other) = (Host::new(&[]), Host::new(&[]));
    host.add("f", 128);
    other.add("e", 128);
    let foreign = other.add("f", 128);
    let policy = KeepAlivePolicy::Histogram;
    assert!(host.keeper.set_policy(at(0), foreign, policy, Duration::ZERO).is_err());
    assert!(host.keeper.release(foreign, Duration::ZERO).is_err());
    let request = other.region.invoke(at(0), foreign).unwrap();
    host.keeper.handle_invoked(at(0), request.instance);
    host.keeper.handle_ended(at(0), request.instance, false);
    host.keeper.handle_stopped(at(0), request.instance);
    assert_eq!((host.keeper.poll_action(at(9)), host.keeper.next_deadline()), (None, None));
}
