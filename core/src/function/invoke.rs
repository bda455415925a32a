//! One function: its limit, its instances and its room on the fleet, composed
//! into the path that a request takes. Needs no allocator.

use core::fmt;

use super::admit::{Alone, Peers};
use super::counters::Tallies;
use super::quota::Share;
use super::rates;
#[cfg(feature = "alloc")]
use super::routes::Links;
use super::{Counters, FunctionSpec, InvokeError, SpecError};
use crate::concurrency::{Account, Gate, TokenBucket};
use crate::id::{Lane, NodeId, SlotId};
use crate::placement::{Fleet, MAX_NODES, Reservation, Strategy};
#[cfg(feature = "alloc")]
use crate::pool::PoolConfig;
use crate::pool::{self, MAX_PLACE, Parked, Pool, Reaped, Seat, SeatError, Short, SlotError};
use crate::sync::{AtomicU64, Ordering, Storage};
use crate::time::{Duration, Instant};

/// The place of an instance that is on no node.
pub(super) const NO_NODE: u32 = MAX_PLACE;

const _: () = assert!(MAX_NODES <= MAX_PLACE, "a slot can name every node");

/// How an invocation found its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// An idle instance took it.
    Warm,
    /// A new instance is to be started for it.
    Cold {
        /// On this node; `None` where there is no fleet.
        node: Option<NodeId>,
    },
}

/// An admitted request of a [`Function`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the seat is held until it is completed or failed"]
pub struct Admitted {
    /// The instance.
    pub slot: SlotId,
    /// The hold: given to [`Function::complete`] or [`Function::fail`].
    pub seat: Seat,
    /// Whether the instance is to be started.
    pub start: Start,
}

impl Admitted {
    #[inline]
    pub(super) fn warm(claim: pool::Claim) -> Self {
        Self { slot: claim.slot, seat: claim.seat, start: Start::Warm }
    }
}

/// One function and its instances.
///
/// The account, and the fleet if there is one, are passed to each call: always
/// the same ones. Units and room given back to another would be lost here and
/// surplus there; builds with debug assertions panic then. All methods take `&self`, are lock-free and allocate
/// nothing. `W` is where the pool keeps its words (see
/// [`Pool`](crate::pool::Pool)).
///
/// ```
/// use warmstow_core::concurrency::Limits;
/// use warmstow_core::function::{Function, FunctionSpec};
/// use warmstow_core::placement::{Fleet, Strategy};
/// use warmstow_core::sync::AtomicU64;
/// use warmstow_core::time::Instant;
///
/// const SPEC: FunctionSpec = FunctionSpec { max_instances: 8, ..FunctionSpec::of_memory(128) };
/// let words: [AtomicU64; SPEC.pool().words()] = core::array::from_fn(|_| AtomicU64::new(0));
/// let function = Function::new_in(&words[..], &SPEC)?;
/// let (_limits, account) = Limits::new(1_000, 100);
///
/// let nowhere = None::<&Fleet<&[AtomicU64]>>;
/// let cold = function.invoke(Instant::ZERO, &account, nowhere, Strategy::Random)?;
/// function.started(&cold.seat)?;
/// function.complete(Instant::from_secs(1), &account, cold.seat)?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Function<W> {
    pub(super) quota: Share,
    pub(super) pool: Pool<W>,
    spec: FunctionSpec,
    /// Its chunk of the account's functions (`concurrency/parking.rs`).
    pub(super) chunk: u32,
    keep_alive_ns: AtomicU64,
    pub(super) tallies: Tallies,
    #[cfg(feature = "alloc")]
    pub(super) links: Links,
}

#[cfg(feature = "alloc")]
impl Function<alloc::boxed::Box<[AtomicU64]>> {
    /// A function with its pool on the heap; see [`Function::new_in`].
    ///
    /// # Errors
    ///
    /// What of `spec` is out of range.
    pub fn new(spec: &FunctionSpec) -> Result<Self, SpecError> {
        spec.validate()?;
        Ok(Self::of(Pool::new(spec.pool())?, spec))
    }

