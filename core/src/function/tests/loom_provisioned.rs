//! loom: instances started ahead, and the moment at which a batch of them may be
//! used, against requests.

use core::num::NonZeroU32;

use super::platform::{Answer, Platform, Shape, fresh, race};
use crate::function::{InvokeError, Start};
use crate::id::FunctionId;
use crate::time::Instant;

const ROOM_FOR_TWO: Shape = Shape::new(1, 2, 2);
/// A batch's own pool before it is ready: nobody comes through its gate.
const BATCH: Shape = Shape { reserved: Some(0), ..Shape::new(1, 1, 1) };

/// Starts an instance ahead, which comes up at once.
fn prestart(platform: &Platform) {
    let started = platform.function.prestart(Some(&platform.fleet), super::platform::STRATEGY);
    if let Ok(started) = started {
        platform.stop(platform.function.prepared(Instant::ZERO, started.seat).unwrap());
    }
}

#[test]
fn loom_a_prestart_against_a_request() {
    race(
        ROOM_FOR_TWO,
        fresh,
        |platform, ()| prestart(platform),
        |platform, ()| platform.serve(),
        |platform, (), answer| {
            assert!(answer.is_ok(), "{answer:?}");
            let counters = platform.function.counters();
            assert_eq!((counters.invocations(), counters.completions), (1, 1));
            assert_eq!(counters.prestarts, 1);
            assert_eq!(counters.cold_starts == 1, answer != Ok(Start::Warm));
        },
    );
}

#[test]
fn loom_a_prestart_that_fails_against_a_request() {
    race(
        ROOM_FOR_TWO,
        fresh,
        |platform, ()| {
            let fleet = Some(&platform.fleet);
            let started = platform.function.prestart(fleet, super::platform::STRATEGY).unwrap();
            platform.stop(platform.function.unprepared(Instant::ZERO, started.seat).unwrap());
        },
        |platform, ()| platform.serve(),
        |_, (), answer| assert!(matches!(answer, Ok(Start::Cold { .. })), "{answer:?}"),
    );
}

fn link(platform: &Platform) {
    let pool = FunctionId::new(0, NonZeroU32::MIN);
    platform.function.links.set_provisioned(Some(pool), false);
}

/// A request that looks for a batch, and takes part of it if there is one.
fn look(platform: &Platform) -> Option<Answer> {
    platform.function.links.provisioned().map(|_| platform.serve())
}

fn activate(activation: fn(&Platform, ())) {
    race(
        BATCH,
        fresh,
        activation,
        |platform, ()| look(platform),
        |_, (), answer| {
            // One request comes: the batch is there for it, warm, or not to be seen.
            let ready = matches!(answer, None | Some(Ok(Start::Warm)));
            assert!(ready, "used before it was ready: {answer:?}");
        },
    );
}

#[test]
fn loom_an_activation_against_a_request() {
    activate(|platform, ()| {
        prestart(platform);
        platform.set_reserved(Some(1));
        link(platform);
    });
}

#[test]
#[should_panic(expected = "used before it was ready")]
fn loom_broken_activation_linked_before_its_reservation() {
    activate(|platform, ()| {
        prestart(platform);
        link(platform);
        platform.set_reserved(Some(1));
    });
}

#[test]
#[should_panic(expected = "used before it was ready")]
fn loom_broken_activation_linked_before_its_instances() {
    activate(|platform, ()| {
        platform.set_reserved(Some(1));
        link(platform);
        prestart(platform);
    });
}

/// Taken away, a batch admits nobody; who was in it ends there.
#[test]
fn loom_a_release_against_a_request() {
    race(
        Shape { reserved: Some(1), ..BATCH },
        |platform| {
            platform.idle(1);
            link(platform);
            ((), ())
        },
        |platform, ()| {
            platform.function.links.set_provisioned(None, false);
            platform.set_reserved(Some(0));
        },
        |platform, ()| look(platform),
        |_, (), answer| {
            let refused = matches!(answer, Some(Err(InvokeError::Throttled(_))));
            assert!(refused || matches!(answer, None | Some(Ok(Start::Warm))), "{answer:?}");
        },
    );
}
