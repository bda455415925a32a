//! A queue by time for simulations, where time only goes forward: a radix heap
//! of eight-bit digits with a sorted front.
//!
//! ```text
//!   near   sorted: every event up to and at `near_last`, soonest first
//!   far    the later ones, unsorted, in buckets of 1, 256, 65,536, .. ns
//! ```
//!
//! An event goes down from wide buckets to narrow ones until its bucket is
//! small enough to be sorted, which is then the new front; that is at most
//! once for each digit of its time, two or three times in practice, and each
//! move reads and writes memory in order. A binary heap moves an event for
//! every halving of the queue, each time to another part of memory. (The radix
//! heap is R. Ahuja, K. Mehlhorn, J. Orlin and R. Tarjan, "Faster algorithms
//! for the shortest path problem", J. ACM 37(2), 1990.)
//!
//! # Order
//!
//! By time, and at one instant in the order of pushing. Two events of one
//! instant are always in the same place, front or bucket, the later behind the
//! earlier: a bucket is emptied in order, only into buckets that are empty, and
//! the sort is stable.
//!
//! # Cost
//!
//! O(1) for each digit, amortised. Whatever the times, an insertion into the
//! front shifts at most [`MAX_SHIFT`] events; where it would shift more, what
//! follows it goes back into buckets, each narrower than the one that it came
//! from, so that this happens to an event once for each digit too. Events pushed
//! in order of time cost a write at the end and nothing else.

use alloc::collections::VecDeque;

use super::buckets::Buckets;
use crate::time::Instant;

/// A payload and when it happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed<T> {
    pub(super) at: u64,
    pub(super) payload: T,
}

/// How many events an insertion into the front may shift.
const MAX_SHIFT: usize = 32;

/// A bucket of at most so many events is sorted rather than divided.
const MAX_SORTED: u32 = 96;

/// A queue of payloads `T` by time, then by order of pushing.
///
/// Meant for pushes at or after the time last taken. Earlier ones are kept in
/// order too; many of them would be slow.
#[derive(Debug)]
pub struct RadixQueue<T> {
    near: VecDeque<Timed<T>>,
    near_last: u64,
    far: Buckets<T>,
}

impl<T: Copy> RadixQueue<T> {
    /// An empty queue.
    #[expect(clippy::new_without_default, reason = "a queue is made by name, in two places")]
    pub fn new() -> Self {
        Self { near: VecDeque::new(), near_last: u64::MAX, far: Buckets::new() }
    }

    /// Adds an event.
    #[inline]
    pub fn push(&mut self, at: Instant, payload: T) {
        let event = Timed { at: at.as_nanos(), payload };
        if event.at > self.near_last {
            self.far.push(event);
        } else if self.near.back().is_none_or(|last| last.at <= event.at) {
            self.near.push_back(event);
        } else {
            self.insert(event);
        }
    }

    /// No event is before this time; `None`: there is no event.
    #[inline]
    pub fn bound(&self) -> Option<Instant> {
        let near = self.near.front().map(|event| event.at);
        near.or_else(|| self.far.first_start()).map(Instant::from_nanos)
    }

    /// Takes the first event at or before `until`.
    #[inline]
    pub fn pop_until(&mut self, until: Instant) -> Option<(Instant, T)> {
        loop {
            if self.bound()? > until {
                return None;
            }
            if let Some(taken) = self.take() {
                return Some(taken);
            }
        }
    }

    /// Takes the event at [`Self::bound`]. `None`: the bound was only a bound,
    /// and is nearer to the first event now.
    #[inline]
    pub fn take(&mut self) -> Option<(Instant, T)> {
        let Some(event) = self.near.pop_front() else {
            self.refill();
            return None;
        };
        Some((Instant::from_nanos(event.at), event.payload))
    }

    /// Moves the first bucket to the front, or into narrower buckets.
    fn refill(&mut self) {
        let Some(first) = self.far.first() else { return };
        if first.is_instant() || self.far.len_of(first) <= MAX_SORTED {
            let near = &mut self.near;
            self.far.empty(first, |event| near.push_back(event));
            if !first.is_instant() {
                near.make_contiguous().sort_by_key(|event| event.at);
            }
            // Where nothing is left behind it, the front may as well take all.
            self.near_last = if self.far.is_empty() { u64::MAX } else { self.far.last_of(first) };
        } else {
            self.far.divide(first);
        }
    }

    /// Puts an event where it belongs in the front, which is not its end.
    fn insert(&mut self, event: Timed<T>) {
        let position = self.near.partition_point(|other| other.at <= event.at);
        if position.min(self.near.len() - position) > MAX_SHIFT {
            // Times before the pivot have no bucket.
            let kept = event.at.max(self.far.pivot().saturating_sub(1));
            let later = self.near.partition_point(|other| other.at <= kept);
            self.near.drain(later..).for_each(|later| self.far.push(later));
            self.near_last = kept;
        }
        self.near.insert(position, event);
    }
}
