//! The pool as requests see it: claim, start, started, release.

use core::fmt;
use core::mem::ManuallyDrop;

use super::claim_set::{ClaimSet, Epoch, LEAF_BITS, hint_words, leaf_words};
use super::config::{Layout, stride_shift};
use super::slot::{self, Slot, State};
use super::{Pick, PoolConfig, PoolConfigError, Seat, SeatError, seat};
use crate::id::SlotId;
use crate::sync::{AtomicU64, Ordering, Storage};
use crate::time::Instant;

/// The instances of one function; see the [module](super).
///
/// `W` is where its words are: on the heap ([`Pool::new`]), in place
/// ([`FixedPool`]), or lent by the caller ([`Pool::new_in`] over a slice).
pub struct Pool<W> {
    words: W,
    layout: Layout,
    config: PoolConfig,
    /// Index of the idle set to instance: a shift by this much.
    shift: u32,
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
        let pool = Self {
            words,
            layout,
            config,
            shift: stride_shift(config.instance_concurrency),
            clock_regressions: AtomicU64::new(0),
        };
        for index in 0..config.max_instances {
            // ORDERING: Relaxed: as above.
            pool.slot_word(index).store(Slot::NEW.pack(), Ordering::Relaxed);
        }
        let vacant = pool.vacant();
        for (leaf, first) in (0..config.max_instances).step_by(LEAF_BITS as usize).enumerate() {
            vacant.insert(leaf, low_bits(config.max_instances - first));
        }
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
        self.claim_or_epoch(now).ok()
    }

    /// As [`Pool::claim`]; instead of `None` the epoch at which it was empty.
    #[inline]
    fn claim_or_epoch(&self, _now: Instant) -> Result<Claim, Epoch> {
        loop {
            let index = match self.config.pick {
                Pick::Packed => self.idle().claim()?,
                Pick::MostRecent => self.idle().claim_by(|set| self.choose(set, false))?,
                Pick::LeastRecent => self.idle().claim_by(|set| self.choose(set, true))?,
            };
            let instance = index >> self.shift;
            let slot = slot::read(self.slot_word(instance));
            if slot.state == State::Active {
                return Ok(Claim {
                    slot: self.slot_id(instance, slot),
                    seat: seat::take(self.seat_word(index), index),
                });
            }
            // The instance is being drained and this seat is on its way out.
            self.settle(instance, leaf_of(index), bit(index));
        }
    }

    /// Holds a vacant slot for an instance to be started; `None` if at one
    /// instant during the call no slot was vacant.
    pub fn begin(&self) -> Option<Vacancy<'_, W>> {
        self.vacant().claim().ok().map(|index| Vacancy { pool: self, index })
    }

    /// Takes a free seat, else holds a vacancy, else proves that at one instant
    /// during the call there was neither and returns `None`.
    #[inline]
    pub fn claim_or_begin(&self, now: Instant) -> Option<Result<Claim, Vacancy<'_, W>>> {
        loop {
            let epoch = match self.claim_or_epoch(now) {
                Ok(claim) => return Some(Ok(claim)),
                Err(epoch) => epoch,
            };
            if let Some(vacancy) = self.begin() {
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
                let own = held.index();
                self.for_each_leaf(instance, |leaf, mask| {
                    let others = if leaf_of(own) == leaf { mask & !bit(own) } else { mask };
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
    #[expect(clippy::needless_pass_by_value, reason = "the seat is used up")]
    pub fn release(&self, now: Instant, held: Seat) -> Result<Option<SlotId>, SeatError> {
        let instance = self.check(&held)?;
        let state = slot::read(self.slot_word(instance)).state;
        if state == State::Starting {
            return Err(SeatError::NotStarted);
        }
        self.give_back(instance, now, &held)?;
        let leaf = leaf_of(held.index());
        Ok(if state == State::Active {
            self.put_back(instance, leaf, bit(held.index()))
        } else {
            self.collect(instance, leaf, bit(held.index()))
        })
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
        let instance = self.check(&held)?;
        self.give_back(instance, now, &held)?;
        // The seat in hand pins the generation: this drains the instance of
        // the request and no later one.
        self.drain_pinned(instance);
        Ok(self.collect(instance, leaf_of(held.index()), bit(held.index())))
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
                let (taken, held) = seat::tally(self.seat_word((instance << self.shift) + seat));
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

    /// The instance of a seat that the caller says it holds.
    #[inline]
    fn check(&self, held: &Seat) -> Result<u32, SeatError> {
        let instance = held.index() >> self.shift;
        let own = self.seat_in_instance(held.index());
        if instance >= self.config.max_instances || own >= self.config.instance_concurrency {
            return Err(SeatError::Stale);
        }
        if !seat::is_held(self.seat_word(held.index()), held) {
            return Err(SeatError::Stale);
        }
        Ok(instance)
    }

    /// The instance of a seat that the caller says it holds, and its slot.
    ///
    /// The seat is checked again after the read: while it is held it pins the
    /// generation, so the slot is of the instance that the seat was taken in,
    /// even where another thread uses the same lease at the same time.
    fn pinned(&self, held: &Seat) -> Result<(u32, Slot), SeatError> {
        let instance = self.check(held)?;
        let slot = slot::read(self.slot_word(instance));
        self.check(held)?;
        Ok((instance, slot))
    }

    /// Ends the hold of a checked seat and starts the idle clock. The caller
    /// then owns the seat's index.
    #[inline]
    fn give_back(&self, instance: u32, now: Instant, held: &Seat) -> Result<(), SeatError> {
        if !seat::give_back(self.seat_word(held.index()), held) {
            return Err(SeatError::Stale);
        }
        let last_used = self.last_used_word(instance);
        if self.config.instance_concurrency == 1 {
            // ORDERING: Relaxed: the owner of the only seat is the only writer;
            // published by the insertion of its index.
            let before = last_used.load(Ordering::Relaxed);
            // ORDERING: Relaxed: as above.
            last_used.store(before.max(now.as_nanos()), Ordering::Relaxed);
            self.count_regression(before, now);
        } else {
            // ORDERING: Relaxed: published by the insertion of the index.
            let before = last_used.fetch_max(now.as_nanos(), Ordering::Relaxed);
            self.count_regression(before, now);
        }
        Ok(())
    }

    /// Counts a time that is before the instance's last one.
    #[inline]
    fn count_regression(&self, before: u64, now: Instant) {
        if now.as_nanos() < before {
            // ORDERING: Relaxed: statistic only.
            self.clock_regressions.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The free seat whose instance was used longest ago, or last.
    fn choose(&self, set: &ClaimSet<'_>, oldest: bool) -> Option<u32> {
        let mut best: Option<(u64, u32)> = None;
        set.for_each(|index| {
            let used = self.last_used(index >> self.shift).as_nanos();
            let better =
                best.is_none_or(|(so_far, _)| if oldest { used < so_far } else { used > so_far });
            if better {
                best = Some((used, index));
            }
        });
        let (_, index) = best?;
        let got = set.withdraw(leaf_of(index), bit(index));
        (got != 0).then_some(index)
    }

    pub(super) fn idle(&self) -> ClaimSet<'_> {
        let words = self.words.words();
        let seats = (self.config.max_instances as usize) << self.shift;
        ClaimSet::new(
            &words[..hint_words(seats)],
            &words[self.layout.idle_leaves..][..leaf_words(seats)],
        )
    }

    pub(super) fn vacant(&self) -> ClaimSet<'_> {
        let words = self.words.words();
        let instances = self.config.max_instances as usize;
        ClaimSet::new(
            &words[self.layout.vacant_hints..][..hint_words(instances)],
            &words[self.layout.vacant_leaves..][..leaf_words(instances)],
        )
    }

    /// Puts a slot's index back among the vacant ones. The caller owns it.
    pub(super) fn vacate(&self, instance: u32) {
        self.vacant().insert(leaf_of(instance), bit(instance));
    }

    /// Calls `visit` with each leaf that holds seats of the instance, and the
    /// bits of its seats there.
    #[inline]
    pub(super) fn for_each_leaf(&self, instance: u32, mut visit: impl FnMut(usize, u32)) {
        let first = instance << self.shift;
        let end = first + self.config.instance_concurrency;
        let mut index = first;
        while index < end {
            let leaf = leaf_of(index);
            visit(leaf, low_bits(end - index) << (index % LEAF_BITS));
            index = (index / LEAF_BITS + 1) * LEAF_BITS;
        }
    }

    #[inline]
    pub(super) fn slot_id(&self, instance: u32, slot: Slot) -> SlotId {
        SlotId::new(instance, slot.handle_generation())
    }

    /// The slot that a handle names, if the index is one of this pool.
    #[inline]
    pub(super) fn index_of(&self, slot: SlotId) -> Option<u32> {
        (slot.index() < self.config.max_instances).then_some(slot.index())
    }

    #[inline]
    fn record(&self, instance: u32) -> &[AtomicU64] {
        let first = self.layout.records + instance as usize * self.layout.record;
        &self.words.words()[first..][..self.layout.record]
    }

    #[inline]
    pub(super) fn slot_word(&self, instance: u32) -> &AtomicU64 {
        &self.record(instance)[0]
    }

    #[inline]
    pub(super) fn last_used_word(&self, instance: u32) -> &AtomicU64 {
        &self.record(instance)[1]
    }

    /// When the instance's last request was given back.
    #[inline]
    pub(super) fn last_used(&self, instance: u32) -> Instant {
        // ORDERING: Relaxed: exact for whoever holds all its seats; else a hint.
        Instant::from_nanos(self.last_used_word(instance).load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn seat_word(&self, index: u32) -> &AtomicU64 {
        &self.record(index >> self.shift)[2 + self.seat_in_instance(index) as usize]
    }

    /// Which seat of its instance an index is.
    #[inline]
    const fn seat_in_instance(&self, index: u32) -> u32 {
        index & ((1 << self.shift) - 1)
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
        let first = index << pool.shift;
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

/// The leaf of an index.
#[inline]
pub(super) const fn leaf_of(index: u32) -> usize {
    (index / LEAF_BITS) as usize
}

/// The bit of an index in its leaf.
#[inline]
pub(super) const fn bit(index: u32) -> u32 {
    1 << (index % LEAF_BITS)
}

/// The lowest `count` bits of a leaf, at most all of them.
#[inline]
pub(super) const fn low_bits(count: u32) -> u32 {
    if count >= LEAF_BITS { u32::MAX >> (u32::BITS - LEAF_BITS) } else { (1 << count) - 1 }
}

impl<W: Storage> fmt::Debug for Pool<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("config", &self.config).field("tally", &self.tally()).finish()
    }
}
