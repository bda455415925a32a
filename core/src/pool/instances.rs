//! The pool as requests see it: claim, start, started, release.

use core::fmt;
use core::mem::ManuallyDrop;

use super::claim_set::{ClaimSet, Epoch};
use super::seat::HeldWord;
use super::shape::{LINE, Layout};
use super::slot::{self, Slot, State};
use super::words::Around;
use super::{Pick, PoolConfig, PoolConfigError, Seat, SeatError, seat};
use crate::id::{Lane, SlotId};
use crate::sync::{AtomicU64, Ordering, Storage};
use crate::time::Instant;

/// The instances of one function; see the [module](super).
///
/// `W` is where its words are: on the heap ([`Pool::new`]), in place
/// ([`FixedPool`]), or lent by the caller ([`Pool::new_in`] over a slice).
pub struct Pool<W> {
    pub(super) words: W,
    pub(super) layout: Layout,
    pub(super) config: PoolConfig,
    clock_regressions: AtomicU64,
}

/// A pool in place, without an allocator. `WORDS` comes from
/// [`PoolConfig::words`]:
///
/// ```
/// use warmstow_core::pool::{FixedPool, PoolConfig};
///
/// const SHAPE: PoolConfig = PoolConfig::new(64);
/// let pool: FixedPool<{ SHAPE.words() }> = FixedPool::fixed(SHAPE)?;
/// assert_eq!(pool.config().max_instances, 64);
/// # Ok::<(), warmstow_core::pool::PoolConfigError>(())
/// ```
pub type FixedPool<const WORDS: usize> = Pool<heapless::Vec<AtomicU64, WORDS>>;

/// A seat that a request holds, and the instance that it is in.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a seat is held until it is given back"]
pub struct Claim {
    /// The instance.
    pub slot: SlotId,
    /// The seat.
    pub seat: Seat,
}

/// A vacant slot that the caller holds while it finds a place for the
/// instance. [`Vacancy::start`] uses it; dropped, it is vacant again.
#[must_use = "a vacancy that is dropped is given back"]
pub struct Vacancy<'a, W: Storage> {
    pool: &'a Pool<W>,
    index: u32,
}

/// What a pool has done and holds; a moment's view, exact at rest. O(seats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that took a seat, warm or cold.
    pub requests: u64,
    /// Instances started: one request of each was a cold start.
    pub instances_started: u64,
    /// Requests that hold a seat now.
    pub in_flight: u64,
    /// Slots that hold an instance now, from starting to stopping.
    pub instances: u32,
    /// Of these, started ones without a request.
    pub idle_instances: u32,
    /// Releases at a time before that of an earlier release of the instance;
    /// the earlier time was kept. Where an instance serves several requests,
    /// two releases at about the same time count too.
    pub clock_regressions: u64,
}

#[cfg(feature = "alloc")]
impl Pool<alloc::boxed::Box<[AtomicU64]>> {
    /// A pool on the heap. Allocates once, here.
    ///
    /// # Errors
    ///
    /// What of `config` is out of range.
    pub fn new(config: PoolConfig) -> Result<Self, PoolConfigError> {
        config.validate()?;
        Self::new_in(crate::sync::boxed(config.words()), config)
    }
}

impl<const WORDS: usize> FixedPool<WORDS> {
    /// A pool in place; see [`FixedPool`].
    ///
    /// # Errors
    ///
    /// What of `config` is out of range, or that `WORDS` is too few.
    pub fn fixed(config: PoolConfig) -> Result<Self, PoolConfigError> {
        let mut words = heapless::Vec::new();
        // Cannot fail: as many words as the vector has room for.
        words.extend((0..WORDS).map(|_| AtomicU64::new(0)));
        Self::new_in(words, config)
    }
}

impl<W: Storage> Pool<W> {
    /// A pool over `words`, which it overwrites.
    ///
    /// # Errors
    ///
    /// What of `config` is out of range, or that the words are too few.
    pub fn new_in(words: W, config: PoolConfig) -> Result<Self, PoolConfigError> {
        config.validate()?;
        let layout = Layout::new(&config);
        let has = words.words().len();
        if has < layout.words {
            return Err(PoolConfigError::Storage { words: has, needed: layout.words });
        }
        for word in words.words() {
            // ORDERING: Relaxed: the caller shares the pool by its own means.
            word.store(0, Ordering::Relaxed);
        }
        // Where the allocator puts it, a run of words begins anywhere in a line.
        let by = words.words().as_ptr().align_offset(LINE * size_of::<AtomicU64>());
        let layout = layout.moved(if by < LINE { by } else { 0 });
        let pool = Self { words, layout, config, clock_regressions: AtomicU64::new(0) };
        for index in 0..config.max_instances {
            // ORDERING: Relaxed: as above.
            pool.slot_word(index).store(Slot::NEW.pack(), Ordering::Relaxed);
        }
        let vacant = pool.vacant();
        vacant.shape.for_each_leaf(0, config.max_instances, |leaf, all| vacant.insert(leaf, all));
        Ok(pool)
    }

