//! The peers: what a platform would write today from the usual parts.

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;

use crate::{ACCOUNT_LIMIT, INSTANCES, Subject};

/// An idle instance and when it was last used.
type Idle = (u32, u64);

fn all_idle() -> impl Iterator<Item = Idle> {
    (0..INSTANCES).map(|instance| (instance, 0))
}

/// One standard mutex around the counters and a queue of idle instances.
#[derive(Debug)]
pub struct MutexPeer {
    state: Mutex<Guarded>,
}

#[derive(Debug)]
struct Guarded {
    account: u32,
    function: u32,
    idle: VecDeque<Idle>,
}

impl Default for MutexPeer {
    fn default() -> Self {
        let idle = all_idle().collect();
        Self { state: Mutex::new(Guarded { account: 0, function: 0, idle }) }
    }
}

impl Subject for MutexPeer {
    type Held = u32;

    #[inline]
    fn acquire(&self, _now_ns: u64) -> Option<u32> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.account >= ACCOUNT_LIMIT || state.function >= INSTANCES {
            return None;
        }
        // The end that was used last: the others may expire.
        let (instance, _) = state.idle.pop_back()?;
        state.account += 1;
        state.function += 1;
        Some(instance)
    }

    #[inline]
    fn release(&self, now_ns: u64, held: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.push_back((held, now_ns));
        state.account -= 1;
        state.function -= 1;
    }
}

/// Atomic counters and crossbeam's bounded queue of idle instances.
#[derive(Debug)]
pub struct ArrayQueuePeer {
    account: CachePadded<AtomicU32>,
    function: CachePadded<AtomicU32>,
    idle: ArrayQueue<Idle>,
}

impl Default for ArrayQueuePeer {
    fn default() -> Self {
        let idle = ArrayQueue::new(INSTANCES as usize);
        for instance in all_idle() {
            idle.force_push(instance);
        }
        Self { account: CachePadded::default(), function: CachePadded::default(), idle }
    }
}

fn admit(counter: &AtomicU32, limit: u32) -> bool {
    let below = |value| (value < limit).then_some(value + 1);
    counter.fetch_update(Ordering::AcqRel, Ordering::Relaxed, below).is_ok()
}

impl Subject for ArrayQueuePeer {
    type Held = u32;

    #[inline]
    fn acquire(&self, _now_ns: u64) -> Option<u32> {
        if !admit(&self.account, ACCOUNT_LIMIT) {
            return None;
        }
        if admit(&self.function, INSTANCES) {
            if let Some((instance, _)) = self.idle.pop() {
                return Some(instance);
            }
            self.function.fetch_sub(1, Ordering::AcqRel);
        }
        self.account.fetch_sub(1, Ordering::AcqRel);
        None
    }

    #[inline]
    fn release(&self, now_ns: u64, held: u32) {
        self.idle.force_push((held, now_ns));
        self.function.fetch_sub(1, Ordering::AcqRel);
        self.account.fetch_sub(1, Ordering::AcqRel);
    }
}
