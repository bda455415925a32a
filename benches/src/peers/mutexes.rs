//! The standard mutex: one around everything, or one for each function.

use std::sync::{Mutex, PoisonError};

use crossbeam_utils::CachePadded;

use super::Guarded;
use super::counter::Counter;
use crate::{Subject, World};

/// One mutex around both counters and every function.
#[derive(Debug)]
pub struct GlobalMutex {
    account_limit: u32,
    state: Mutex<(u32, Vec<Guarded>)>,
}

impl Subject for GlobalMutex {
    type Held<'a> = u32;

    fn new(world: &World) -> Self {
        let functions = (0..world.functions).map(|_| Guarded::new(world)).collect();
        Self { account_limit: world.account_limit, state: Mutex::new((0, functions)) }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<u32> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (in_flight, functions) = &mut *state;
        if *in_flight >= self.account_limit {
            return None;
        }
        let instance = functions[function].take()?;
        *in_flight += 1;
        Some(instance)
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, now_ns: u64, held: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1[function].give_back(held, now_ns);
        state.0 -= 1;
    }
}

/// An atomic counter for the account and a mutex for each function.
#[derive(Debug)]
pub struct MutexEach {
    account: Counter,
    account_limit: u32,
    functions: Vec<CachePadded<Mutex<Guarded>>>,
}

impl Subject for MutexEach {
    type Held<'a> = u32;

    fn new(world: &World) -> Self {
        let function = |_| CachePadded::new(Mutex::new(Guarded::new(world)));
        Self {
            account: Counter::default(),
            account_limit: world.account_limit,
            functions: (0..world.functions).map(function).collect(),
        }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<u32> {
        if !self.account.try_take(self.account_limit) {
            return None;
        }
        let mut state = self.functions[function].lock().unwrap_or_else(PoisonError::into_inner);
        let taken = state.take();
        drop(state);
        if taken.is_none() {
            self.account.give_back();
        }
        taken
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, now_ns: u64, held: u32) {
        let mut state = self.functions[function].lock().unwrap_or_else(PoisonError::into_inner);
        state.give_back(held, now_ns);
        drop(state);
        self.account.give_back();
    }
}