    /// The shape that the pool was built with.
    pub const fn config(&self) -> &PoolConfig {
        &self.config
    }

    /// Takes a free seat of a started instance: a warm start. `None` if at one
    /// instant during the call there was none.
    ///
    /// Which one, [`PoolConfig::pick`] says. `now` is not used by the orders
    /// offered so far; a release sets the time that they go by.
    #[inline]
    pub fn claim(&self, now: Instant) -> Option<Claim> {
        self.claim_or_epoch(now, Lane::FIRST).ok()
    }

    /// As [`Pool::claim`]; instead of `None` the epoch at which it was empty.
    #[inline]
    fn claim_or_epoch(&self, _now: Instant, lane: Lane) -> Result<Claim, Epoch> {
        let first = self.layout.first_leaf(lane);
        loop {
            let index = match self.config.pick {
                Pick::Packed => self.idle().claim(first)?,
                Pick::MostRecent => self.idle().claim_by(|set| self.choose(set, false))?,
                Pick::LeastRecent => self.idle().claim_by(|set| self.choose(set, true))?,
            };
            if let Some(claim) = self.take_seat(index) {
                return Ok(claim);
            }
        }
    }

    /// Takes a seat whose index the caller owns, unless its instance is being
    /// drained and the seat is on its way out: then it goes where it belongs.
    #[inline]
    pub(super) fn take_seat(&self, index: u32) -> Option<Claim> {
        let around = self.around(index)?;
        let slot = slot::read(around.slot);
        if slot.state != State::Active {
            self.turn_away(around.instance, index);
            return None;
        }
        let seat = seat::take(around.seat, index);
        Some(Claim { slot: self.slot_id(around.instance, slot), seat })
    }

    #[cold]
    fn turn_away(&self, instance: u32, index: u32) {
        let (leaf, bit) = self.leaf_and_bit(index);
        self.settle(instance, leaf, bit);
    }

