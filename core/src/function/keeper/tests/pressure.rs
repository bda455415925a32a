//! Who goes when memory is short.

use super::{Host, at};
use crate::function::{InvokeError, NoRoom, Start};

/// Invokes where there is no room, and again once room was made.
fn squeeze(host: &mut Host, second: u64, function: crate::id::FunctionId) {
    host.act(at(second));
    let refused = host.region.invoke(at(second), function);
    assert!(matches!(refused, Err(InvokeError::NoCapacity(_))), "{refused:?}");
    host.keeper.make_room(at(second), function).unwrap();
    let request = host.invoke(at(second), function);
    assert!(matches!(request.start, Start::Cold { .. }));
    host.complete(at(second), request);
}

#[test]
fn the_least_recently_used_goes_and_no_more_than_needed() {
    let mut host = Host::new(&[512]);
    let functions = ["a", "b", "c", "d"].map(|name| host.add(name, 128));
    let large = host.add("large", 256);
    let mut kept = vec![];
    for (second, function) in (0..).zip(functions) {
        host.keep(at(second), function, "lru");
        let request = host.invoke(at(second), function);
        kept.push(host.complete(at(second), request));
    }
    host.keep(at(9), large, "lru");
    squeeze(&mut host, 10, large);
    assert_eq!(host.stopped, kept[..2]);
}

#[test]
fn what_would_go_first_stays_if_the_next_is_enough() {
    // A small one was used longest ago; the large one after it makes the room.
    let mut host = Host::new(&[512]);
    let (small, middle, large) = (host.add("s", 128), host.add("m", 384), host.add("l", 384));
    for (second, function) in [(0, small), (1, middle)] {
        host.keep(at(second), function, "lru");
        let request = host.invoke(at(second), function);
        host.complete(at(second), request);
    }
    host.keep(at(9), large, "lru");
    squeeze(&mut host, 10, large);
    assert_eq!(host.stopped.len(), 1);
    assert_eq!((host.idle(small), host.idle(middle)), (1, 0));
}

#[test]
fn busy_instances_stay_and_the_refusal_says_so() {
    let mut host = Host::new(&[256]);
    let (a, b) = (host.add("a", 128), host.add("b", 256));
    for function in [a, b] {
        host.keep(at(0), function, "lru");
    }
    let first = host.invoke(at(0), a);
    let second = host.invoke(at(0), a);
    host.complete(at(1), second);
    let refusal = host.keeper.make_room(at(2), b).unwrap_err();
    assert!(matches!(refusal, NoRoom::Busy { needed } if needed.memory_mib == 256));
    host.act(at(2));
    assert_eq!((host.stopped.len(), host.idle(a)), (0, 1), "nothing goes in vain");
    host.complete(at(3), first);
    squeeze(&mut host, 4, b);
    assert_eq!(host.stopped.len(), 2);
}

#[test]
fn one_node_makes_the_room() {
    // Two nodes of two: one instance of each node would not do.
    let mut host = Host::new(&[256, 256]);
    let (small, large) = (host.add("s", 128), host.add("l", 256));
    host.keep(at(0), small, "lru");
    host.keep(at(0), large, "lru");
    let four = [0; 4].map(|second| host.invoke(at(second), small));
    for request in four {
        host.complete(at(1), request);
    }
    squeeze(&mut host, 2, large);
    assert_eq!((host.stopped.len(), host.idle(small)), (2, 2));
}

#[test]
fn greedy_dual_keeps_what_is_used_often() {
    let stopped = |policy: &str| {
        let mut host = Host::new(&[256]);
        let (often, once) = (host.add("often", 128), host.add("once", 128));
        let new = host.add("new", 128);
        for function in [often, once, new] {
            host.keep(at(0), function, policy);
        }
        host.calls(often, &[0, 2, 4, 6, 8]);
        host.calls(once, &[20]);
        squeeze(&mut host, 30, new);
        (host.idle(often), host.idle(once))
    };
    assert_eq!(stopped("greedy-dual"), (1, 0));
    assert_eq!(stopped("lru"), (0, 1));
}

#[test]
fn between_policies_the_one_idle_longest_goes() {
    let mut host = Host::new(&[256]);
    let (a, b, c) = (host.add("a", 128), host.add("b", 128), host.add("c", 128));
    for (function, policy) in [(a, "greedy-dual"), (b, "lru"), (c, "lru")] {
        host.keep(at(0), function, policy);
    }
    host.calls(b, &[0]);
    host.calls(a, &[10]);
    squeeze(&mut host, 20, c);
    assert_eq!((host.idle(a), host.idle(b)), (1, 0));
}

#[test]
fn the_regions_own_keep_alive_yields_to_nobody() {
    let mut host = Host::new(&[128]);
    let (fixed, kept) = (host.add("fixed", 128), host.add("kept", 128));
    host.keep(at(0), kept, "lru");
    host.calls(fixed, &[0]);
    assert!(host.keeper.make_room(at(2), kept).is_err());
}

#[test]
fn without_a_fleet_there_is_nothing_to_make() {
    let mut host = Host::new(&[]);
    let function = host.add("f", 128);
    host.keep(at(0), function, "lru");
    assert_eq!(host.keeper.make_room(at(0), function), Ok(()));
    assert_eq!(host.keeper.poll_action(at(0)), None);
}
