//! Requests in flight, and the instances that serve them, as the replay needs
//! to know them to schedule their ends.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::books::End;
use crate::function::{Environment, Lease};
use crate::id::SlotId;
use crate::time::Duration;

/// A request that is being served.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) lease: Lease,
    pub(super) slot: SlotId,
    pub(super) function: u32,
    pub(super) init: Duration,
    pub(super) run: Duration,
    pub(super) end: End,
}

/// What is under way, by number; numbers are used again.
#[derive(Debug)]
pub(super) struct Flights<T = Flight> {
    entries: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), free: Vec::new() }
    }
}

impl<T> Flights<T> {
    /// Keeps `flight` and gives it a number. There are never 2^32: an account
    /// admits fewer.
    #[inline]
    pub(super) fn insert(&mut self, flight: T) -> u32 {
        if let Some(number) = self.free.pop() {
            self.entries[number as usize] = Some(flight);
            return number;
        }
        self.entries.push(Some(flight));
        u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.entries.get(number as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn remove(&mut self, number: u32) -> Option<T> {
        let flight = self.entries.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(flight)
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}

/// An instance that the region has told the replay to start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    pub(super) generation: NonZeroU32,
    pub(super) in_flight: u32,
    /// Whether its expiry is in the queue; at most one is.
    pub(super) expiry_pending: bool,
    /// The index of its node, where there are nodes.
    pub(super) node: Option<u32>,
    /// Where it stands, if it outlives crashes and timeouts.
    pub(super) environment: Environment,
}

/// The instances of one function, by slot.
#[derive(Debug, Default)]
pub(super) struct Instances {
    slots: Vec<Option<Tracked>>,
}

impl Instances {
    /// An instance starts in `slot`.
    pub(super) fn start(&mut self, slot: SlotId, node: Option<u32>) {
        let at = slot.index() as usize;
        if at >= self.slots.len() {
            self.slots.resize(at + 1, None);
        }
        self.slots[at] = Some(Tracked {
            generation: slot.generation(),
            in_flight: 0,
            expiry_pending: false,
            node,
            environment: Environment::Fresh,
        });
    }

    /// The instance, unless it has stopped.
    #[inline]
    pub(super) fn get_mut(&mut self, slot: SlotId) -> Option<&mut Tracked> {
        let tracked = self.slots.get_mut(slot.index() as usize)?.as_mut()?;
        (tracked.generation == slot.generation()).then_some(tracked)
    }

    /// The instance has stopped.
    pub(super) fn stop(&mut self, slot: SlotId) -> Option<Tracked> {
        self.get_mut(slot)?;
        self.slots.get_mut(slot.index() as usize)?.take()
    }
}
