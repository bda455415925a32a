//! What calls functions: events that wait to be tried again, queues that are
//! read in batches, and a front door with a rate of its own.
//!
//! Each is a control plane of one owner, without I/O: the host passes the time
//! in, carries out what [`poll_action`](AsyncQueue::poll_action) says (invoke the
//! function for this event, deliver that one to its dead-letter queue) and
//! reports what came of it. None knows the functions behind it, so they serve any
//! platform.
//!
//! | file | subject |
//! |---|---|
//! | `asynchronous` | AWS Lambda's asynchronous invocation: retries, ages, destinations |
//! | `polled` | an event source that is polled: batches, pollers, their scaling |
//! | `front_end` | an API front end: so many requests a second, else 429 |

pub mod asynchronous;
pub mod front_end;
pub mod polled;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

pub use asynchronous::{
    AsyncAction, AsyncConfig, AsyncConfigError, AsyncMetrics, AsyncQueue, Condition, Destination,
    Destinations, EventKey, Outcome, QueueFull, ReportError,
};
pub use front_end::{FrontEnd, RateExceeded};
pub use polled::{
    BatchEnd, BatchKey, PolledAction, PolledConfig, PolledConfigError, PolledSource, PollerScaling,
    UnknownBatch,
};
