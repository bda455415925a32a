//! From what a request names to the pool that serves it: versions and aliases.
//!
//! # Protocol
//!
//! A version is a function of the region with a pool of its own. Two words of it
//! say where its requests go, and one word of an alias which version they go to;
//! each is written by the owner of the settings and read by every request:
//!
//! ```text
//!  version  provisioned  0: none; else the pool that is tried first, plus 1;
//!                        with the top bit: it is over-full, none goes there
//!           successor    0: itself; else the pool that replaced it, plus 1;
//!                        all ones: deleted
//!
//!  alias    63     50 49         25 24          0
//!           | weight |  other + 1  | version + 1 |   all 0: no alias
//! ```
//!
//! A request reads the alias, follows successors to the last, reads its
//! provisioned pool, and is then admitted as any request is. It ends by its
//! lease, which names the pool that it was admitted to: what the words say by
//! then does not matter. So none is dropped by a change, and none is released to
//! where it was not taken from.
//!
//! *Update against acquire.* A request that read a word before the change goes
//! where it would have gone before the change: it is one that came before. The
//! owner sweeps the replaced pool until it is empty (`version.rs`), and a request
//! may start an instance there just after that. So both write `successor` by a
//! read-modify-write: the owner before it looks, a request after it has started
//! an instance. If the request's comes first, the owner sees the instance; else
//! the request sees the successor, and its instance stops when it is done. What
//! is left: a second request as late as the first that takes the instance at the
//! moment it drains leaves it to the next sweep, with the next change.
//!
//! *Activation against acquire.* The word `provisioned` is written once the whole
//! batch is idle in the pool, and the pool's gate has its reservation before. A
//! request that sees the pool finds both, or finds them taken by others.
//!
//! Orderings: the words are stored with Release and loaded with Acquire, so who
//! reads an index finds the function there. Lock-free: each is one load, and
//! successors are a list that only grows at its end.

use super::region::Words;
use super::{Function, Invocation, InvokeError, Lease, LeaseError, Region, Start, UnknownFunction};
use crate::id::{AliasId, FunctionId, InstanceId, Lane, NodeId, SlotId};
use crate::rng::splitmix64;
use crate::sync::{AtomicU64, Ordering, Storage};
use crate::time::Instant;

/// The share of an alias's requests that goes to its other version, in
/// ten-thousandths: AWS Lambda's weights have at most four decimals that matter
/// here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

impl Weight {
    /// All requests.
    pub const ONE: Self = Self(10_000);

    /// So many ten-thousandths; `None` above 10,000.
    pub const fn new(ten_thousandths: u16) -> Option<Self> {
        if ten_thousandths <= Self::ONE.0 { Some(Self(ten_thousandths)) } else { None }
    }

    /// In ten-thousandths.
    pub const fn ten_thousandths(self) -> u16 {
        self.0
    }
}

/// Where a version's requests go; see the protocol.
#[derive(Debug)]
pub(super) struct Links {
    provisioned: AtomicU64,
    successor: AtomicU64,
}

const DELETED: u64 = u64::MAX;
/// Of the word `provisioned`.
const OVERFULL: u64 = 1 << 63;

/// The provisioned pool of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provisioned {
    /// To be tried first.
    Open(u32),
    /// More is in flight there than may be: a request spills over.
    Overfull,
}

impl Links {
    pub(super) fn none() -> Self {
        Self { provisioned: AtomicU64::new(0), successor: AtomicU64::new(0) }
    }

    /// The provisioned pool, if there is one.
    #[inline]
    pub(super) fn provisioned(&self) -> Option<Provisioned> {
        // ORDERING: Acquire, pairs with the Release in `set_provisioned`.
        match self.provisioned.load(Ordering::Acquire) {
            word if word & OVERFULL != 0 => Some(Provisioned::Overfull),
            word => index(word).map(Provisioned::Open),
        }
    }

    pub(super) fn set_provisioned(&self, pool: Option<FunctionId>, overfull: bool) {
        let word = pool.map_or(0, |pool| u64::from(pool.index()) + 1);
        let word = if overfull { word | OVERFULL } else { word };
        // ORDERING: Release, pairs with the Acquire in `provisioned`.
        self.provisioned.store(word, Ordering::Release);
    }

    pub(super) fn replace(&self, successor: FunctionId) {
        let word = u64::from(successor.index()) + 1;
        // ORDERING: Release, pairs with the Acquire in `Region::current`; Acquire,
        // pairs with the Release in `is_replaced`, for what the owner then counts.
        self.successor.swap(word, Ordering::AcqRel);
    }

    pub(super) fn delete(&self) {
        // ORDERING: as above; the successor publishes nothing.
        self.successor.swap(DELETED, Ordering::AcqRel);
    }

    /// Whether requests of the version go to its own pool.
    #[cfg(all(test, loom))]
    pub(super) fn is_current(&self) -> bool {
        // ORDERING: Acquire, as in `Region::current`.
        self.successor.load(Ordering::Acquire) == 0
    }