    /// Holds a vacant slot for an instance to be started; `None` if at one
    /// instant during the call no slot was vacant.
    pub fn begin(&self) -> Option<Vacancy<'_, W>> {
        self.begin_in(Lane::FIRST)
    }

    fn begin_in(&self, lane: Lane) -> Option<Vacancy<'_, W>> {
        // Where the seats of a slot are, its lane looks first.
        let seat = self.layout.idle.index(self.layout.first_leaf(lane), 0);
        let vacant = self.vacant();
        let claimed = vacant.claim(vacant.shape.leaf_of(self.instance_of(seat)));
        claimed.ok().map(|index| Vacancy { pool: self, index })
    }

    /// Takes a free seat, else holds a vacancy, else proves that at one instant
    /// during the call there was neither and returns `None`.
    #[inline]
    pub fn claim_or_begin(&self, now: Instant) -> Option<Result<Claim, Vacancy<'_, W>>> {
        self.claim_or_begin_in(now, Lane::FIRST)
    }

    /// As [`Pool::claim_or_begin`], looking first where `lane` begins.
    #[inline]
    pub fn claim_or_begin_in(
        &self,
        now: Instant,
        lane: Lane,
    ) -> Option<Result<Claim, Vacancy<'_, W>>> {
        loop {
            let epoch = match self.claim_or_epoch(now, lane) {
                Ok(claim) => return Some(Ok(claim)),
                Err(epoch) => epoch,
            };
            if let Some(vacancy) = self.begin_in(lane) {
                return Some(Err(vacancy));
            }
            // No seat came free since the idle set was empty, so it was still
            // empty when the vacant set was.
            if self.idle().epoch() == epoch {
                return None;
            }
        }
    }

    /// Reports that the instance has initialised: it serves its request, and
    /// its other seats, if it has more than one, become free.
    ///
    /// # Errors
    ///
    /// A stale seat, an instance that has reported this before, or one that is
    /// being drained (its other seats stay shut; that is no error).
    pub fn started(&self, held: &Seat) -> Result<(), SeatError> {
        let (instance, pinned) = self.pinned(held)?;
        let active = slot::update(self.slot_word(instance), |slot| {
            let starting = slot.generation == pinned.generation && slot.state == State::Starting;
            starting.then_some(Slot { state: State::Active, ..slot })
        });
        match active {
            Ok(_) => {
                let (own_leaf, own) = self.leaf_and_bit(held.index());
                self.for_each_leaf(instance, |leaf, mask| {
                    let others = if own_leaf == leaf { mask & !own } else { mask };
                    // Not `put_back`: a report that comes of it would be lost.
                    self.settle(instance, leaf, others);
                });
                Ok(())
            }
            Err(slot) if slot.state == State::Active => Err(SeatError::AlreadyStarted),
            Err(_draining) => Ok(()),
        }
    }

    /// Gives a seat back: the request is done. `Some(slot)` if that instance
    /// was being drained and is now empty: stop it, then report
    /// [`Pool::stopped`].
    ///
    /// The instance's idle clock starts at `now`, or stays where it is if that
    /// is later (time that runs backwards is clamped, and counted in
    /// [`Tally::clock_regressions`]).
    ///
    /// # Errors
    ///
    /// A stale seat, or an instance that has not started.
    #[inline]
    pub fn release(&self, now: Instant, held: Seat) -> Result<Option<SlotId>, SeatError> {
        self.release_with(now, held, |leaf, bit| self.idle().insert(leaf, bit))
    }

    /// As [`Pool::release`]; `insert` puts the seat, a bit of a leaf, into the
    /// idle set. It is not called where the instance drains.
    #[inline]
    #[expect(clippy::needless_pass_by_value, reason = "the seat is used up")]
    pub(super) fn release_with(
        &self,
        now: Instant,
        held: Seat,
        insert: impl FnOnce(usize, u32),
    ) -> Result<Option<SlotId>, SeatError> {
        let (around, word) = self.check(&held)?;
        let state = slot::read(around.slot).state;
        if state == State::Starting {
            return Err(SeatError::NotStarted);
        }
        self.give_back(&around, word, now)?;
        let (leaf, bit) = self.leaf_and_bit(held.index());
        if state != State::Active {
            return Ok(self.collect(around.instance, leaf, bit));
        }
        insert(leaf, bit);
        // A drain that came before the insertion did not see the seat; this
        // read sees the drain (`seat.rs`).
        if slot::read(around.slot).state == State::Active {
            return Ok(None);
        }
        Ok(self.recheck(around.instance, leaf, bit))
    }

    /// Gives a seat back because its request failed in a way that the instance
    /// does not survive (crash, timeout, failed start): it takes no more
    /// requests. `Some(slot)` once its last request is given back: stop it,
    /// then report [`Pool::stopped`].
    ///
    /// # Errors
    ///
    /// A stale seat.
    #[expect(clippy::needless_pass_by_value, reason = "the seat is used up")]
    pub fn fail(&self, now: Instant, held: Seat) -> Result<Option<SlotId>, SeatError> {
        let (around, word) = self.check(&held)?;
        self.give_back(&around, word, now)?;
        // The seat in hand pins the generation: this drains the instance of
        // the request and no later one.
        self.drain_pinned(around.instance);
        let (leaf, bit) = self.leaf_and_bit(held.index());
        Ok(self.collect(around.instance, leaf, bit))
    }

    /// The instance that a held seat is in.
    ///
    /// # Errors
    ///
    /// A stale seat.
    pub fn slot_of(&self, held: &Seat) -> Result<SlotId, SeatError> {
        let (instance, slot) = self.pinned(held)?;
        Ok(self.slot_id(instance, slot))
    }

    /// What the pool has done and holds.
    pub fn tally(&self) -> Tally {
        // ORDERING: Relaxed: statistic only.
        let clock_regressions = self.clock_regressions.load(Ordering::Relaxed);
        let mut tally = Tally { clock_regressions, ..Tally::default() };
        for instance in 0..self.config.max_instances {
            let slot = slot::read(self.slot_word(instance));
            tally.instances_started += slot.starts();
            let mut busy = false;
            for seat in 0..self.config.instance_concurrency {
                let (taken, held) =
                    seat::tally(self.seat_word((instance << self.layout.stride) + seat));
                tally.requests += taken;
                tally.in_flight += u64::from(held);
                busy |= held;
            }
            if !matches!(slot.state, State::Vacant | State::Retired) {
                tally.instances += 1;
                tally.idle_instances += u32::from(!busy && slot.state == State::Active);
            }
        }
        tally
    }

    /// The words around a seat that the caller says it holds, and the seat's.
    #[inline]
    fn check(&self, held: &Seat) -> Result<(Around<'_>, HeldWord), SeatError> {
        let around = self.around(held.index()).ok_or(SeatError::Stale)?;
        let word = seat::held(around.seat, held).ok_or(SeatError::Stale)?;
        Ok((around, word))
    }

    /// The instance of a seat that the caller says it holds, and its slot.
    ///
    /// The seat is checked again after the read: while it is held it pins the
    /// generation, so the slot is of the instance that the seat was taken in,
    /// even where another thread uses the same lease at the same time.
    fn pinned(&self, held: &Seat) -> Result<(u32, Slot), SeatError> {
        let (around, _) = self.check(held)?;
        let slot = slot::read(around.slot);
        self.check(held)?;
        Ok((around.instance, slot))
    }

    /// Ends the hold of a checked seat and starts the idle clock. The caller
    /// then owns the seat's index.
    #[inline]
    fn give_back(
        &self,
        around: &Around<'_>,
        word: HeldWord,
        now: Instant,
    ) -> Result<(), SeatError> {
        if !seat::give_back(around.seat, word) {
            return Err(SeatError::Stale);
        }
        let last_used = around.last_used;
        let before = if self.config.instance_concurrency == 1 {
            // ORDERING: Relaxed: the owner of the only seat is the only writer;
            // published by the insertion of its index.
            let before = last_used.load(Ordering::Relaxed);
            // ORDERING: Relaxed: as above.
            last_used.store(before.max(now.as_nanos()), Ordering::Relaxed);
            before
        } else {
            // ORDERING: Relaxed: published by the insertion of the index.
            last_used.fetch_max(now.as_nanos(), Ordering::Relaxed)
        };
        if now.as_nanos() < before {
            self.count_regression();
        }
        Ok(())
    }

    /// Counts a time that is before the instance's last one.
    #[cold]
    fn count_regression(&self) {
        // ORDERING: Relaxed: statistic only.
        self.clock_regressions.fetch_add(1, Ordering::Relaxed);
    }

    /// The free seat whose instance was used longest ago, or last.
    fn choose(&self, set: &ClaimSet<'_>, oldest: bool) -> Option<u32> {
        let mut best: Option<(u64, u32)> = None;
        set.for_each(|index| {
            let used = self.last_used(self.instance_of(index)).as_nanos();
            let better =
                best.is_none_or(|(so_far, _)| if oldest { used < so_far } else { used > so_far });
            if better {
                best = Some((used, index));
            }
        });
        let (_, index) = best?;
        let got = set.withdraw(set.shape.leaf_of(index), set.shape.bit(index));
        (got != 0).then_some(index)
    }
}

