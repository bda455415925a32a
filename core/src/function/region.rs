//! The data plane of many functions: handles in, leases and instances out.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use once_cell::race::OnceBox;

use super::admit::Peers;
use super::rates::Buckets;
use super::routes::AliasWord;
use super::{
    Admitted, ConfigError, Control, Counters, Function, InstanceError, InvokeError, Lease,
    LeaseError, RegionConfig, Start, UnknownFunction,
};
use crate::concurrency::{Account, Limits, TokenBucket};
use crate::id::{FunctionId, InstanceId, Lane, NodeId, SlotId};
use crate::placement::Fleet;
use crate::pool::{self, Parked, PoolConfig, Reaped, Short, SlotError};
use crate::sync::AtomicU64;
use crate::time::{Duration, Instant};

pub(super) type Words = Box<[AtomicU64]>;

/// The functions of one account in one region, and the fleet they run on.
///
/// This is the data plane: every method takes `&self`, may be called from any
/// thread at any time, is lock-free and allocates nothing. Share it by its
/// `Arc`. Nodes, functions and limits are the [`Control`]'s.
pub struct Region {
    config: RegionConfig,
    pub(super) account: Account,
    pub(super) buckets: Buckets,
    pub(super) fleet: Option<Fleet<Words>>,
    pub(super) functions: Box<[OnceBox<Function<Words>>]>,
    pub(super) aliases: Box<[AliasWord]>,
}

/// An admitted invocation.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the lease holds an instance until it is completed or failed"]
pub struct Invocation {
    /// The hold: given to [`Region::complete`] or [`Region::fail`].
    pub lease: Lease,
    /// The instance that serves it.
    pub instance: InstanceId,
    /// Whether that instance is to be started first.
    pub start: Start,
}

impl Invocation {
    #[inline]
    fn of(function: FunctionId, Admitted { slot, seat, start }: Admitted) -> Self {
        Self { lease: Lease::new(function, seat), instance: InstanceId { function, slot }, start }
    }
}

impl Region {
    /// A region without nodes or functions, and its one control plane.
    ///
    /// # Errors
    ///
    /// What of `config` is out of range.
    pub fn new(config: RegionConfig) -> Result<(Arc<Self>, Control), ConfigError> {
        let most = RegionConfig::MAX_FUNCTIONS;
        if config.max_functions == 0 || config.max_functions > most {
            return Err(ConfigError::MaxFunctions { value: config.max_functions });
        }
        if config.max_aliases > most {
            return Err(ConfigError::MaxAliases { value: config.max_aliases });
        }
        if config.lanes == 0 || config.lanes > PoolConfig::MAX_LANES {
            return Err(ConfigError::Lanes { value: config.lanes });
        }
        config.scaling_rate.check()?;
        let buckets = Buckets::unlimited();
        buckets.starts.set(config.scaling_rate.of_all())?;
        buckets.set_requests(config.requests_per_concurrency, config.account_limit);
        let (limits, account) = Limits::new(config.account_limit, config.unreserved_minimum);
        // The region finds what its functions park.
        account.parking().resume();
        let fleet = match config.max_nodes {
            0 => None,
            nodes => Some(Fleet::new(nodes, config.generation, config.seed)?),
        };
        let functions = (0..config.max_functions).map(|_| OnceBox::new()).collect();
        let aliases = (0..config.max_aliases).map(|_| AliasWord::none()).collect();
        let region = Arc::new(Self { config, account, buckets, fleet, functions, aliases });
        Ok((region.clone(), Control::new(region, limits)))
    }

    /// The settings that the region was built with. The account limit may have
    /// been set since: see [`Control::account_limit`].
    pub const fn config(&self) -> &RegionConfig {
        &self.config
    }

    /// Admits a request of `function` and says which instance serves it.
    ///
    /// Cost: see [`Function::invoke`].
    ///
    /// # Errors
    ///
    /// Which limit is reached or which resource is short; or a foreign handle.
    /// Nothing is held.
    #[inline(always)]
    pub fn invoke(&self, now: Instant, function: FunctionId) -> Result<Invocation, InvokeError> {
        self.invoke_in(now, function, Lane::FIRST)
    }

    /// As [`Region::invoke`] for a host of several threads, each of which has a
    /// `lane` of its own: they share no cache line as long as each finds an
    /// idle instance in its lane and the limits are far.
    ///
    /// # Errors
    ///
    /// As [`Region::invoke`].
    #[inline(always)]
    pub fn invoke_in(
        &self,
        now: Instant,
        function: FunctionId,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        let of = self.function(function)?;
        if self.config.requests_per_concurrency != 0 {
            of.meter(now, &self.buckets.requests)?;
        }
        self.admit(of, now, function, lane)
    }

    /// An invocation behind the rates of requests.
    #[inline(always)]
    pub(super) fn admit(
        &self,
        of: &Function<Words>,
        now: Instant,
        function: FunctionId,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        match of.pool.claim_parked(lane) {
            Parked::Claim(claim) => Ok(Invocation::of(function, Admitted::warm(claim))),
            parked => self.invoke_at_length(of, now, function, lane, parked),
        }
    }

