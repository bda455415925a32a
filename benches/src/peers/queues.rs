//! Idle instances in crossbeam's lock-free queues, used longest ago first.

use crossbeam_queue::{ArrayQueue, SegQueue};

use super::counted::IdleSet;
use super::{Idle, all_idle};

/// crossbeam's bounded queue.
#[derive(Debug)]
pub struct BoundedQueue(ArrayQueue<Idle>);

impl IdleSet for BoundedQueue {
    type Taken<'a> = u32;

    fn new(instances: u32) -> Self {
        let queue = ArrayQueue::new(instances as usize);
        for idle in all_idle(instances) {
            queue.force_push(idle);
        }
        Self(queue)
    }

    #[inline]
    fn take(&self) -> Option<u32> {
        self.0.pop().map(|(instance, _)| instance)
    }

    #[inline]
    fn put_back(&self, taken: u32, now_ns: u64) {
        let pushed = self.0.push((taken, now_ns));
        debug_assert!(pushed.is_ok(), "the queue has room for every instance");
    }
}

/// crossbeam's unbounded queue.
#[derive(Debug)]
pub struct UnboundedQueue(SegQueue<Idle>);

impl IdleSet for UnboundedQueue {
    type Taken<'a> = u32;

    fn new(instances: u32) -> Self {
        let queue = SegQueue::new();
        for idle in all_idle(instances) {
            queue.push(idle);
        }
        Self(queue)
    }

    #[inline]
    fn take(&self) -> Option<u32> {
        self.0.pop().map(|(instance, _)| instance)
    }

    #[inline]
    fn put_back(&self, taken: u32, now_ns: u64) {
        self.0.push((taken, now_ns));
    }
}