    /// Whether the version has been replaced or deleted: for a request that has
    /// started an instance, which its owner sees from then on.
    fn is_replaced(&self) -> bool {
        // ORDERING: Release, so that the swap which comes later has the instance;
        // a read-modify-write, so that it is before or after that swap. What it
        // reads publishes nothing that is used.
        self.successor.fetch_or(0, Ordering::Release) != 0
    }
}

#[inline]
fn index(word: u64) -> Option<u32> {
    word.checked_sub(1).and_then(|index| u32::try_from(index).ok())
}

/// One alias; see the protocol.
#[derive(Debug)]
pub(super) struct AliasWord(AtomicU64);

const HALF: u32 = 25;

impl AliasWord {
    pub(super) fn none() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Points it, or deletes it.
    pub(super) fn set(&self, to: Option<(FunctionId, Option<(FunctionId, Weight)>)>) {
        let plus_one = |version: FunctionId| u64::from(version.index()) + 1;
        let word = to.map_or(0, |(version, other)| {
            let other = other.map_or(0, |(other, weight)| {
                plus_one(other) << HALF | u64::from(weight.0) << (2 * HALF)
            });
            plus_one(version) | other
        });
        // ORDERING: Release, pairs with the Acquire in `pick`.
        self.0.store(word, Ordering::Release);
    }

    /// The version that a request of this draw goes to.
    fn pick(&self, draw: u64) -> Option<u32> {
        // ORDERING: Acquire, pairs with the Release in `set`.
        let word = self.0.load(Ordering::Acquire);
        let mask = (1 << HALF) - 1;
        let (version, other, weight) =
            (word & mask, word >> HALF & mask, u128::from(word >> (2 * HALF)));
        let mixed = u128::from(splitmix64(&mut { draw }));
        // The top of 128 bits: uniform below 10,000.
        let to_other = other != 0 && (mixed * 10_000) >> 64 < weight;
        index(if to_other { other } else { version })
    }
}

impl<S: Storage> Function<S> {
    /// An instance that was started in a pool which has been replaced meanwhile
    /// stops when its request is done.
    pub(super) fn leave_replaced(&self, slot: SlotId) {
        if self.links.is_replaced() {
            // Drained already, or gone: as it should be.
            let _ = self.pool.drain(slot);
        }
    }
}

/// An instance of a region that is started ahead of requests, for the host to
/// initialise; then [`Region::prepared`] or [`Region::unprepared`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the instance is held until it is prepared or has failed"]
pub struct Prestart {
    /// The hold. It is of no use where a request's lease is asked for.
    pub lease: Lease,
    /// The instance.
    pub instance: InstanceId,
    /// On this node; `None` where the region has no fleet.
    pub node: Option<NodeId>,
}

impl Region {
    /// Admits a request of a version (or of any function): its provisioned
    /// concurrency first, else on demand. The lease says which, by its function.
    ///
    /// Each reads one word more than [`Region::invoke_in`]; the pools of a
    /// function with versions share their gate, so their permits are not parked.
    ///
    /// # Errors
    ///
    /// As [`Region::invoke`]; a deleted version is an unknown function.
    pub fn invoke_version(
        &self,
        now: Instant,
        version: FunctionId,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        self.invoke_current(now, version, lane, true)
    }

    /// As [`Region::invoke_version`], whatever the rates of requests: of the
    /// function, of the account, and of provisioned concurrency. Every limit of
    /// concurrency holds, and so does the scaling rate. For events that AWS
    /// services send asynchronously, which AWS Lambda holds to no rate.
    ///
    /// # Errors
    ///
    /// As [`Region::invoke_version`], but for the two reasons of request rates.
    ///
    /// ```
    /// use warmstow_core::function::{FunctionSpec, Region, RegionConfig};
    /// use warmstow_core::id::Lane;
    /// use warmstow_core::time::Instant;
    ///
    /// let config = RegionConfig { account_limit: 1, ..RegionConfig::lambda() };
    /// let (region, mut control) = Region::new(config)?;
    /// let resize = control.add_function("resize", FunctionSpec::of_memory(512))?;
    /// let now = Instant::ZERO;
    /// for event in 0..100 {
    ///     let request = region.invoke_unmetered(now, resize, Lane::FIRST)?;
    ///     assert!(region.invoke_unmetered(now, resize, Lane::FIRST).is_err(), "one at a time");
    ///     if event == 0 {
    ///         region.started(now, &request.lease)?;
    ///     }
    ///     region.complete(now, request.lease)?;
    /// }
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn invoke_unmetered(
        &self,
        now: Instant,
        version: FunctionId,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        self.invoke_current(now, version, lane, false)
    }

    #[inline(always)]
    fn invoke_current(
        &self,
        now: Instant,
        version: FunctionId,
        lane: Lane,
        metered: bool,
    ) -> Result<Invocation, InvokeError> {
        let (version, of) = self.current(version)?;
        if metered && self.config().requests_per_concurrency != 0 {
            of.meter(now, &self.buckets.requests)?;
        }
        match of.links.provisioned() {
            None => return self.admit_on_demand(of, now, version, lane),
            Some(Provisioned::Overfull) => {}
            Some(Provisioned::Open(index)) => {
                let pool = self.of_index(index);
                let provisioned = self.function(pool)?;
                if (!metered || provisioned.quota.buckets.requests.take(now).is_ok())
                    && let Ok(invocation) = self.admit(provisioned, now, pool, lane)
                {
                    return Ok(invocation);
                }
            }
        }
        // Spillover: whatever keeps it from there, it runs on demand.
        let invocation = self.admit_on_demand(of, now, version, lane)?;
        of.tallies.spilled();
        Ok(invocation)
    }