impl<W: Storage> Vacancy<'_, W> {
    /// Starts an instance in the vacancy. The request that caused it holds its
    /// first seat through initialisation and service, as in AWS Lambda.
    ///
    /// `place` is the caller's word for where it runs, given back by
    /// [`Pool::stopped`]; at most [`MAX_PLACE`](super::MAX_PLACE), and what is
    /// above that is cut off.
    pub fn start(self, place: u32) -> Claim {
        // The slot is used, not given back.
        let Self { pool, index } = *ManuallyDrop::new(self);
        let word = pool.slot_word(index);
        let vacant = slot::read(word);
        debug_assert_eq!(vacant.state, State::Vacant, "a vacancy is vacant");
        let place = place & super::MAX_PLACE;
        let starting = Slot { state: State::Starting, collected: 0, place, ..vacant };
        // ORDERING: Relaxed: the owner of a vacant slot is the only writer, and
        // the swap below publishes it.
        pool.last_used_word(index).store(0, Ordering::Relaxed);
        // ORDERING: AcqRel: transition 1, by the owner of the vacant index;
        // pairs with the Acquire of `slot::read`.
        word.swap(starting.pack(), Ordering::AcqRel);
        let first = index << pool.layout.stride;
        Claim {
            slot: pool.slot_id(index, starting),
            seat: seat::take(pool.seat_word(first), first),
        }
    }
}

impl<W: Storage> Drop for Vacancy<'_, W> {
    fn drop(&mut self) {
        self.pool.vacate(self.index);
    }
}

impl<W: Storage> fmt::Debug for Vacancy<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vacancy").field("index", &self.index).finish_non_exhaustive()
    }
}

impl<W: Storage> fmt::Debug for Pool<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("config", &self.config).field("tally", &self.tally()).finish()
    }
}
