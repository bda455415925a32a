//! Provisioned concurrency that shrinks under load, fails, crashes, grows old, or
//! finds no room.

use alloc::vec::Vec;

use super::versions::{Host, RESERVED, V1, at};
use crate::function::{ProvisionedStatus, Provisioning, Region, RegionConfig, Start};
use crate::placement::NodeSpec;
use crate::resources::Resources;
use crate::time::Duration;

/// Fifty reserved and provisioned, all in flight.
fn full() -> (Host, Vec<crate::function::Invocation>) {
    let config = RegionConfig { account_limit: 150, ..RegionConfig::default() };
    let mut host = Host::within(config, Some(50), Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 50).unwrap();
    let version = host.function.version(1).unwrap();
    let running = (0..50).map(|_| host.invoke(1, version).unwrap()).collect();
    (host, running)
}

#[test]
fn what_a_deleted_configuration_leaves_in_flight_is_of_the_reservation() {
    let (mut host, mut running) = full();
    host.function.delete_provisioned(at(2), &mut host.control, V1).unwrap();
    host.act(2);
    assert_eq!(host.control.claimed_concurrency(), 50, "the reservation, once");
    assert_eq!(host.region.unreserved_in_flight(), 0);
    let version = host.function.version(1).unwrap();
    assert!(host.invoke(2, version).is_err(), "fifty run");
    host.complete(3, running.pop().unwrap());
    assert_eq!(host.control.claimed_concurrency(), 50, "for nobody else");
    host.run(4);
    assert!(host.invoke(5, version).is_ok(), "and for its requests on demand");
    assert_eq!(host.control.claimed_concurrency(), 50);
}

#[test]
fn what_a_smaller_number_leaves_in_flight_is_of_the_reservation() {
    let (mut host, mut running) = full();
    host.put(2, V1, 10).unwrap();
    assert_eq!(host.control.claimed_concurrency(), 50, "the reservation, once");
    let version = host.function.version(1).unwrap();
    assert!(host.invoke(2, version).is_err(), "fifty run");
    for invocation in running.drain(..45) {
        host.complete(3, invocation);
        assert_eq!(host.control.claimed_concurrency(), 50);
    }
    host.run(4);
    // Five run on ten; forty are left to requests on demand.
    let pools: Vec<_> = (0..45).map(|_| host.invoke(5, version).unwrap().instance).collect();
    let pool = host.function.provisioned(V1).unwrap().pool;
    assert_eq!(pools.iter().filter(|instance| instance.function == pool).count(), 5);
    assert!(host.invoke(5, version).is_err());
    let metrics = host.function.metrics(&host.region);
    assert_eq!((metrics.provisioned_executions, metrics.spillover_invocations), (10, 40));
}

#[test]
fn a_crashed_instance_is_not_allocated_and_completes_no_batch() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 2).unwrap();
    let version = host.function.version(1).unwrap();
    let running = host.invoke(1, version).unwrap();
    host.prepares = false;
    host.put(2, V1, 4).unwrap();
    let gone = host.region.fail(at(3), running.lease).unwrap().unwrap();
    host.region.stopped(at(3), gone).unwrap();
    host.prepares = true;
    for prestart in core::mem::take(&mut host.pending) {
        host.prepare(4, prestart);
    }
    // Three are there: a fourth is started before all can be used.
    host.act(4);
    assert_eq!(host.view(V1), ("READY", 4, 4, 4));
    let pool = host.function.provisioned(V1).unwrap().pool;
    assert_eq!(host.region.counters(pool).unwrap().instances, 4);
    // And one of those that serve is replaced.
    let running = host.invoke(5, version).unwrap();
    let gone = host.region.fail(at(6), running.lease).unwrap().unwrap();
    host.region.stopped(at(6), gone).unwrap();
    host.prepares = false;
    host.run(6);
    assert_eq!(host.view(V1), ("READY", 4, 3, 4), "not before it is prepared");
    let prestart = host.pending.pop().unwrap();
    host.prepare(7, prestart);
    assert_eq!(host.view(V1), ("READY", 4, 4, 4));
}

#[test]
fn a_failed_batch_goes_on_renewing_what_it_had() {
    let recycle_after = Some(Duration::from_secs(100));
    let mut host = Host::new(None, Provisioning { recycle_after, ..Provisioning::AT_ONCE });
    host.publish();
    host.put(0, V1, 2).unwrap();
    host.prepares = false;
    host.put(1, V1, 4).unwrap();
    let bad = host.pending.pop().unwrap();
    host.function.handle_unprepared(at(2), &mut host.control, bad.lease, "exit 1").unwrap();
    host.act(2);
    host.pending.clear();
    assert_eq!(host.view(V1), ("FAILED", 4, 2, 2));
    host.prepares = true;
    host.stopped.clear();
    host.run(150);
    assert_eq!((host.stopped.len(), host.view(V1)), (2, ("FAILED", 4, 2, 2)));
    assert_eq!(host.function.next_deadline(), Some(at(200)));
}