    fn admit_on_demand(
        &self,
        of: &Function<Words>,
        now: Instant,
        version: FunctionId,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        let invocation = self.admit(of, now, version, lane)?;
        if invocation.start != Start::Warm {
            of.leave_replaced(invocation.instance.slot);
        }
        Ok(invocation)
    }

    /// As [`Region::invoke_version`], of the version that an alias points to.
    /// Of two the `draw` decides: any number, such as that of the request, each
    /// as good as a random one.
    ///
    /// # Errors
    ///
    /// As [`Region::invoke_version`]; and a deleted or foreign alias.
    pub fn invoke_alias(
        &self,
        now: Instant,
        alias: AliasId,
        draw: u64,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        self.invoke_version(now, self.drawn(alias, draw)?, lane)
    }

    /// As [`Region::invoke_alias`], whatever the rates of requests: see
    /// [`Region::invoke_unmetered`].
    ///
    /// # Errors
    ///
    /// As [`Region::invoke_unmetered`]; and a deleted or foreign alias.
    pub fn invoke_alias_unmetered(
        &self,
        now: Instant,
        alias: AliasId,
        draw: u64,
        lane: Lane,
    ) -> Result<Invocation, InvokeError> {
        self.invoke_unmetered(now, self.drawn(alias, draw)?, lane)
    }

    /// The version that an alias points to, by this draw.
    fn drawn(&self, alias: AliasId, draw: u64) -> Result<FunctionId, InvokeError> {
        let word = self.alias(alias).and_then(|word| word.pick(draw));
        Ok(self.of_index(word.ok_or(InvokeError::UnknownAlias { alias })?))
    }

    /// Starts an instance of a function ahead of requests. O(nodes).
    ///
    /// # Errors
    ///
    /// A foreign handle, or as [`Function::prestart`].
    pub fn prestart(&self, _now: Instant, function: FunctionId) -> Result<Prestart, InvokeError> {
        let of = self.function(function)?;
        let started = of.prestart(self.fleet(), self.config().strategy)?;
        Ok(Prestart {
            lease: Lease::new(function, started.seat),
            instance: InstanceId { function, slot: started.slot },
            node: started.node,
        })
    }

    /// Reports that a prestarted instance has initialised; see
    /// [`Function::prepared`].
    ///
    /// # Errors
    ///
    /// A stale lease.
    pub fn prepared(&self, now: Instant, lease: Lease) -> Result<Option<InstanceId>, LeaseError> {
        let function = lease.function();
        let of = self.of_lease(&lease)?;
        let stop = of.prepared(now, lease.seat)?;
        Ok(stop.map(|slot| InstanceId { function, slot }))
    }

    /// Reports that a prestarted instance has not come up; see
    /// [`Function::unprepared`].
    ///
    /// # Errors
    ///
    /// A stale lease.
    pub fn unprepared(&self, now: Instant, lease: Lease) -> Result<Option<InstanceId>, LeaseError> {
        let function = lease.function();
        let of = self.of_lease(&lease)?;
        let stop = of.unprepared(now, lease.seat)?;
        Ok(stop.map(|slot| InstanceId { function, slot }))
    }

    /// The instance of a lease.
    ///
    /// # Errors
    ///
    /// A stale lease.
    pub fn instance_of(&self, lease: &Lease) -> Result<InstanceId, LeaseError> {
        let of = self.of_lease(lease)?;
        Ok(InstanceId { function: lease.function(), slot: of.pool.slot_of(&lease.seat)? })
    }

    /// The last successor of a version.
    pub(super) fn last_of(&self, version: FunctionId) -> Option<FunctionId> {
        self.current(version).ok().map(|(id, _)| id)
    }

    /// The pool that serves a version now.
    fn current(
        &self,
        version: FunctionId,
    ) -> Result<(FunctionId, &Function<Words>), UnknownFunction> {
        let (mut id, mut of) = (version, self.function(version)?);
        loop {
            // ORDERING: Acquire, pairs with the Release in `Links::replace`.
            match of.links.successor.load(Ordering::Acquire) {
                0 => return Ok((id, of)),
                DELETED => return Err(UnknownFunction { function: version }),
                next => {
                    let next = index(next).ok_or(UnknownFunction { function: version })?;
                    id = self.of_index(next);
                    of = self.function(id)?;
                }
            }
        }
    }

    const fn of_index(&self, index: u32) -> FunctionId {
        FunctionId::new(index, self.config().generation)
    }

    pub(super) fn alias(&self, alias: AliasId) -> Option<&AliasWord> {
        let known = alias.generation() == self.config().generation;
        self.aliases.get(alias.index() as usize).filter(|_| known)
    }
}
