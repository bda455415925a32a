//! loom: requests against a change of their function's reservation.

use super::platform::{Platform, Shape, is_throttled, race};
use crate::concurrency::ThrottleReason;
use crate::function::{Admitted, InvokeError, Start};

const POOL: Shape = Shape::new(1, 1, 1);
const RESERVED: Shape = Shape { reserved: Some(1), ..POOL };

/// In either mode one request at most is in flight, and there is an instance
/// for it: who is admitted finds it.
fn admitted_or_throttled(answer: &Result<Start, InvokeError>) {
    assert!(*answer == Ok(Start::Warm) || is_throttled(answer), "{answer:?}");
}

/// A request on an idle instance while the reservation changes.
fn invoke_beside(shape: Shape, change: fn(&Platform, ())) {
    race(
        shape,
        |platform| {
            platform.idle(1);
            ((), ())
        },
        change,
        |platform, ()| platform.serve(),
        |_, (), here| admitted_or_throttled(&here),
    );
}

#[test]
fn loom_a_request_against_a_new_reservation() {
    invoke_beside(POOL, |platform, ()| platform.set_reserved(Some(1)));
}

#[test]
fn loom_a_request_against_the_end_of_its_reservation() {
    invoke_beside(RESERVED, |platform, ()| platform.set_reserved(None));
}

#[test]
fn loom_a_request_against_a_stop_of_its_function() {
    invoke_beside(POOL, |platform, ()| platform.set_reserved(Some(0)));
    invoke_beside(RESERVED, |platform, ()| {
        platform.set_reserved(Some(0));
        let refused = InvokeError::Throttled(
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
        );
        assert_eq!(platform.serve(), Err(refused), "in force once the call returns");
    });
}

/// A completion, and a request after it, while the reservation changes.
fn complete_beside(shape: Shape, change: fn(&Platform, ())) {
    race(
        shape,
        |platform| ((), platform.busy()),
        change,
        |platform, held: Admitted| {
            platform.complete(held);
            platform.serve()
        },
        |_, (), here| admitted_or_throttled(&here),
    );
}

#[test]
fn loom_a_completion_against_a_new_reservation() {
    complete_beside(POOL, |platform, ()| platform.set_reserved(Some(1)));
}

#[test]
fn loom_a_completion_against_the_end_of_its_reservation() {
    complete_beside(RESERVED, |platform, ()| platform.set_reserved(None));
}

#[test]
fn loom_a_completion_against_a_stop_of_its_function() {
    complete_beside(POOL, |platform, ()| platform.set_reserved(Some(0)));
    complete_beside(RESERVED, |platform, ()| platform.set_reserved(Some(0)));
}

#[test]
fn loom_a_completion_against_a_change_of_the_account_limit() {
    complete_beside(POOL, |platform, ()| platform.set_account_limit(0));
    complete_beside(RESERVED, |platform, ()| platform.set_account_limit(2));
}
