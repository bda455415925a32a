//! The events still to come, in the order in which they happen.
//!
//! Order: time, then class (what happens first at one instant), then the order
//! of scheduling, so no two events compare equal and a run is reproducible.
//! Nothing else of the simulator depends on how the queue works inside.

use alloc::collections::BinaryHeap;
use core::cmp::Ordering as Compared;

use crate::time::Instant;

/// What happens first at one instant: a lower class.
///
/// Requests end before instances expire and instances expire before requests
/// arrive (arrivals come from the workload and are taken after every event of
/// their instant). So a request can reuse an instance freed at its own
/// instant, but not one whose keep-alive has run out at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A cold start is over, or a request ends.
    Request,
    /// The keep-alive of an instance runs out.
    Expiry,
}

/// A queue of payloads `T`.
///
/// Push and pop are O(log n) of the number of events pending.
#[derive(Debug)]
pub(super) struct EventQueue<T> {
    heap: BinaryHeap<Event<T>>,
    scheduled: u64,
}

#[derive(Debug)]
struct Event<T> {
    at: Instant,
    /// Class in the top bit, number of scheduling below.
    rank: u64,
    payload: T,
}

/// Scheduling numbers below the class bit: 9e18, no run reaches it.
const CLASS_BIT: u64 = 1 << 63;

impl<T> EventQueue<T> {
    pub(super) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), scheduled: 0 }
    }

    /// Adds an event.
    #[inline]
    pub(super) fn push(&mut self, at: Instant, class: Class, payload: T) {
        let class = match class {
            Class::Request => 0,
            Class::Expiry => CLASS_BIT,
        };
        self.heap.push(Event { at, rank: class | self.scheduled, payload });
        self.scheduled += 1;
    }

    /// Takes the first event at or before `until`.
    #[inline]
    pub(super) fn pop_until(&mut self, until: Instant) -> Option<(Instant, T)> {
        if self.heap.peek()?.at > until {
            return None;
        }
        self.heap.pop().map(|event| (event.at, event.payload))
    }
}

impl<T> Event<T> {
    /// Time and rank as one number: one comparison.
    #[inline]
    const fn key(&self) -> u128 {
        (self.at.as_nanos() as u128) << 64 | self.rank as u128
    }
}

impl<T> PartialEq for Event<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Event<T> {}

impl<T> PartialOrd for Event<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Compared> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Event<T> {
    /// Reversed: the heap of the standard library keeps its greatest on top.
    #[inline]
    fn cmp(&self, other: &Self) -> Compared {
        other.key().cmp(&self.key())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn drain(queue: &mut EventQueue<char>) -> Vec<(u64, char)> {
        core::iter::from_fn(|| queue.pop_until(Instant::MAX))
            .map(|(at, payload)| (at.as_nanos(), payload))
            .collect()
    }

    #[test]
    fn events_come_by_time_then_class_then_order_of_scheduling() {
        let mut queue = EventQueue::new();
        for (at, class, payload) in [
            (5, Class::Expiry, 'd'),
            (5, Class::Request, 'b'),
            (7, Class::Request, 'f'),
            (5, Class::Request, 'c'),
            (1, Class::Expiry, 'a'),
            (5, Class::Expiry, 'e'),
        ] {
            queue.push(Instant::from_nanos(at), class, payload);
        }
        let want = [(1, 'a'), (5, 'b'), (5, 'c'), (5, 'd'), (5, 'e'), (7, 'f')];
        assert_eq!(drain(&mut queue), want);
    }

    #[test]
    fn an_event_after_the_limit_stays() {
        let mut queue = EventQueue::new();
        queue.push(Instant::from_nanos(5), Class::Request, 'a');
        assert_eq!(queue.pop_until(Instant::from_nanos(4)), None);
        assert!(queue.pop_until(Instant::from_nanos(5)).is_some());
        assert_eq!(queue.pop_until(Instant::MAX), None);
    }
}
