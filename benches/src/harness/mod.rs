//! Cells of one or more threads, which criterion cannot measure.
//!
//! A cell is a number of threads, a world and a load; [`measure`] gives its
//! rate and its tail. How that is made trustworthy on shared machines:
//!
//! * Each thread is pinned to a core of its own. Where there are more threads
//!   than cores the row is marked as oversubscribed.
//! * The rate comes from repetitions of fixed duration in which every thread
//!   counts what it did, by its own clock, read once in 128 pairs. A
//!   repetition of fixed length has no tail in which a fast thread has gone and
//!   a slow one meets no contention.
//! * Where another job holds one of the cores the threads take turns, and
//!   contention looks cheap. So neighbours play a rally, a flag sent to and
//!   fro, before and after each repetition; one that is slower than two cores
//!   can be drops it, and so does a thread that the system preempted for
//!   another job meanwhile. A row of which fewer than three remain is marked `?`.
//! * Tails are timed pair by pair, apart from the rate, because a clock read
//!   costs as much as a pair. The cost of two reads in a row is subtracted.

mod cell;
mod clock;
mod cores;
mod measure;
mod rally;
mod requests;
mod tail;

pub use cell::{Cell, Pressure, cells, thread_counts};
pub use clock::Clock;
pub use cores::Cores;
pub(crate) use measure::median;
pub use measure::{Effort, Measured, measure};
pub use requests::{Pattern, Requests};
pub use tail::Tail;
