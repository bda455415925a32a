//! The end of an instance's life: drained, reaped, stopped.

use core::fmt;

use super::SlotError;
use super::instances::Pool;
use super::slot::{self, MAX_GENERATION, Slot, State};
use crate::id::SlotId;
use crate::sync::Storage;
use crate::time::{Duration, Instant};

/// What [`Pool::reap_one`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaped {
    /// It was idle for its keep-alive: stop it, then report
    /// [`Pool::stopped`].
    Stop,
    /// It starts, serves a request, was told to stop, or another reaper looks
    /// at it at this moment. A host with a timer for each instance sets the
    /// next one when a request of it completes, and sweeps with
    /// [`Pool::reap`] now and then.
    Busy,
    /// It is idle and expires at this time if no request comes.
    Until(Instant),
}

impl<W: Storage> Pool<W> {
    /// Takes an instance out of service: it gets no more requests, and those
    /// in flight finish. `Some(slot)` if it had none: stop it, then report
    /// [`Pool::stopped`]. Else the release of its last request says so, or,
    /// where a claim met it on the way out, the next [`Pool::reap`] or
    /// [`Pool::reap_one`]: go on reaping after a drain. Draining an instance
    /// that drains is no error and changes nothing.
    ///
    /// # Errors
    ///
    /// An instance that has been told to stop or has stopped.
    pub fn drain(&self, slot: SlotId) -> Result<Option<SlotId>, SlotError> {
        let instance = self.index_of(slot).ok_or(SlotError::Stale { slot })?;
        let word = self.slot_word(instance);
        let generation = slot.generation().get();
        let begun = slot::update(word, |seen| {
            if seen.generation == generation { self.begin_drain(seen) } else { None }
        });
        match begun {
            Ok((before, _)) => {
                if before.state == State::Active {
                    self.withdraw_all(instance);
                }
                Ok(self.report(instance, generation))
            }
            Err(seen) if seen.generation != generation => Err(SlotError::Stale { slot }),
            Err(seen) => match seen.state {
                State::Draining | State::Drained => Ok(self.report(instance, generation)),
                _ => Err(SlotError::Stale { slot }),
            },
        }
    }

    /// As [`Pool::drain`] for a caller who holds a seat of the instance, and
    /// so cannot meet another generation; reports nothing.
    pub(super) fn drain_pinned(&self, instance: u32) {
        let begun = slot::update(self.slot_word(instance), |seen| self.begin_drain(seen));
        if let Ok((Slot { state: State::Active, .. }, _)) = begun {
            self.withdraw_all(instance);
        }
    }

    /// Transition 3. The seats of a starting instance other than its first
    /// were never opened: they count as collected.
    fn begin_drain(&self, seen: Slot) -> Option<Slot> {
        let unopened = self.config().instance_concurrency - 1;
        let collected = match seen.state {
            State::Starting => unopened,
            State::Active => 0,
            _ => return None,
        };
        Some(Slot { state: State::Draining, collected, ..seen })
    }

    /// Takes the free seats of a draining instance out of the idle set.
    fn withdraw_all(&self, instance: u32) {
        self.for_each_leaf(instance, |leaf, mask| {
            let got = self.idle().withdraw(leaf, mask);
            if got != 0 {
                self.settle(instance, leaf, got);
            }
        });
    }

    /// The instance was draining after an insertion: takes back what of it no
    /// one else has taken, and collects it.
    #[cold]
    pub(super) fn recheck(&self, instance: u32, leaf: usize, mask: u32) -> Option<SlotId> {
        let got = self.idle().withdraw(leaf, mask);
        self.collect(instance, leaf, got)
    }

    /// Settles seats that the caller owns, and reports the instance in the slot
    /// if it is drained and no one has: usually because that was its last seat.
    #[inline(never)]
    pub(super) fn collect(&self, instance: u32, leaf: usize, owned: u32) -> Option<SlotId> {
        self.settle(instance, leaf, owned);
        self.report(instance, slot::read(self.slot_word(instance)).generation)
    }

