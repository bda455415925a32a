//! loom: what a refused request held is back once it is refused, and until
//! then costs others one unit at most (`internals.rs`; `loom_stop.rs` has the
//! refusals beside a stop).

use core::mem::ManuallyDrop;

use super::platform::{
    Invoked, Part, Platform, STRATEGY, Shape, is_instance_limit, is_no_capacity, is_throttled, race,
};
use crate::function::{Admitted, InvokeError, Start};
use crate::id::SlotId;
use crate::time::Instant;

fn invoke(platform: &Platform, (): ()) -> Invoked {
    platform.invoke()
}

/// Two requests while the room is with an instance that is being stopped.
fn two_without_room(limit: u32, judge: fn([Invoked; 2])) {
    fn stopping(platform: &Platform) -> ((), SlotId) {
        let slot = platform.idle(1)[0];
        assert_eq!(platform.function.drain(slot), Ok(Some(slot)));
        ((), slot)
    }
    let mine: Part<SlotId, _> = |platform, slot| (slot, platform.invoke());
    race(Shape::new(limit, 2, 1), stopping, invoke, mine, move |platform, there, (slot, here)| {
        judge([there, here]);
        platform.stop(Some(slot));
        assert!(platform.serve().is_ok(), "all is free again");
    });
}

#[test]
fn loom_two_refusals_with_one_unit() {
    two_without_room(1, |answers| {
        // Who is throttled met the unit of the other one.
        assert!(answers.iter().any(is_no_capacity), "{answers:?}");
        assert!(answers.iter().all(|one| is_no_capacity(one) || is_throttled(one)), "{answers:?}");
    });
}

#[test]
fn loom_two_refusals_with_a_unit_for_each() {
    two_without_room(2, |answers| {
        // The second slot may be with the other one.
        assert!(answers.iter().any(is_no_capacity), "{answers:?}");
        assert!(!answers.iter().any(is_throttled), "{answers:?}");
    });
}

/// A request by `theirs` beside one that ends and the next: it is refused for
/// want of room, or of an instance where there is but one.
fn a_refusal_beside_the_next_request(instances: u32, theirs: Part<(), Invoked>) {
    race(
        Shape::new(2, instances, 1),
        |platform| ((), platform.busy()),
        theirs,
        |platform, held| {
            platform.complete(held);
            platform.invoke()
        },
        |platform, there, here| {
            let answers = [platform.end(there), platform.end(here)];
            assert!(!answers.iter().any(is_throttled), "a unit for each: {answers:?}");
            let served = answers.iter().filter(|&answer| *answer == Ok(Start::Warm)).count();
            assert_eq!(served, 1, "one of them finds the one instance: {answers:?}");
            let want =
                if platform.shape.instances == 1 { is_instance_limit } else { is_no_capacity };
            assert_eq!(answers.iter().filter(|&answer| want(answer)).count(), 1, "{answers:?}");
        },
    );
}

/// The path of an invocation, of whose refusal steps can be left out: to
/// `cancel` the vacancy, to give the `unit` back.
fn invoke_by_steps(platform: &Platform, cancel: bool, unit: bool) -> Invoked {
    let Platform { account, function, fleet, .. } = platform;
    function.gate().try_acquire(account).map_err(InvokeError::Throttled)?;
    let error = match function.pool().claim_or_begin(Instant::ZERO) {
        Some(Ok(claim)) => {
            return Ok(Admitted { slot: claim.slot, seat: claim.seat, start: Start::Warm });
        }
        Some(Err(vacancy)) => {
            let refusal = fleet.place(function.spec().resources, STRATEGY).unwrap_err();
            let vacancy = ManuallyDrop::new(vacancy);
            if cancel {
                drop(ManuallyDrop::into_inner(vacancy));
            }
            InvokeError::NoCapacity(refusal)
        }
        None => InvokeError::InstanceLimit { max_instances: platform.shape.instances },
    };
    if unit {
        function.gate().release(account).unwrap();
    }
    Err(error)
}

#[test]
fn loom_a_refusal_for_want_of_room_against_a_request() {
    a_refusal_beside_the_next_request(2, invoke);
}

#[test]
fn loom_twin_of_a_refusal_for_want_of_room() {
    a_refusal_beside_the_next_request(2, |platform, ()| invoke_by_steps(platform, true, true));
}

#[test]
#[should_panic(expected = "vacancies lost")]
fn loom_broken_refusal_for_want_of_room_without_cancel() {
    a_refusal_beside_the_next_request(2, |platform, ()| invoke_by_steps(platform, false, true));
}

#[test]
#[should_panic(expected = "units lost")]
fn loom_broken_refusal_for_want_of_room_without_the_unit() {
    a_refusal_beside_the_next_request(2, |platform, ()| invoke_by_steps(platform, true, false));
}

#[test]
fn loom_a_refusal_for_want_of_an_instance_against_a_request() {
    a_refusal_beside_the_next_request(1, invoke);
}

#[test]
fn loom_twin_of_a_refusal_for_want_of_an_instance() {
    a_refusal_beside_the_next_request(1, |platform, ()| invoke_by_steps(platform, true, true));
}

#[test]
#[should_panic(expected = "units lost")]
fn loom_broken_refusal_for_want_of_an_instance_without_the_unit() {
    a_refusal_beside_the_next_request(1, |platform, ()| invoke_by_steps(platform, true, false));
}
