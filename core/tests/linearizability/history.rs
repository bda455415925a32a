//! What is recorded: each call's first and last moment, and its answer.
//!
//! # The two clocks
//!
//! A call *precedes* another if its response came before the other's
//! invocation, that is, if `to < from`. A recorder must never claim that where
//! it is not so (a false alarm), and should miss it rarely (a blind spot).
//!
//! * [`Clock::Counter`]: the count of responses so far. An invocation loads it,
//!   a response adds to it, so the order is that of happens-before, on every
//!   machine. The price is one shared word, which draws the threads together.
//! * [`Clock::Monotonic`]: the system's monotonic clock, between fences. The
//!   threads share no word but those under test; that clocks of two cores agree
//!   is the system's promise.
//!
//! Invocations are even and responses odd, so that equal readings overlap.

use core::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Instant;

/// One call as its thread saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Its invocation.
    pub(crate) from: u64,
    /// Its response.
    pub(crate) to: u64,
    /// What it was, and what was answered.
    pub(crate) done: Done,
}

/// A call with its answer. Functions and slots are indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// Admitted to an idle instance.
    Warm { function: u8, slot: u32 },
    /// Admitted to a new instance.
    Cold { function: u8, slot: u32 },
    /// Refused for want of a unit.
    Throttled { function: u8 },
    /// Completed.
    Completed { function: u8, slot: u32 },
    /// Failed. The instance is told to stop by this answer, or else by a reap
    /// that was under way.
    Failed { function: u8, slot: u32, told: bool },
    /// One step of a reap: an instance that is told to stop, or none was left.
    Reaped { function: u8, slot: Option<u32> },
    /// Reported as stopped.
    Stopped { function: u8, slot: u32 },
    /// The account's limit, less what is reserved of it, was set.
    Limited { unreserved: u32, lowers: bool },
}

/// Where moments come from.
pub(crate) enum Clock {
    Counter(AtomicU64),
    Monotonic(Instant),
}

impl Clock {
    pub(crate) const fn counter() -> Self {
        Self::Counter(AtomicU64::new(0))
    }

    pub(crate) fn monotonic() -> Self {
        Self::Monotonic(Instant::now())
    }

    fn invocation(&self, after: u64) -> u64 {
        match self {
            // ORDERING: Acquire, pairs with the Release in `response`: the
            // calls counted happened before this one.
            Self::Counter(responses) => responses.load(Ordering::Acquire) * 2,
            Self::Monotonic(start) => loop {
                // A thread's own calls follow each other in any case.
                let nanos = u64::try_from(start.elapsed().as_nanos()).expect("not 500 years");
                if nanos * 2 > after {
                    // ORDERING: SeqCst: no access of the call before the reading.
                    fence(Ordering::SeqCst);
                    break nanos * 2;
                }
            },
        }
    }

    fn response(&self) -> u64 {
        match self {
            // ORDERING: Release, pairs with the Acquire in `invocation`.
            Self::Counter(responses) => responses.fetch_add(1, Ordering::Release) * 2 + 1,
            Self::Monotonic(start) => {
                // ORDERING: SeqCst: no access of the call after the reading.
                fence(Ordering::SeqCst);
                u64::try_from(start.elapsed().as_nanos()).expect("not 500 years") * 2 + 1
            }
        }
    }
}

/// One thread's log.
pub(crate) struct Recorder<'a> {
    clock: &'a Clock,
    pub(crate) log: Vec<Call>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(clock: &'a Clock, capacity: usize) -> Self {
        Self { clock, log: Vec::with_capacity(capacity) }
    }

    /// Makes a call; `done` says what its answer was.
    pub(crate) fn call<A>(&mut self, call: impl FnOnce() -> A, done: impl FnOnce(&A) -> Done) -> A {
        let from = self.clock.invocation(self.log.last().map_or(0, |last| last.to));
        let answer = call();
        let to = self.clock.response();
        self.log.push(Call { from, to, done: done(&answer) });
        answer
    }
}
