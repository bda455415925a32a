//! Functions in a map by id: parking_lot's mutex around one, or DashMap.

use core::fmt::Debug;
use std::collections::HashMap;

use dashmap::DashMap;
use parking_lot::Mutex;

use super::counter::Counter;
use super::{Guarded, key};
use crate::{Subject, World};

/// A map from a function's id to its state.
pub trait Table: Send + Debug {
    /// One with every function of `world`.
    fn of(world: &World) -> Self;

    /// Runs `change` on the state of the function `id`, if there is one.
    fn change<T>(&mut self, id: u64, change: impl FnOnce(&mut Guarded) -> T) -> Option<T>;
}

/// The standard library's map, with its own hash.
#[derive(Debug)]
pub struct StdTable(HashMap<u64, Guarded>);

/// hashbrown's map, with its own hash.
#[derive(Debug)]
pub struct HashbrownTable(hashbrown::HashMap<u64, Guarded>);

fn entries(world: &World) -> impl Iterator<Item = (u64, Guarded)> {
    (0..world.functions as usize).map(|function| (key(function), Guarded::new(world)))
}

macro_rules! table {
    ($name:ident) => {
        impl Table for $name {
            fn of(world: &World) -> Self {
                Self(entries(world).collect())
            }

            #[inline]
            fn change<T>(&mut self, id: u64, change: impl FnOnce(&mut Guarded) -> T) -> Option<T> {
                self.0.get_mut(&id).map(change)
            }
        }
    };
}

table!(StdTable);
table!(HashbrownTable);

/// parking_lot's mutex around the account's counter and a map.
#[derive(Debug)]
pub struct ParkingLotPeer<T> {
    account_limit: u32,
    state: Mutex<(u32, T)>,
}

impl<T: Table> Subject for ParkingLotPeer<T> {
    type Held<'a>
        = u32
    where
        T: 'a;

    fn new(world: &World) -> Self {
        Self { account_limit: world.account_limit, state: Mutex::new((0, T::of(world))) }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<u32> {
        let mut state = self.state.lock();
        if state.0 >= self.account_limit {
            return None;
        }
        let instance = state.1.change(key(function), Guarded::take)??;
        state.0 += 1;
        Some(instance)
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, now_ns: u64, held: u32) {
        let mut state = self.state.lock();
        let found = state.1.change(key(function), |state| state.give_back(held, now_ns));
        debug_assert!(found.is_some(), "every function is in the map");
        state.0 -= 1;
    }
}

/// An atomic counter for the account and a DashMap of functions.
#[derive(Debug)]
pub struct DashMapPeer {
    account: Counter,
    account_limit: u32,
    functions: DashMap<u64, Guarded>,
}

impl Subject for DashMapPeer {
    type Held<'a> = u32;

    fn new(world: &World) -> Self {
        Self {
            account: Counter::default(),
            account_limit: world.account_limit,
            functions: entries(world).collect(),
        }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<u32> {
        if !self.account.try_take(self.account_limit) {
            return None;
        }
        let state = self.functions.get_mut(&key(function));
        let taken = state.and_then(|mut state| state.take());
        if taken.is_none() {
            self.account.give_back();
        }
        taken
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, now_ns: u64, held: u32) {
        let state = self.functions.get_mut(&key(function));
        debug_assert!(state.is_some(), "every function is in the map");
        if let Some(mut state) = state {
            state.give_back(held, now_ns);
        }
        self.account.give_back();
    }
}