    /// The rest of an invocation that found no seat parked in its lane.
    #[inline(never)]
    fn invoke_at_length(
        &self,
        of: &Function<Words>,
        now: Instant,
        function: FunctionId,
        lane: Lane,
        parked: Parked,
    ) -> Result<Invocation, InvokeError> {
        let (account, fleet) = (&self.account, self.fleet.as_ref());
        let strategy = self.config.strategy;
        let admitted = of.invoke_among(now, lane, parked, account, self, fleet, strategy)?;
        Ok(Invocation::of(function, admitted))
    }

    /// Reports that a cold-started instance has initialised. The request goes
    /// on; the instance's other seats, if it has more than one, open.
    ///
    /// # Errors
    ///
    /// A stale lease, or an instance that has reported this before.
    pub fn started(&self, _now: Instant, lease: &Lease) -> Result<(), LeaseError> {
        Ok(self.of_lease(lease)?.started(&lease.seat)?)
    }

    /// Reports that a request is done, well or with an error that its instance
    /// survives. `Some(instance)`: that instance was drained and is now empty;
    /// stop it, then report [`Region::stopped`].
    ///
    /// The instance's idle clock starts at `now`.
    ///
    /// # Errors
    ///
    /// A stale lease, or an instance that has not started.
    #[inline(always)]
    pub fn complete(&self, now: Instant, lease: Lease) -> Result<Option<InstanceId>, LeaseError> {
        let of = self.of_lease(&lease)?;
        match of.pool.release_shortly(now, &lease.seat) {
            Short::Parked => Ok(None),
            so_far => self.complete_at_length(of, now, lease, so_far),
        }
    }

    /// The rest of a completion that the pool could not do shortly.
    #[inline(never)]
    fn complete_at_length(
        &self,
        of: &Function<Words>,
        now: Instant,
        lease: Lease,
        so_far: Short,
    ) -> Result<Option<InstanceId>, LeaseError> {
        let function = lease.function();
        let stop = of.complete_at_length(now, &self.account, lease.seat, so_far)?;
        Ok(stop.map(|slot| InstanceId { function, slot }))
    }

    /// Reports that a request failed in a way that its instance does not
    /// survive: crash, timeout or failed start. The instance takes no more
    /// requests. `Some(instance)` once it is empty: stop it, then report
    /// [`Region::stopped`].
    ///
    /// # Errors
    ///
    /// A stale lease.
    pub fn fail(&self, now: Instant, lease: Lease) -> Result<Option<InstanceId>, LeaseError> {
        let function = lease.function();
        let stop = self.of_lease(&lease)?.fail(now, &self.account, lease.seat)?;
        Ok(stop.map(|slot| InstanceId { function, slot }))
    }

    /// Takes an instance out of service: it gets no more requests and those in
    /// flight finish. `Some(instance)` if it had none: stop it, then report
    /// [`Region::stopped`]. Else the end of its last request says so, or, where
    /// a request met it on the way out, the next [`Region::reap`] or
    /// [`Region::reap_instance`]: go on reaping after a drain. Draining an
    /// instance that drains changes nothing.
    ///
    /// # Errors
    ///
    /// An instance that was told to stop, has stopped, or is foreign.
    pub fn drain(
        &self,
        _now: Instant,
        instance: InstanceId,
    ) -> Result<Option<InstanceId>, InstanceError> {
        let stop = of_instance(instance, self.of_instance(instance)?.drain(instance.slot))?;
        Ok(stop.map(|slot| InstanceId { slot, ..instance }))
    }

