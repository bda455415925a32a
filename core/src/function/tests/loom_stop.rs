//! loom: requests against the end of an instance.

use super::platform::{
    Invoked, Platform, Shape, is_instance_limit, is_no_capacity, is_throttled, race,
};
use crate::function::Start;
use crate::id::SlotId;
use crate::time::Instant;

/// An idle instance that has been told to stop.
fn stopping(platform: &Platform) -> ((), SlotId) {
    let slot = platform.idle(1)[0];
    assert_eq!(platform.function.drain(slot), Ok(Some(slot)));
    ((), slot)
}

#[test]
fn loom_a_request_against_the_reaper() {
    race(
        Shape::new(1, 1, 1),
        |platform| {
            platform.idle(1);
            ((), ())
        },
        |platform, ()| platform.reap(),
        |platform, ()| platform.serve(),
        |_, (), here| {
            // Refused where the one instance is being stopped: its slot comes
            // free before its room.
            let refused = is_instance_limit(&here) || is_no_capacity(&here);
            assert!(here.is_ok() || refused, "{here:?}");
        },
    );
}

#[test]
fn loom_a_completion_against_a_drain() {
    race(
        Shape::new(1, 1, 1),
        |platform| {
            let held = platform.busy();
            (held.slot, held)
        },
        |platform, slot| platform.function.drain(slot).unwrap(),
        |platform, held| {
            platform.function.complete(Instant::ZERO, &platform.account, held.seat).unwrap()
        },
        |platform, drained, done| {
            assert!(done.is_none() || drained.is_none(), "one of them reports it");
            platform.stop(Some(done.or(drained).expect("one of them reports it")));
        },
    );
}

/// Reports the stop, then asks for the slot and the room that it gave back.
fn stop_then_invoke(platform: &Platform, slot: SlotId) -> Invoked {
    platform.stop(Some(slot));
    platform.invoke()
}

/// The one slot comes free before the one room: a request may meet the slot
/// alone. While it is being refused it holds the one unit.
#[test]
fn loom_a_stop_against_a_cold_start_in_its_place() {
    race(
        Shape::new(1, 1, 1),
        stopping,
        |platform, ()| platform.invoke(),
        stop_then_invoke,
        |platform, there, here| {
            let (there, here) = (platform.end(there), platform.end(here));
            assert!(here.is_ok() || is_throttled(&here), "{there:?}, {here:?}");
            assert!(!(is_throttled(&there) && is_throttled(&here)), "{there:?}, {here:?}");
            assert!(!(there.is_ok() && here.is_ok()), "one unit");
        },
    );
}

/// With a unit for each, only the slot can be in the other's hands.
#[test]
fn loom_a_stop_against_a_cold_start_with_units_for_both() {
    race(
        Shape::new(2, 1, 1),
        stopping,
        |platform, ()| platform.invoke(),
        stop_then_invoke,
        |platform, there, here| {
            let (there, here) = (platform.end(there), platform.end(here));
            assert!(!is_throttled(&there) && !is_throttled(&here), "{there:?}, {here:?}");
            // Room is not short once the stop was reported, and a slot only
            // where the other has it, for good or until it is refused room.
            assert!(here.is_ok() || is_instance_limit(&here), "{here:?}");
            assert!(here.is_ok() || !is_instance_limit(&there), "{there:?}");
        },
    );
}

/// Another slot is vacant and room is short: the stop gives it.
#[test]
fn loom_a_stop_against_a_cold_start_that_waits_for_its_room() {
    race(
        Shape::new(1, 2, 1),
        stopping,
        |platform, ()| platform.invoke(),
        |platform, slot| platform.stop(Some(slot)),
        |platform, there, ()| {
            let there = platform.end(there);
            let cold = matches!(there, Ok(Start::Cold { .. }));
            assert!(cold || is_no_capacity(&there), "{there:?}");
        },
    );
}