    /// A function among others of one account, in a chunk of them, with its
    /// idle instances laid out for `lanes`. Its permits can be parked once its
    /// hold is ended, when the others can find them.
    pub(super) fn in_region(
        spec: &FunctionSpec,
        lanes: u32,
        chunk: u32,
        quota: Share,
    ) -> Result<Self, SpecError> {
        spec.validate()?;
        let pool = Pool::new(PoolConfig { lanes, ..spec.pool() })?;
        Ok(Self { chunk, quota, ..Self::of(pool, spec) })
    }
}

impl<W: Storage> Function<W> {
    /// A function with its pool in `words`, unreserved: a reservation is set
    /// by [`Limits::set_reserved`](crate::concurrency::Limits::set_reserved)
    /// on its [`gate`](Self::gate).
    ///
    /// # Errors
    ///
    /// What of `spec` is out of range, or that the words are too few.
    pub fn new_in(words: W, spec: &FunctionSpec) -> Result<Self, SpecError> {
        spec.validate()?;
        Ok(Self::of(Pool::new_in(words, spec.pool())?, spec))
    }

    pub(super) fn of(pool: Pool<W>, spec: &FunctionSpec) -> Self {
        Self {
            quota: Share::own(),
            pool,
            spec: *spec,
            chunk: 0,
            keep_alive_ns: AtomicU64::new(spec.keep_alive.as_nanos()),
            tallies: Tallies::new(),
            #[cfg(feature = "alloc")]
            links: Links::none(),
        }
    }

    /// Admits a request and finds or starts an instance for it. A function of a
    /// [`Region`](super::Region) is invoked by that: this call does not look for
    /// permits that other functions have parked.
    ///
    /// With an idle instance: O(1), or O(instances) for the orders that look at
    /// all of them ([`Pick`](crate::pool::Pick)). Without: O(nodes), and two
    /// reads of each leaf of the idle set.
    ///
    /// # Errors
    ///
    /// Which limit is reached, or which resource is short. Nothing is held.
    #[inline]
    pub fn invoke<F: Storage>(
        &self,
        now: Instant,
        account: &Account,
        fleet: Option<&Fleet<F>>,
        strategy: Strategy,
    ) -> Result<Admitted, InvokeError> {
        let parked = self.pool.claim_parked(Lane::FIRST);
        if let Parked::Claim(claim) = parked {
            return Ok(Admitted::warm(claim));
        }
        self.invoke_among(now, Lane::FIRST, parked, account, &Alone, fleet, strategy)
    }

    /// As [`Function::invoke`], among `peers` of one account, looking first
    /// where `lane` begins, where no seat was `parked`, but perhaps a permit.
    #[expect(clippy::too_many_arguments, reason = "the whole path, in one place")]
    pub(super) fn invoke_among<F: Storage>(
        &self,
        now: Instant,
        lane: Lane,
        parked: Parked,
        account: &Account,
        peers: &impl Peers<W>,
        fleet: Option<&Fleet<F>>,
        strategy: Strategy,
    ) -> Result<Admitted, InvokeError> {
        if matches!(parked, Parked::Nothing)
            && !self.permit_nearby(lane)
            && let Err(reason) = self.admit(account, peers)
        {
            self.tallies.throttled(reason);
            return Err(InvokeError::Throttled(reason));
        }
        match self.pool.claim_or_begin_in(now, lane) {
            Some(Ok(claim)) => Ok(Admitted::warm(claim)),
            Some(Err(vacancy)) => {
                let starts = peers.starts().unwrap_or(&self.quota.buckets.starts);
                let started = self.start(now, vacancy, starts, fleet, strategy);
                started.inspect_err(|error| self.refused(account, error))
            }
            None => {
                self.give_unit_back(account);
                self.tallies.instance_limit();
                Err(InvokeError::InstanceLimit { max_instances: self.spec.max_instances })
            }
        }
    }

