//! tokio's semaphores for both limits, and a queue of idle instances.

use crossbeam_queue::ArrayQueue;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Idle, all_idle};
use crate::{Subject, World};

/// A semaphore for the account; for each function one more and a queue.
#[derive(Debug)]
pub struct Semaphores {
    account: Semaphore,
    functions: Vec<(Semaphore, ArrayQueue<Idle>)>,
}

/// An instance and the two permits; dropping it gives the permits back.
#[derive(Debug)]
pub struct Permitted<'a> {
    instance: u32,
    _function: SemaphorePermit<'a>,
    _account: SemaphorePermit<'a>,
}

impl Subject for Semaphores {
    type Held<'a> = Permitted<'a>;

    fn new(world: &World) -> Self {
        let function = |_| {
            let idle = ArrayQueue::new(world.instances as usize);
            for instance in all_idle(world.instances) {
                idle.force_push(instance);
            }
            (Semaphore::new(world.instances as usize), idle)
        };
        Self {
            account: Semaphore::new(world.account_limit as usize),
            functions: (0..world.functions).map(function).collect(),
        }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<Permitted<'_>> {
        let account = self.account.try_acquire().ok()?;
        let (limit, idle) = &self.functions[function];
        let permit = limit.try_acquire().ok()?;
        let (instance, _) = idle.pop()?;
        Some(Permitted { instance, _function: permit, _account: account })
    }

    #[inline]
    fn release<'a>(&'a self, _thread: usize, function: usize, now_ns: u64, held: Permitted<'a>) {
        let pushed = self.functions[function].1.push((held.instance, now_ns));
        debug_assert!(pushed.is_ok(), "the queue has room for every instance");
    }
}
