//! Instances of one function: which one serves the next request, which are
//! started, and which are stopped.
//!
//! A request takes a **seat** of an idle instance (warm start) or starts an
//! instance (cold start). After the request the instance waits for the next;
//! idle longer than its keep-alive it is reaped. A seat is one request's place:
//! an instance has one (as AWS Lambda has it), or as many as its concurrency.
//!
//! ```
//! use warmstow_core::pool::{Pool, PoolConfig};
//! use warmstow_core::time::{Duration, Instant};
//!
//! let pool = Pool::new(PoolConfig::new(2))?;
//! let at = Instant::from_secs;
//!
//! assert!(pool.claim(at(0)).is_none(), "no instance yet: a cold start");
//! let vacancy = pool.begin().ok_or("full")?;
//! let cold = vacancy.start(0);
//! pool.started(&cold.seat)?;
//! pool.release(at(1), cold.seat)?;
//!
//! let warm = pool.claim(at(2)).ok_or("the instance is idle")?;
//! assert_eq!(warm.slot, cold.slot);
//! pool.release(at(3), warm.seat)?;
//!
//! let keep_alive = Duration::from_secs(600);
//! assert_eq!(pool.reap(at(602), keep_alive).count(), 0);
//! let expired: Vec<_> = pool.reap(at(603), keep_alive).collect();
//! assert_eq!(expired, [cold.slot]);
//! pool.stopped(cold.slot)?;
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Threads, allocation, cost
//!
//! Every method takes `&self`, may be called from any thread and is lock-free:
//! a thread that stops anywhere stops no other. Nothing is allocated after
//! construction. A claim, a release and a start are O(1) in the usual case; a
//! claim that finds nothing has read every leaf of the idle set twice (one word
//! for 16 seats, or 8) to be sure of it.
//!
//! # How exact
//!
//! A claim answers "none" only if at one instant during the call no seat was
//! in the idle set. A seat that another thread holds in the middle of a call
//! is not in the set: a release counts from the moment it puts the seat back,
//! and while a [`reap`](Pool::reap) looks at an instance its seats are out.
//! So a claim can miss at most one idle instance for each thread that is in a
//! reap, or in a drain so slow that the slot has gone on to its next instance,
//! at that moment, and nothing else.
//!
//! The files: `claim_set` (the sets of idle seats and of vacant slots) over `leaf`
//! (one word of them), `slot` (an instance's life), `seat` (who holds a seat),
//! `shape` and `words` (where they are), `instances` (requests), `parked`
//! (requests whose permit lies with the seat), `lifecycle` (drain, reap, stop).

mod claim_set;
mod config;
mod error;
mod instances;
mod leaf;
mod lifecycle;
mod parked;
mod seat;
mod shape;
mod slot;
mod words;

#[cfg(test)]
mod tests;

pub use config::{Pick, PoolConfig, PoolConfigError};
pub use error::{SeatError, SlotError};
pub use instances::{Claim, FixedPool, Pool, Tally, Vacancy};
pub use lifecycle::{Reap, Reaped};
pub(crate) use parked::{Parked, Short};
pub use seat::Seat;
pub use slot::MAX_PLACE;
