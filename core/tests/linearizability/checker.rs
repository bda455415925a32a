//! Whether a history is linearizable: exact, in time linear in its length.
//!
//! A history is linearizable if every call can be put at one moment between its
//! invocation and its response so that the answers are those of the calls one
//! after the other (Herlihy and Wing, 1990). Deciding that is hard in general,
//! because there is an order to guess and, for each order, a state. Here the
//! answers leave no state to guess: which calls have taken effect says what the
//! object holds. So one walk through time is enough, with the just-in-time
//! method of Lowe ("Testing for linearizability", 2017):
//!
//! * a *configuration* is the set of open calls, at most one a thread, that
//!   have taken effect: with `T` threads one of 2^T bit masks;
//! * at each response, every configuration is extended by every open call that
//!   the object allows, in every order; then only those remain in which the
//!   call that returns has taken effect;
//! * none left: no order explains the history up to there.
//!
//! Extending adds a bit, which makes the mask a larger number, so one pass in
//! ascending order reaches every configuration. A response costs at most
//! `T * 2^T` steps of the object, and about `T` where calls rarely overlap.

use core::fmt;

use super::history::{Call, Done};

/// The most threads of a history: the configurations are the bits of a word.
pub(crate) const MAX_THREADS: usize = 6;

/// An object, one call at a time.
pub(crate) trait Object {
    /// What it is, for a violation.
    fn name(&self) -> String;

    /// What it holds at first.
    fn initial(&self) -> u64;

    /// Whether the call concerns it.
    fn concerns(&self, done: &Done) -> bool;

    /// Whether the object may answer more loosely while this call is open.
    fn loosens(&self, _done: &Done) -> bool {
        false
    }

    /// What it holds after the call; `None` if it does not answer so. Calls
    /// that may come in either order lead to the same. `loose`: how many open
    /// calls loosen it.
    fn after(&self, state: u64, done: &Done, loose: u32) -> Option<u64>;
}

/// A response that no order of the calls explains.
pub(crate) struct Violation {
    object: String,
    call: Call,
    states: Vec<u64>,
    before: Vec<Call>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: no order explains {:?}", self.object, self.call)?;
        writeln!(f, "states it could have met: {:x?}", self.states)?;
        self.before.iter().try_for_each(|call| writeln!(f, "  {call:?}"))
    }
}

/// One walk through a history.
struct Walk<'a, O> {
    object: &'a O,
    open: [Option<&'a Call>; MAX_THREADS],
    /// Bit m: the configuration with mask m is possible.
    possible: u64,
    /// What the object holds in each of them.
    states: [u64; 1 << MAX_THREADS],
}

/// Checks the logs of all threads, each in its order, against `object`.
pub(crate) fn check<O: Object>(object: &O, logs: &[Vec<Call>]) -> Result<(), Violation> {
    assert!(logs.len() <= MAX_THREADS, "one bit a thread");
    let mut walk = Walk {
        object,
        open: [None; MAX_THREADS],
        possible: 1,
        states: [object.initial(); 1 << MAX_THREADS],
    };
    let concerns = |call: &&Call| object.concerns(&call.done) || object.loosens(&call.done);
    let mut calls: Vec<_> = logs.iter().map(|log| log.iter().filter(concerns).peekable()).collect();
    loop {
        let moment = |thread: usize, next: Option<&&Call>| match walk.open[thread] {
            Some(call) => Some((call.to, thread)),
            None => next.map(|call| (call.from, thread)),
        };
        let next = calls.iter_mut().enumerate();
        let Some((_, thread)) = next.filter_map(|(at, next)| moment(at, next.peek())).min() else {
            return Ok(());
        };
        match walk.open[thread] {
            None => walk.open[thread] = calls[thread].next(),
            Some(call) => {
                walk.extend();
                if let Err(states) = walk.respond(thread) {
                    let object = object.name();
                    return Err(Violation {
                        object,
                        call: *call,
                        states,
                        before: ahead(logs, call),
                    });
                }
            }
        }
    }
}

impl<O: Object> Walk<'_, O> {
    /// Lets every open call take effect that can, in every configuration.
    fn extend(&mut self) {
        let loosens = |call: &&&Call| self.object.loosens(&call.done);
        let loose = self.open.iter().flatten().filter(loosens).count() as u32;
        let mut rest = self.possible;
        while rest != 0 {
            let mask = rest.trailing_zeros();
            for (thread, call) in self.open.iter().enumerate() {
                let Some(call) = call.filter(|_| mask >> thread & 1 == 0) else { continue };
                let state = self.states[mask as usize];
                if let Some(after) = self.object.after(state, &call.done, loose) {
                    let more = mask | 1 << thread;
                    let known = self.possible >> more & 1 == 1;
                    assert!(!known || self.states[more as usize] == after, "the order matters");
                    self.states[more as usize] = after;
                    self.possible |= 1 << more;
                }
            }
            // The masks above this one, with those that were just added.
            rest = self.possible & (u64::MAX - 1) << mask;
        }
    }

    /// Keeps the configurations in which the thread's call has taken effect,
    /// and closes it; `Err` gives the states there were if none has.
    fn respond(&mut self, thread: usize) -> Result<(), Vec<u64>> {
        let masks = (0..1_usize << MAX_THREADS).filter(|mask| self.possible >> mask & 1 == 1);
        let mut kept = 0;
        for mask in masks.clone().filter(|mask| mask >> thread & 1 == 1) {
            let closed = mask & !(1 << thread);
            self.states[closed] = self.states[mask];
            kept |= 1 << closed;
        }
        if kept == 0 {
            return Err(masks.map(|mask| self.states[mask]).collect());
        }
        self.possible = kept;
        self.open[thread] = None;
        Ok(())
    }
}

/// The last few calls of each thread before the response of `call`.
fn ahead(logs: &[Vec<Call>], call: &Call) -> Vec<Call> {
    let before = |log: &Vec<Call>| {
        let end = log.partition_point(|other| other.from < call.to);
        log[end.saturating_sub(6)..end].to_vec()
    };
    let mut found: Vec<Call> = logs.iter().flat_map(before).collect();
    found.sort_by_key(|call| call.from);
    found
}