    /// The instances of `function` to be stopped now: those idle for the
    /// keep-alive or longer, and those drained that no one has reported. For
    /// each: stop it, then report [`Region::stopped`]. O(instances) in all.
    ///
    /// # Errors
    ///
    /// A foreign handle.
    pub fn reap(&self, now: Instant, function: FunctionId) -> Result<Reap<'_>, UnknownFunction> {
        Ok(Reap { function, inner: self.function(function)?.reap(now) })
    }

    /// Takes one instance out of service if it was idle for its keep-alive;
    /// else says until when it may stay. O(1).
    ///
    /// # Errors
    ///
    /// An instance that has stopped, or is foreign.
    pub fn reap_instance(
        &self,
        now: Instant,
        instance: InstanceId,
    ) -> Result<Reaped, InstanceError> {
        of_instance(instance, self.of_instance(instance)?.reap_one(now, instance.slot))
    }

    /// Takes one instance out of service if it has no request, however short
    /// its idle time: to make room, or because a [`Keeper`](super::Keeper)
    /// says so. A busy one is left as it is. O(1).
    ///
    /// # Errors
    ///
    /// An instance that has stopped, or is foreign.
    pub fn evict(&self, now: Instant, instance: InstanceId) -> Result<Reaped, InstanceError> {
        let of = self.of_instance(instance)?;
        of_instance(instance, of.pool.reap_one(now, Duration::ZERO, instance.slot))
    }

    /// Reports that the host has stopped an instance: its room on the node and
    /// its slot are free again.
    ///
    /// # Errors
    ///
    /// An instance that was not told to stop, has stopped before, or is
    /// foreign.
    pub fn stopped(&self, _now: Instant, instance: InstanceId) -> Result<(), InstanceError> {
        let function = self.of_instance(instance)?;
        of_instance(instance, function.stopped(self.fleet.as_ref(), instance.slot))
    }

    /// The node that an instance is on; `None` where the region has no fleet.
    ///
    /// # Errors
    ///
    /// An instance that has stopped, or is foreign.
    pub fn node_of(&self, instance: InstanceId) -> Result<Option<NodeId>, InstanceError> {
        let function = self.of_instance(instance)?;
        of_instance(instance, function.node(self.fleet.as_ref(), instance.slot))
    }

    /// What a function has done. O(seats).
    ///
    /// # Errors
    ///
    /// A foreign handle.
    pub fn counters(&self, function: FunctionId) -> Result<Counters, UnknownFunction> {
        Ok(self.function(function)?.counters())
    }

    /// One function: its limit, its instances, its keep-alive. O(1).
    ///
    /// # Errors
    ///
    /// A foreign handle.
    #[inline]
    pub fn function(&self, function: FunctionId) -> Result<&Function<Words>, UnknownFunction> {
        self.entry(function.index(), function.generation().get())
            .ok_or(UnknownFunction { function })
    }

    #[inline(always)]
    fn entry(&self, index: u32, generation: u32) -> Option<&Function<Words>> {
        if generation != self.config.generation.get() {
            return None;
        }
        self.functions.get(index as usize)?.get()
    }

    /// Requests in flight that count against the account's unreserved
    /// concurrency: a moment's view, exact at rest. O(functions).
    pub fn unreserved_in_flight(&self) -> u32 {
        let functions = self.functions.iter().filter_map(OnceBox::get);
        let unreserved = functions.filter(|function| function.gate().reserved().is_none());
        let parked: u32 = unreserved.map(|function| function.pool.parked()).sum();
        self.account.in_flight().saturating_sub(parked)
    }

    /// The chunk of the account's functions that a function's index is in.
    pub(super) fn chunk_of(&self, index: u32) -> u32 {
        index >> self.chunk_shift()
    }

    fn chunk_shift(&self) -> u32 {
        self.config.max_functions.div_ceil(u32::BITS).next_power_of_two().trailing_zeros()
    }

    /// The account's unreserved concurrency. Its counter has the permits that
    /// are parked with idle instances too: see [`Region::unreserved_in_flight`].
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The nodes; `None` where the region was built for 0 of them.
    pub const fn fleet(&self) -> Option<&Fleet<Words>> {
        self.fleet.as_ref()
    }

    #[inline(always)]
    pub(super) fn of_lease(&self, lease: &Lease) -> Result<&Function<Words>, LeaseError> {
        let (index, generation) = lease.parts();
        self.entry(index, generation).ok_or(LeaseError::Stale)
    }

    fn of_instance(&self, instance: InstanceId) -> Result<&Function<Words>, InstanceError> {
        self.function(instance.function).map_err(|_| InstanceError::Stale { instance })
    }
}

impl Peers<Words> for Region {
    const ALL: bool = true;

    fn starts(&self) -> Option<&TokenBucket> {
        self.config.scaling_rate.of_all().map(|_| &self.buckets.starts)
    }

    fn any(&self, chunks: u32, visit: &mut dyn FnMut(&Function<Words>) -> bool) -> bool {
        let (shift, all) = (self.chunk_shift(), self.functions.len());
        let chosen = (0..u32::BITS).filter(|chunk| chunks >> chunk & 1 == 1);
        chosen.into_iter().any(|chunk| {
            let first = (chunk as usize) << shift;
            let entries = &self.functions[first.min(all)..(first + (1 << shift)).min(all)];
            // Functions are added in order: behind a gap there is none.
            entries.iter().map_while(OnceBox::get).any(&mut *visit)
        })
    }
}

/// A pool's answer about a slot as the region's about an instance.
fn of_instance<T>(instance: InstanceId, answer: Result<T, SlotError>) -> Result<T, InstanceError> {
    answer.map_err(|error| match error {
        SlotError::NotStopping { .. } => InstanceError::NotStopping { instance },
        _ => InstanceError::Stale { instance },
    })
}

/// The instances to stop, one at each step; see [`Region::reap`].
#[must_use = "an iterator does nothing until it is stepped"]
#[derive(Debug)]
pub struct Reap<'a> {
    function: FunctionId,
    inner: pool::Reap<'a, Words>,
}

impl Iterator for Reap<'_> {
    type Item = InstanceId;

    fn next(&mut self) -> Option<InstanceId> {
        let slot: SlotId = self.inner.next()?;
        Some(InstanceId { function: self.function, slot })
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("config", &self.config)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
