//! Admission by concurrency: may a request of this function run now?
//!
//! The rules are AWS Lambda's (Developer Guide, "Configuring reserved
//! concurrency" and "Monitoring concurrency"):
//!
//! * A function with **reserved** concurrency meets its own counter only. Its
//!   reservation is floor and cap: always there for it, and it cannot borrow
//!   from the pool. A reservation of 0 throttles every request.
//! * Every other function meets the account's **unreserved** counter, whose
//!   limit is the account limit less the sum of all reservations, used or not.
//! * Reservations leave the pool its minimum (100 at AWS).
//!
//! So a request meets exactly one limit, and a refusal is exact against it.
//!
//! | type | plane | holds |
//! |---|---|---|
//! | [`Account`] | data, `&self` | the unreserved counter: one word |
//! | [`Gate`] | data, `&self` | one function's counter: one word |
//! | `Parking` | data, `&self` | whether their permits may lie with idle instances |
//! | [`Limits`] | control, `&mut self` | what has been reserved of how much |
//! | [`TokenBucket`] | data, `&self` | how often something may happen: one word |
//! | [`ThrottleReason`] | | why a request was refused, in AWS's words |
//!
//! Limits may change while requests run. Lowering one below what is in flight
//! stops admission and kills nothing, and no unit is lost or minted on the
//! way; the protocol is told at the top of `gate.rs`.
//!
//! ```
//! use warmstow_core::concurrency::{Gate, Limits, ThrottleReason};
//!
//! let (mut limits, account) = Limits::new(1_000, 100);
//! let (checkout, report) = (Gate::new(), Gate::new());
//! limits.set_reserved(&account, &checkout, Some(600))?;
//!
//! // `checkout` is idle, and still only 400 are left for all others.
//! for _ in 0..400 {
//!     report.try_acquire(&account)?;
//! }
//! assert_eq!(
//!     report.try_acquire(&account),
//!     Err(ThrottleReason::ConcurrentInvocationLimitExceeded)
//! );
//! checkout.try_acquire(&account)?;
//!
//! report.release(&account)?;
//! report.try_acquire(&account)?;
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod account;
mod gate;
mod limits;
mod parking;
mod rate;
mod throttle;

pub use account::Account;
pub use gate::{Gate, NotHeld};
pub use limits::{LimitError, Limits};
pub(crate) use parking::{Load, Parking};
pub use rate::{Rate, RateError, TokenBucket};
pub use throttle::ThrottleReason;

#[cfg(test)]
mod tests;