    /// Collects seats that the caller owns, or inserts them again where the
    /// instance is in service (it can be: a thread that was slow to withdraw
    /// gets the seats of a later instance in the same slot).
    pub(super) fn settle(&self, instance: u32, leaf: usize, owned: u32) {
        let total = self.config().instance_concurrency;
        let mut owned = owned;
        while owned != 0 {
            let collected = slot::update(self.slot_word(instance), |seen| {
                (seen.state == State::Draining)
                    .then(|| slot::collect(seen, owned.count_ones(), total))
            });
            let Err(seen) = collected else { return };
            debug_assert_eq!(seen.state, State::Active, "a held seat pins the generation");
            self.idle().insert(leaf, owned);
            if slot::read(self.slot_word(instance)).state == State::Active {
                return;
            }
            owned = self.idle().withdraw(leaf, owned);
        }
    }

    /// Transition 5: the one caller that wins it tells the host to stop the
    /// instance.
    pub(super) fn report(&self, instance: u32, generation: u32) -> Option<SlotId> {
        let won = slot::update(self.slot_word(instance), |seen| {
            (seen.generation == generation && seen.state == State::Drained)
                .then_some(Slot { state: State::Stopping, ..seen })
        });
        won.ok().map(|(_, stopping)| self.slot_id(instance, stopping))
    }

