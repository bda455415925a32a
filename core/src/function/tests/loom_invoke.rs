//! loom: requests against requests and their ends.

use super::platform::{
    Part, Platform, Shape, fresh, is_instance_limit, is_no_capacity, is_throttled, race,
};
use crate::function::{Admitted, Start};
use crate::time::Instant;

#[test]
fn loom_two_requests_of_one_limit() {
    race(
        Shape::new(1, 2, 2),
        fresh,
        |platform, ()| platform.serve(),
        |platform, ()| platform.serve(),
        |_, there, here| {
            assert!(there.is_ok() || here.is_ok(), "one of them finds the unit free");
            assert!(there.is_ok() || is_throttled(&there), "{there:?}");
            assert!(here.is_ok() || is_throttled(&here), "{here:?}");
        },
    );
}

#[test]
fn loom_two_cold_starts_of_one_room() {
    race(
        Shape::new(2, 2, 1),
        fresh,
        |platform, ()| platform.invoke(),
        |platform, ()| platform.invoke(),
        |platform, there, here| {
            let (there, here) = (platform.end(there), platform.end(here));
            assert!(there.is_ok() != here.is_ok(), "{there:?}, {here:?}");
            let refused = if there.is_ok() { here } else { there };
            assert!(is_no_capacity(&refused), "{refused:?}");
        },
    );
}

#[test]
fn loom_two_cold_starts_with_enough_of_all() {
    race(
        Shape::new(2, 2, 2),
        fresh,
        |platform, ()| platform.invoke(),
        |platform, ()| platform.invoke(),
        |platform, there, here| {
            for answer in [platform.end(there), platform.end(here)] {
                assert!(matches!(answer, Ok(Start::Cold { .. })), "{answer:?}");
            }
        },
    );
}

/// One unit, one instance: who is admitted finds it. Each request ends by
/// `complete`.
fn a_seat_comes_with_its_unit(complete: Part<Admitted, ()>) {
    race(
        Shape::new(1, 1, 1),
        |platform| ((), platform.busy()),
        |platform, ()| platform.serve(),
        complete,
        |_, there, ()| {
            let warm = there == Ok(Start::Warm);
            assert!(warm || is_throttled(&there), "a unit without its seat: {there:?}");
        },
    );
}

#[test]
fn loom_a_request_with_a_unit_finds_the_seat_that_came_with_it() {
    a_seat_comes_with_its_unit(Platform::complete);
}

#[test]
#[should_panic(expected = "a unit without its seat")]
fn loom_broken_complete_gives_the_unit_before_the_seat() {
    a_seat_comes_with_its_unit(|platform, held| {
        platform.function.gate().release(&platform.account).unwrap();
        platform.function.pool().release(Instant::ZERO, held.seat).unwrap();
    });
}

#[test]
fn loom_two_requests_for_one_idle_instance() {
    race(
        Shape::new(1, 1, 1),
        |platform| {
            platform.idle(1);
            ((), ())
        },
        |platform, ()| platform.serve(),
        |platform, ()| platform.serve(),
        |_, there, here| {
            assert!(there.is_ok() || here.is_ok());
            for answer in [there, here] {
                assert!(answer == Ok(Start::Warm) || is_throttled(&answer), "{answer:?}");
            }
        },
    );
}

/// The instance that fails serves no other request, and its room and slot go
/// to the next once it has stopped.
#[test]
fn loom_a_failure_against_a_request() {
    race(
        Shape::new(1, 1, 1),
        |platform| ((), platform.busy()),
        |platform, ()| platform.serve(),
        |platform, held| platform.fail(held),
        |_, there, ()| {
            // A refusal is right too: the unit is free before the slot, and the
            // slot before the room.
            if let Ok(start) = there {
                assert_ne!(start, Start::Warm, "in an instance that failed");
            }
        },
    );
}

#[test]
fn loom_a_failure_against_a_request_with_room_elsewhere() {
    race(
        Shape::new(2, 2, 2),
        |platform| ((), platform.busy()),
        |platform, ()| platform.invoke(),
        |platform, held| platform.fail(held),
        |platform, there, ()| {
            let there = platform.end(there);
            assert!(matches!(there, Ok(Start::Cold { .. })), "nothing is short: {there:?}");
            assert_eq!(platform.function.counters().failures, 1);
        },
    );
}

const WIDE: Shape = Shape { concurrency: 2, ..Shape::new(2, 1, 1) };

#[test]
fn loom_a_completion_against_a_request_in_the_other_seat() {
    race(
        WIDE,
        |platform| ((), platform.busy()),
        |platform, ()| platform.serve(),
        Platform::complete,
        |_, there, ()| assert_eq!(there, Ok(Start::Warm)),
    );
}

#[test]
fn loom_a_cold_start_against_a_request_for_its_other_seat() {
    race(
        WIDE,
        |platform| ((), platform.invoke().unwrap()),
        |platform, ()| platform.invoke(),
        |platform, held| {
            platform.function.started(&held.seat).unwrap();
            held
        },
        |platform, there, held| {
            // Until the instance has initialised, its other seat is shut.
            let there = platform.end(there);
            assert!(there == Ok(Start::Warm) || is_instance_limit(&there), "{there:?}");
            platform.complete(held);
        },
    );
}

#[test]
fn loom_a_failure_against_a_request_in_the_other_seat() {
    race(
        WIDE,
        |platform| (platform.busy(), platform.busy()),
        |platform, held| platform.complete(held),
        |platform, held| platform.fail(held),
        |platform, (), ()| {
            // Whoever was the last one stopped it.
            assert_eq!(platform.function.counters().instances, 0);
        },
    );
}
