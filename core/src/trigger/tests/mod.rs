//! Triggers as specifications; conservation is in `core/tests/properties_trigger.rs`.

mod asynchronous;
mod front_end;
mod polled;

use crate::time::Instant;

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}