    /// The cold half of [`Function::invoke`]: room on a node, the token of a
    /// start, then the slot. What is refused holds nothing but its unit.
    #[inline(never)]
    fn start<F: Storage>(
        &self,
        now: Instant,
        vacancy: pool::Vacancy<'_, W>,
        starts: &TokenBucket,
        fleet: Option<&Fleet<F>>,
        strategy: Strategy,
    ) -> Result<Admitted, InvokeError> {
        let reserved = self.gate().reserved().is_some();
        // A look first: room that is given back was short for others meanwhile.
        rates::look(starts, now, reserved)?;
        let node = self.find_room(fleet, strategy)?;
        // The token last: a start that cannot be has spent none.
        if let Err(error) = rates::take(starts, now, reserved) {
            if let (Some(fleet), Some(node)) = (fleet, node) {
                self.leave(fleet, node);
            }
            return Err(error);
        }
        let place = node.map_or(NO_NODE, NodeId::index);
        let pool::Claim { slot, seat } = vacancy.start(place);
        Ok(Admitted { slot, seat, start: Start::Cold { node } })
    }

    /// Takes room for an instance on a node; `None` where there is no fleet.
    pub(super) fn find_room<F: Storage>(
        &self,
        fleet: Option<&Fleet<F>>,
        strategy: Strategy,
    ) -> Result<Option<NodeId>, InvokeError> {
        let Some(fleet) = fleet else { return Ok(None) };
        let room = fleet.place(self.spec.resources, strategy);
        room.map(|room| Some(room.into_parts().0)).map_err(InvokeError::NoCapacity)
    }

    /// Gives an instance's room on its node back.
    fn leave<F: Storage>(&self, fleet: &Fleet<F>, node: NodeId) {
        let back = fleet.release(Reservation::from_parts(node, self.spec.resources));
        debug_assert!(back.is_ok(), "every instance holds room on its node");
    }

    /// Gives the unit of a refused start back and counts why.
    fn refused(&self, account: &Account, error: &InvokeError) {
        self.give_unit_back(account);
        match error {
            InvokeError::NoCapacity(refusal) => self.tallies.no_capacity(refusal.resource),
            _ => self.tallies.scaling_rate(),
        }
    }

    #[cfg(feature = "alloc")]
    /// Asks the rates of requests, its own first; counts a refusal.
    #[inline(never)]
    pub(super) fn meter(&self, now: Instant, account: &TokenBucket) -> Result<(), InvokeError> {
        if self.gate().reserved() == Some(0) {
            return Ok(());
        }
        rates::request(&self.quota.buckets.requests, account, now).map_err(|reason| {
            self.tallies.throttled(reason);
            InvokeError::Throttled(reason)
        })
    }

    /// Reports that a cold-started instance has initialised.
    ///
    /// # Errors
    ///
    /// A stale seat, or an instance that has reported this before.
    pub fn started(&self, seat: &Seat) -> Result<(), SeatError> {
        self.pool.started(seat)
    }

    /// Reports that a request is done. `Some(slot)`: that instance was drained
    /// and is now empty; stop it, then report [`Function::stopped`].
    ///
    /// # Errors
    ///
    /// A stale seat, or an instance that has not started.
    #[inline]
    pub fn complete(
        &self,
        now: Instant,
        account: &Account,
        seat: Seat,
    ) -> Result<Option<SlotId>, SeatError> {
        match self.pool.release_shortly(now, &seat) {
            Short::Parked => Ok(None),
            so_far => self.complete_at_length(now, account, seat, so_far),
        }
    }

    /// The rest of [`Function::complete`], of which the pool did `so_far`.
    #[inline(never)]
    pub(super) fn complete_at_length(
        &self,
        now: Instant,
        account: &Account,
        seat: Seat,
        so_far: Short,
    ) -> Result<Option<SlotId>, SeatError> {
        let may_open = |chunk| self.may_open(account, chunk);
        let (stop, parked) = self.pool.release_parking(now, seat, so_far, may_open)?;
        if !parked {
            // The seat came first: were the unit free before it, a request
            // could be admitted and find no seat.
            self.give_unit_back(account);
        }
        Ok(stop)
    }

    /// Reports that a request failed in a way that its instance does not
    /// survive: crash, timeout or failed start. The instance takes no more
    /// requests; `Some(slot)` once it is empty: stop it, then report
    /// [`Function::stopped`].
    ///
    /// # Errors
    ///
    /// A stale seat.
    pub fn fail(
        &self,
        now: Instant,
        account: &Account,
        seat: Seat,
    ) -> Result<Option<SlotId>, SeatError> {
        let stop = self.pool.fail(now, seat)?;
        self.give_unit_back(account);
        self.tallies.failed();
        Ok(stop)
    }