    /// The instances that are to be stopped now: those idle for `keep_alive`
    /// or longer since their last request, and those drained that no one has
    /// reported. For each: stop it, then report [`Pool::stopped`].
    ///
    /// One is taken at each step of the iterator; those not yet taken stay in
    /// service. O(instances) in all.
    pub const fn reap(&self, now: Instant, keep_alive: Duration) -> Reap<'_, W> {
        Reap { pool: self, now, keep_alive, next: 0 }
    }

    /// Takes one instance out of service if it was idle for `keep_alive` or
    /// longer; else says until when it may stay.
    ///
    /// # Errors
    ///
    /// An instance that has stopped.
    pub fn reap_one(
        &self,
        now: Instant,
        keep_alive: Duration,
        slot: SlotId,
    ) -> Result<Reaped, SlotError> {
        let instance = self.index_of(slot).ok_or(SlotError::Stale { slot })?;
        let seen = slot::read(self.slot_word(instance));
        let ended = matches!(seen.state, State::Vacant | State::Retired);
        if seen.generation != slot.generation().get() || ended {
            return Err(SlotError::Stale { slot });
        }
        Ok(self.reap_at(now, keep_alive, instance, seen))
    }

    fn reap_at(&self, now: Instant, keep_alive: Duration, instance: u32, seen: Slot) -> Reaped {
        if seen.state == State::Active {
            let last_used = self.last_used(instance);
            if now.since(last_used) < keep_alive {
                let until = Reaped::Until(last_used.after(keep_alive));
                return if self.is_idle(instance) { until } else { Reaped::Busy };
            }
            if !self.claim_whole(instance) {
                return Reaped::Busy;
            }
            if let Some(reaped) = self.reap_claimed(now, keep_alive, instance, seen) {
                return reaped;
            }
            // It stays, or a drain came first: the seats go where they belong.
            self.for_each_leaf(instance, |leaf, mask| self.settle(instance, leaf, mask));
        }
        match self.report(instance, seen.generation) {
            Some(_) => Reaped::Stop,
            None => Reaped::Busy,
        }
    }

    /// Every seat of the instance is in hand, so nothing moves: `Some` if it
    /// is now being stopped; `None` if the seats are to be put back.
    fn reap_claimed(
        &self,
        now: Instant,
        keep_alive: Duration,
        instance: u32,
        seen: Slot,
    ) -> Option<Reaped> {
        // Was it used meanwhile?
        let expired = now.since(self.last_used(instance)) >= keep_alive;
        let stopping = slot::update(self.slot_word(instance), |slot| {
            let same = slot.generation == seen.generation && slot.state == State::Active;
            (same && expired).then_some(Slot { state: State::Stopping, ..slot })
        });
        stopping.is_ok().then_some(Reaped::Stop)
    }

    /// Whether all seats of the instance are in the idle set; a moment's view.
    fn is_idle(&self, instance: u32) -> bool {
        let mut idle = true;
        self.for_each_leaf(instance, |leaf, mask| idle &= self.idle().has(leaf, mask));
        idle
    }

    /// Visits every started instance without a request; a moment's view.
    /// O(seats).
    pub fn for_each_idle(&self, mut visit: impl FnMut(SlotId)) {
        for instance in 0..self.config().max_instances {
            let seen = slot::read(self.slot_word(instance));
            if seen.state == State::Active && self.is_idle(instance) {
                visit(self.slot_id(instance, seen));
            }
        }
    }

    /// Claims every seat of the instance, or none. An instance of up to 16
    /// seats is one compare-exchange; of a larger one, what was claimed before
    /// a busy seat was met goes back.
    pub(super) fn claim_whole(&self, instance: u32) -> bool {
        let mut claimed = 0;
        let mut whole = true;
        self.for_each_leaf(instance, |leaf, mask| {
            whole = whole && self.idle().claim_all(leaf, mask);
            claimed += usize::from(whole);
        });
        if !whole {
            let mut left = claimed;
            self.for_each_leaf(instance, |leaf, mask| {
                if left > 0 {
                    left -= 1;
                    self.settle(instance, leaf, mask);
                }
            });
        }
        whole
    }

    /// Reports that the host has stopped the instance: its slot is vacant
    /// again, and the `place` that it was started with comes back.
    ///
    /// # Errors
    ///
    /// An instance that was not told to stop, or has stopped before.
    pub fn stopped(&self, slot: SlotId) -> Result<u32, SlotError> {
        let instance = self.index_of(slot).ok_or(SlotError::Stale { slot })?;
        let ended = slot::update(self.slot_word(instance), |seen| {
            let told = seen.generation == slot.generation().get() && seen.state == State::Stopping;
            told.then(|| {
                if seen.generation == MAX_GENERATION {
                    Slot { state: State::Retired, ..seen }
                } else {
                    Slot::vacant(seen.generation + 1)
                }
            })
        });
        match ended {
            Ok((before, after)) => {
                if after.state == State::Vacant {
                    self.vacate(instance);
                }
                Ok(before.place)
            }
            Err(seen) if seen.generation != slot.generation().get() => {
                Err(SlotError::Stale { slot })
            }
            Err(Slot { state: State::Vacant | State::Retired, .. }) => {
                Err(SlotError::Stale { slot })
            }
            Err(_) => Err(SlotError::NotStopping { slot }),
        }
    }

    /// Where the instance runs: the `place` that it was started with.
    ///
    /// # Errors
    ///
    /// An instance that has stopped.
    pub fn place(&self, slot: SlotId) -> Result<u32, SlotError> {
        let instance = self.index_of(slot).ok_or(SlotError::Stale { slot })?;
        let seen = slot::read(self.slot_word(instance));
        let live = seen.generation == slot.generation().get()
            && !matches!(seen.state, State::Vacant | State::Retired);
        if live { Ok(seen.place) } else { Err(SlotError::Stale { slot }) }
    }
}

/// The instances to stop, one at each step; see [`Pool::reap`].
#[must_use = "an iterator does nothing until it is stepped"]
pub struct Reap<'a, W> {
    pool: &'a Pool<W>,
    now: Instant,
    keep_alive: Duration,
    next: u32,
}

impl<W: Storage> Iterator for Reap<'_, W> {
    type Item = SlotId;

    fn next(&mut self) -> Option<SlotId> {
        while self.next < self.pool.config().max_instances {
            let instance = self.next;
            self.next += 1;
            let seen = slot::read(self.pool.slot_word(instance));
            if self.pool.reap_at(self.now, self.keep_alive, instance, seen) == Reaped::Stop {
                return Some(self.pool.slot_id(instance, seen));
            }
        }
        None
    }
}

impl<W> fmt::Debug for Reap<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reap").field("now", &self.now).field("next", &self.next).finish()
    }
}