#[test]
fn a_replacement_without_room_is_tried_again_every_second() {
    let recycle_after = Some(Duration::from_secs(100));
    let provisioning = Provisioning { recycle_after, ..Provisioning::AT_ONCE };
    let config = RegionConfig { max_nodes: 2, ..RegionConfig::default() };
    let node = NodeSpec::new(Resources::new(1_024, 256), 0);
    let (region, mut control) = Region::new(config).unwrap();
    control.add_node(node).unwrap();
    let mut host = Host::of(region, control, None, provisioning);
    host.publish();
    host.put(0, V1, 2).unwrap();
    assert_eq!(host.view(V1), ("READY", 2, 2, 2));
    assert_eq!(host.function.next_deadline(), Some(at(100)));
    host.run(100);
    assert_eq!((host.stopped.len(), host.function.next_deadline()), (0, Some(at(101))));
    host.function.handle_time(at(100), &mut host.control);
    assert_eq!(host.function.next_deadline(), Some(at(101)));
    host.control.add_node(node).unwrap();
    host.run(101);
    assert_eq!(host.stopped.len(), 2);
    let version = host.function.version(1).unwrap();
    assert_eq!(host.invoke(102, version).unwrap().start, Start::Warm);
}

#[test]
fn a_start_that_fails_fails_its_batch_and_keeps_what_was_ready() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 2).unwrap();
    host.prepares = false;
    host.put(1, V1, 4).unwrap();
    assert_eq!(host.view(V1), ("IN_PROGRESS", 4, 2, 2));
    assert_eq!(host.control.claimed_concurrency(), 4);
    let (good, bad) = (host.pending.pop().unwrap(), host.pending.pop().unwrap());
    host.prepare(2, good);
    host.function.handle_unprepared(at(2), &mut host.control, bad.lease, "exit 1").unwrap();
    host.act(2);
    let status = host.function.provisioned(V1).unwrap().status;
    assert_eq!(status, ProvisionedStatus::Failed { reason: "exit 1".into() });
    assert_eq!(host.view(V1), ("FAILED", 4, 2, 2));
    assert_eq!((host.control.claimed_concurrency(), host.stopped.len()), (2, 2));
    // And again, well.
    host.prepares = true;
    host.put(3, V1, 3).unwrap();
    assert_eq!(host.view(V1), ("READY", 3, 3, 3));
}

#[test]
fn a_smaller_number_holds_at_once_and_what_runs_ends_by_its_lease() {
    let mut host = Host::new(Some(6), Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 4).unwrap();
    let version = host.function.version(1).unwrap();
    let leases: Vec<_> = (0..4).map(|_| host.invoke(1, version).unwrap()).collect();
    host.put(2, V1, 1).unwrap();
    assert_eq!(host.view(V1), ("READY", 1, 1, 1));
    // Four of six run: two more, though five are not provisioned any more.
    let more: Vec<_> = (0..2).map(|_| host.invoke(2, version).unwrap()).collect();
    assert_eq!(host.invoke(2, version).unwrap_err(), RESERVED);
    for invocation in leases {
        host.complete(3, invocation);
    }
    host.run(4);
    let again: Vec<_> = (0..4).map(|_| host.invoke(5, version).unwrap()).collect();
    assert_eq!(host.invoke(5, version).unwrap_err(), RESERVED);
    for invocation in more.into_iter().chain(again) {
        host.complete(6, invocation);
    }
    host.function.delete_provisioned(at(7), &mut host.control, V1).unwrap();
    host.act(7);
    assert_eq!(host.function.provisioned(V1), None);
    host.run(8);
    assert_eq!(host.function.next_deadline(), None, "all is swept");
    host.function.delete_provisioned(at(8), &mut host.control, V1).unwrap();
    // The emptied pool is used again.
    let before = host.control.names().len();
    host.put(9, V1, 2).unwrap();
    assert_eq!((host.view(V1), host.control.names().len()), (("READY", 2, 2, 2), before));
}

#[test]
fn old_instances_are_replaced_one_at_a_time_and_crashed_ones_at_once() {
    let recycle_after = Some(Duration::from_secs(100));
    let mut host = Host::new(None, Provisioning { recycle_after, ..Provisioning::AT_ONCE });
    host.publish();
    host.put(0, V1, 2).unwrap();
    let version = host.function.version(1).unwrap();
    assert_eq!(host.function.next_deadline(), Some(at(100)));
    host.run(101);
    assert_eq!(host.stopped.len(), 2, "both are replaced by now");
    assert_eq!(host.view(V1), ("READY", 2, 2, 2));
    // Meanwhile and afterwards there are two to be used.
    let both = [(), ()].map(|()| host.invoke(102, version).unwrap());
    assert!(both.iter().all(|invocation| invocation.start == Start::Warm));
    let [crashes, completes] = both;
    let gone = host.region.fail(at(103), crashes.lease).unwrap().unwrap();
    host.region.stopped(at(103), gone).unwrap();
    host.complete(103, completes);
    host.run(104);
    let both = [(), ()].map(|()| host.invoke(105, version).unwrap().start);
    assert_eq!(both, [Start::Warm; 2], "the crashed one was replaced");
}