    fn give_unit_back(&self, account: &Account) {
        let held = self.gate().release(account);
        debug_assert!(held.is_ok(), "every admitted request holds a unit");
    }

    /// Takes an instance out of service; see [`Pool::drain`].
    ///
    /// # Errors
    ///
    /// An instance that has been told to stop or has stopped.
    pub fn drain(&self, slot: SlotId) -> Result<Option<SlotId>, SlotError> {
        self.pool.drain(slot)
    }

    /// The instances that were idle for the keep-alive; see [`Pool::reap`].
    pub fn reap(&self, now: Instant) -> pool::Reap<'_, W> {
        self.pool.reap(now, self.keep_alive())
    }

    /// Takes one instance out of service if it was idle for the keep-alive;
    /// see [`Pool::reap_one`].
    ///
    /// # Errors
    ///
    /// An instance that has stopped.
    pub fn reap_one(&self, now: Instant, slot: SlotId) -> Result<Reaped, SlotError> {
        self.pool.reap_one(now, self.keep_alive(), slot)
    }

    /// Reports that the host has stopped an instance: its room on the node and
    /// its slot are free again.
    ///
    /// # Errors
    ///
    /// An instance that was not told to stop, or has stopped before.
    pub fn stopped<F: Storage>(
        &self,
        fleet: Option<&Fleet<F>>,
        slot: SlotId,
    ) -> Result<(), SlotError> {
        let place = self.pool.stopped(slot)?;
        if let (Some(fleet), true) = (fleet, place != NO_NODE) {
            self.leave(fleet, NodeId::new(place, fleet.generation()));
        }
        Ok(())
    }

    /// The node that an instance is on; `None` where there is no fleet.
    ///
    /// # Errors
    ///
    /// An instance that has stopped.
    pub fn node<F: Storage>(
        &self,
        fleet: Option<&Fleet<F>>,
        slot: SlotId,
    ) -> Result<Option<NodeId>, SlotError> {
        let place = self.pool.place(slot)?;
        let on = fleet.filter(|_| place != NO_NODE);
        Ok(on.map(|fleet| NodeId::new(place, fleet.generation())))
    }

    /// The function's limit.
    #[inline]
    pub fn gate(&self) -> &Gate {
        &self.quota.gate
    }

    /// The function's instances.
    pub const fn pool(&self) -> &Pool<W> {
        &self.pool
    }

    /// The settings that the function was built with. Its reservation and
    /// keep-alive may have been set since: see [`Gate::reserved`] and
    /// [`Function::keep_alive`].
    pub const fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// How long an instance stays idle now.
    pub fn keep_alive(&self) -> Duration {
        // ORDERING: Relaxed: a setting by itself, no data published with it.
        Duration::from_nanos(self.keep_alive_ns.load(Ordering::Relaxed))
    }

    /// Sets how long an instance stays idle; holds from the next reap on.
    pub fn set_keep_alive(&self, keep_alive: Duration) {
        // ORDERING: Relaxed: a setting by itself, no data published with it.
        self.keep_alive_ns.store(keep_alive.as_nanos(), Ordering::Relaxed);
    }

    /// The rate at which requests may start instances; unlimited unless set.
    /// For a function by itself: a region sets those of its functions.
    pub fn scaling_rate(&self) -> &TokenBucket {
        &self.quota.buckets.starts
    }

    /// What the function has done. O(seats).
    pub fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        self.tallies.read(&mut counters);
        let tally = self.pool.tally();
        // What a prestart holds and gives back is no request's.
        let (prestarts, pending) = self.tallies.prestarts();
        counters.warm_starts = tally.requests.saturating_sub(tally.instances_started);
        counters.cold_starts = tally.instances_started.saturating_sub(prestarts);
        counters.in_flight = tally.in_flight.saturating_sub(pending);
        let ended = counters.invocations().saturating_sub(counters.in_flight);
        counters.completions = ended.saturating_sub(counters.failures);
        counters.prestarts = prestarts;
        counters.instances = tally.instances;
        counters.idle_instances = tally.idle_instances;
        counters.clock_regressions = tally.clock_regressions;
        counters
    }
}

impl<W: Storage> fmt::Debug for Function<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("spec", &self.spec)
            .field("counters", &self.counters())
            .finish()
    }
}
