//! Queues of events by time: ours and the two that simulators usually have.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use warmstow_core::sim::RadixQueue;
use warmstow_core::time::Instant;

/// A queue of numbered events; each peer breaks ties by number.
pub trait TimeQueue: Default {
    /// Adds an event.
    fn push(&mut self, at_ns: u64, number: u32);

    /// Takes the first.
    fn pop(&mut self) -> Option<(u64, u32)>;
}

/// The standard library's heap.
#[derive(Debug, Default)]
pub struct BinaryHeapPeer(BinaryHeap<Reverse<(u64, u32)>>);

impl TimeQueue for BinaryHeapPeer {
    #[inline]
    fn push(&mut self, at_ns: u64, number: u32) {
        self.0.push(Reverse((at_ns, number)));
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        self.0.pop().map(|Reverse(event)| event)
    }
}

/// An implicit heap of four children: half as deep, and a node's children
/// share a cache line.
#[derive(Debug, Default)]
pub struct QuadHeapPeer(Vec<(u64, u32)>);

impl TimeQueue for QuadHeapPeer {
    #[inline]
    fn push(&mut self, at_ns: u64, number: u32) {
        let event = (at_ns, number);
        self.0.push(event);
        let mut at = self.0.len() - 1;
        while at > 0 && event < self.0[(at - 1) / 4] {
            self.0[at] = self.0[(at - 1) / 4];
            at = (at - 1) / 4;
        }
        self.0[at] = event;
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        let last = self.0.pop()?;
        let Some(&first) = self.0.first() else { return Some(last) };
        let (mut at, end) = (0, self.0.len());
        loop {
            let children = 4 * at + 1..(4 * at + 5).min(end);
            let Some(least) = children.min_by_key(|child| self.0[*child]) else { break };
            if last <= self.0[least] {
                break;
            }
            self.0[at] = self.0[least];
            at = least;
        }
        self.0[at] = last;
        Some(first)
    }
}

/// The simulator's queue.
#[derive(Debug)]
pub struct OurQueue(RadixQueue<u32>);

impl Default for OurQueue {
    fn default() -> Self {
        Self(RadixQueue::new())
    }
}

impl TimeQueue for OurQueue {
    #[inline]
    fn push(&mut self, at_ns: u64, number: u32) {
        self.0.push(Instant::from_nanos(at_ns), number);
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        self.0.pop_until(Instant::MAX).map(|(at, number)| (at.as_nanos(), number))
    }
}