/// Two provisioned, replaced after ten seconds, one of them just now.
fn recycling() -> Host {
    let recycle_after = Some(Duration::from_secs(10));
    let mut host = Host::new(None, Provisioning { recycle_after, ..Provisioning::AT_ONCE });
    host.publish();
    host.put(0, V1, 2).unwrap();
    host.prepares = false;
    host.function.handle_time(at(10), &mut host.control);
    host.act(10);
    assert_eq!((host.pending.len(), host.stopped.len()), (1, 0));
    host
}

fn instances(host: &Host) -> u32 {
    let pool = host.function.provisioned(V1).unwrap().pool;
    host.region.counters(pool).unwrap().instances
}

#[test]
fn a_smaller_number_while_an_instance_is_replaced_leaks_none() {
    let mut host = recycling();
    host.put(11, V1, 1).unwrap();
    host.prepares = true;
    for replacement in core::mem::take(&mut host.pending) {
        host.prepare(12, replacement);
        host.act(12);
    }
    host.run(12);
    assert_eq!((host.view(V1), instances(&host)), (("READY", 1, 1, 1), 1));
    assert!(host.function.next_deadline().is_some(), "it goes on replacing");
}

#[test]
fn a_batch_that_fails_while_an_instance_is_replaced_has_failed() {
    let mut host = recycling();
    host.put(11, V1, 4).unwrap();
    let bad = host.pending.pop().unwrap();
    host.function.handle_unprepared(at(12), &mut host.control, bad.lease, "exit 1").unwrap();
    host.act(12);
    assert_eq!(host.view(V1).0, "FAILED");
}

#[test]
fn the_next_deadline_is_never_past() {
    let recycle_after = Some(Duration::from_secs(10));
    let preparation = Duration::from_secs(5);
    let provisioning = Provisioning { recycle_after, preparation, ..Provisioning::AT_ONCE };
    let mut host = Host::new(None, provisioning);
    host.publish();
    host.put(0, V1, 1).unwrap();
    host.run(5);
    host.put(14, V1, 2).unwrap();
    host.prepares = false;
    host.function.handle_time(at(19), &mut host.control);
    host.act(19);
    let second = host.pending.remove(0);
    host.prepare(20, second);
    host.act(20);
    assert!(host.function.next_deadline().is_none_or(|due| due > at(20)), "{:?}", host.view(V1));
}

#[test]
fn crashed_instances_are_replaced_once_they_have_stopped_and_stand_ins_are_taken_in() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 3).unwrap();
    let version = host.function.version(1).unwrap();
    let crash = |host: &Host, second| {
        let all: Vec<_> = (0..3).map(|_| host.invoke(second, version).unwrap()).collect();
        let fail = |one: crate::function::Invocation| host.region.fail(at(second), one.lease);
        let gone = all.into_iter().map(|one| fail(one).unwrap().unwrap());
        gone.collect::<Vec<_>>()
    };
    // Told before they have stopped: seen to a second later.
    let gone = crash(&host, 1);
    host.run(1);
    for instance in gone {
        host.region.stopped(at(1), instance).unwrap();
    }
    host.run(2);
    assert_eq!((host.view(V1), instances(&host)), (("READY", 3, 3, 3), 3));
    // Requests come first and start three in their place.
    for instance in crash(&host, 3) {
        host.region.stopped(at(3), instance).unwrap();
    }
    let cold: Vec<_> = (0..3).map(|_| host.invoke(3, version).unwrap()).collect();
    host.run(4);
    for invocation in cold {
        assert_ne!(invocation.start, Start::Warm);
        host.complete(4, invocation);
    }
    host.run(6);
    assert_eq!((host.view(V1), instances(&host)), (("READY", 3, 3, 3), 3));
    host.put(7, V1, 1).unwrap();
    host.run(7);
    assert_eq!(instances(&host), 1);
}

#[test]
fn a_refused_number_uses_up_no_function() {
    let config = RegionConfig { max_functions: 8, ..RegionConfig::default() };
    let mut host = Host::within(config, None, Provisioning::AT_ONCE);
    host.publish();
    for _ in 0..9 {
        let refused = host.put(1, V1, 950).map_err(|error| error.kind());
        assert_eq!(refused, Err("InvalidParameterValueException"));
    }
    assert!(host.control.names().len() <= 3, "{:?}", host.control.names().len());
    host.put(2, V1, 50).unwrap();
}

#[test]
fn an_alias_that_moves_under_load_claims_nothing_twice() {
    let (mut host, running) = full();
    host.function.delete_provisioned(at(2), &mut host.control, V1).unwrap();
    host.put(3, V1, 50).unwrap();
    assert_eq!(host.control.claimed_concurrency(), 50);
    assert_eq!(host.view(V1), ("IN_PROGRESS", 50, 50, 0), "it waits for the fifty that run");
    for invocation in running {
        host.complete(4, invocation);
    }
    host.run(6);
    assert_eq!((host.view(V1), host.control.claimed_concurrency()), (("READY", 50, 50, 50), 50));
}
