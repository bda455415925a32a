//! loom: requests against an update of their function, which replaces its pool.

use core::num::NonZeroU32;

use super::platform::{Answer, Platform, Shape, fresh, race};
use crate::function::Start;
use crate::id::FunctionId;

const POOL: Shape = Shape::new(2, 2, 2);

/// What the owner does with a pool that it replaces; whether it then is empty, so
/// that nobody sweeps it any more.
fn replace(platform: &Platform) -> bool {
    platform.function.links.replace(FunctionId::new(1, NonZeroU32::MIN));
    platform.reap();
    platform.function.counters().instances == 0
}

/// A request that is served by the pool, if it came before the change.
fn request(platform: &Platform, started: fn(&Platform, crate::id::SlotId)) -> Option<Answer> {
    platform.function.links.is_current().then(|| {
        let admitted = platform.invoke()?;
        if admitted.start != Start::Warm {
            started(platform, admitted.slot);
        }
        platform.end(Ok(admitted))
    })
}

fn update_beside(prepare: fn(&Platform) -> ((), ()), mine: fn(&Platform, ()) -> Option<Answer>) {
    race(
        POOL,
        prepare,
        |platform, ()| replace(platform),
        mine,
        |platform, swept, answer| {
            assert!(answer.is_none_or(|answer| answer.is_ok()), "a request was dropped");
            let left = platform.function.counters().instances;
            assert!(!swept || left == 0, "an instance of replaced code is left to nobody");
        },
    );
}

fn looks_again(platform: &Platform, _: ()) -> Option<Answer> {
    request(platform, |platform, slot| platform.function.leave_replaced(slot))
}

#[test]
fn loom_an_update_against_a_request_that_starts_an_instance() {
    update_beside(fresh, looks_again);
}

#[test]
fn loom_an_update_against_a_request_of_an_idle_instance() {
    let idle = |platform: &Platform| {
        platform.idle(1);
        ((), ())
    };
    update_beside(idle, looks_again);
}

#[test]
#[should_panic(expected = "an instance of replaced code is left to nobody")]
fn loom_broken_request_that_does_not_look_again() {
    update_beside(fresh, |platform, ()| request(platform, |_, _| {}));
}

#[test]
#[should_panic(expected = "an instance of replaced code is left to nobody")]
fn loom_broken_request_that_only_reads_the_successor() {
    update_beside(fresh, |platform, ()| {
        request(platform, |platform, slot| {
            if !platform.function.links.is_current() {
                let _ = platform.function.pool().drain(slot);
            }
        })
    });
}
