//! The events still to come, in the order in which they happen.
//!
//! Order: time, then class (what happens first at one instant), then the order
//! of scheduling, so a run is reproducible. Each class has a [`RadixQueue`] of
//! its own, which keeps time and order of scheduling; the class is which of
//! the two an event is in. So no event carries a rank, and expiries, which all
//! but always come in the order in which they were scheduled, do not mix with
//! requests, which do not. Nothing else of the simulator depends on how the
//! queue works inside.

mod buckets;
mod radix;
#[cfg(all(test, not(loom)))]
mod tests;

pub use radix::RadixQueue;

use crate::time::Instant;

/// What is taken from an [`EventQueue`], by class; a lower class is first.
///
/// Requests end before instances expire and instances expire before requests
/// arrive (arrivals come from the workload and are taken after every event of
/// their instant). So a request can reuse an instance freed at its own
/// instant, but not one whose keep-alive has run out at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event<R, E> {
    /// A cold start is over, or a request ends.
    Request(R),
    /// The keep-alive of an instance runs out.
    Expiry(E),
}

/// A queue of events of two classes; cost as [`RadixQueue`].
#[derive(Debug)]
pub(super) struct EventQueue<R, E> {
    requests: RadixQueue<R>,
    expiries: RadixQueue<E>,
}

impl<R: Copy, E: Copy> EventQueue<R, E> {
    pub(super) fn new() -> Self {
        Self { requests: RadixQueue::new(), expiries: RadixQueue::new() }
    }

    #[inline]
    pub(super) fn push_request(&mut self, at: Instant, request: R) {
        self.requests.push(at, request);
    }

    #[inline]
    pub(super) fn push_expiry(&mut self, at: Instant, expiry: E) {
        self.expiries.push(at, expiry);
    }

    /// Takes the first event at or before `until`.
    ///
    /// Only the class that may hold the first event is looked into, so neither
    /// queue prepares for times that the other has not come to.
    #[inline]
    pub(super) fn pop_until(&mut self, until: Instant) -> Option<(Instant, Event<R, E>)> {
        loop {
            let (request, expiry) = (self.requests.bound(), self.expiries.bound());
            let is_request = match (request, expiry) {
                (Some(request), Some(expiry)) => request <= expiry,
                (request, _) => request.is_some(),
            };
            if (if is_request { request } else { expiry })? > until {
                return None;
            }
            let taken = if is_request {
                self.requests.take().map(|(at, payload)| (at, Event::Request(payload)))
            } else {
                self.expiries.take().map(|(at, payload)| (at, Event::Expiry(payload)))
            };
            if taken.is_some() {
                return taken;
            }
        }
    }
}
