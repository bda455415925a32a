//! The control plane of a region: nodes, functions and limits.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::quota::Share;
use super::region::Words;
use super::{
    Function, FunctionError, FunctionSpec, Region, SettingError, SpecError, UnknownFunction,
    settings,
};
use crate::concurrency::{Gate, LimitError, Limits};
use crate::id::{AliasId, FunctionId, NodeId};
use crate::placement::{NodeError, NodeSpec};
use crate::pool::PoolConfig;
use crate::time::Duration;

/// The one owner of a region's settings.
///
/// It is not cloned and its methods take `&mut self`, so changes come one
/// after the other; the data plane goes on meanwhile, on all threads. A host
/// whose settings come from several threads puts it behind a lock of its own.
#[derive(Debug)]
pub struct Control {
    region: Arc<Region>,
    limits: Limits,
    /// Aliases made so far: a deleted one's place is not used again.
    aliases: u32,
    /// Indices of the pools of functions with versions, rising.
    of_versions: Vec<u32>,
    /// By a function's index.
    names: Vec<String>,
    /// Indices by name. Looked up, never walked: its order is not defined.
    by_name: HashTable<u32>,
    /// Names of functions whose pools have names of their own.
    claimed: BTreeSet<String>,
    hasher: DefaultHashBuilder,
}

impl Control {
    pub(super) fn new(region: Arc<Region>, limits: Limits) -> Self {
        Self {
            region,
            limits,
            aliases: 0,
            of_versions: Vec::new(),
            names: Vec::new(),
            by_name: HashTable::new(),
            claimed: BTreeSet::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The data plane.
    pub const fn region(&self) -> &Arc<Region> {
        &self.region
    }

    /// Registers a node. Instances can be placed on it from now on.
    ///
    /// # Errors
    ///
    /// A node without CPU or memory, too large a one, or one more than
    /// [`RegionConfig::max_nodes`](super::RegionConfig::max_nodes).
    pub fn add_node(&mut self, spec: NodeSpec) -> Result<NodeId, NodeError> {
        match &self.region.fleet {
            Some(fleet) => fleet.add_node(spec),
            None => Err(NodeError::Full { max_nodes: 0 }),
        }
    }

    /// Adds a function. It can be invoked from now on, and stays for the life
    /// of the region; reserved concurrency 0 stops it. Allocates its pool.
    ///
    /// # Errors
    ///
    /// An empty or taken name, a specification out of range, an instance
    /// larger than any node, a reservation that the account cannot give, or
    /// one function more than the region was built for.
    pub fn add_function(
        &mut self,
        name: &str,
        spec: FunctionSpec,
    ) -> Result<FunctionId, FunctionError> {
        self.add_pool(name, spec, Share::own())
    }

    /// Whether the region can have so many functions more.
    pub(super) fn check_room_for(&self, more: usize) -> Result<(), FunctionError> {
        let max_functions = self.region.config().max_functions;
        if self.names.len().saturating_add(more) <= max_functions as usize {
            return Ok(());
        }
        Err(FunctionError::Full { max_functions })
    }

    /// Whether a function named so can be added.
    pub(super) fn check_name(&self, name: &str) -> Result<(), FunctionError> {
        if name.is_empty() {
            return Err(FunctionError::NoName);
        }
        // As a function with versions names the pool of its `$LATEST`.
        let latest = || self.function(&alloc::format!("{name}:$LATEST")).is_some();
        if self.function(name).is_some() || self.is_claimed(name) || latest() {
            return Err(FunctionError::NameTaken { name: name.to_string() });
        }
        Ok(())
    }

    fn is_claimed(&self, name: &str) -> bool {
        self.claimed.contains(name.strip_suffix(":$LATEST").unwrap_or(name))
    }

    /// Takes a name for good, for a function whose pools have others.
    pub(super) fn claim_name(&mut self, name: &str) {
        self.claimed.insert(name.to_string());
    }

    /// Whether a pool of these settings could be added.
    pub(super) fn check_spec(&self, spec: &FunctionSpec) -> Result<(), FunctionError> {
        spec.validate()?;
        let pool = PoolConfig { lanes: self.region.config().lanes, ..spec.pool() };
        pool.validate().map_err(SpecError::Pool)?;
        if let Some(fleet) = &self.region.fleet {
            fleet.fits_empty(spec.resources)?;
        }
        Ok(())
    }

    /// As [`Control::add_function`] behind a quota that may be shared.
    pub(super) fn add_pool(
        &mut self,
        name: &str,
        spec: FunctionSpec,
        quota: Share,
    ) -> Result<FunctionId, FunctionError> {
        let shared = quota.is_shared();
        let config = *self.region.config();
        if name.is_empty() {
            return Err(FunctionError::NoName);
        }
        if self.function(name).is_some() || self.is_claimed(name) {
            return Err(FunctionError::NameTaken { name: name.to_string() });
        }
        let full = FunctionError::Full { max_functions: config.max_functions };
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let region = self.region.clone();
        let entry = region.functions.get(index as usize).ok_or_else(|| full.clone())?;
        let function =
            Function::in_region(&spec, config.lanes, self.region.chunk_of(index), quota)?;
        if !shared {
            let rate = function.scaling_rate().set(config.scaling_rate.of_each());
            debug_assert!(rate.is_ok(), "checked when the region was built");
        }
        if let Some(fleet) = &self.region.fleet {
            fleet.fits_empty(spec.resources)?;
        }
        if spec.reserved_concurrency.is_some() && !shared {
            self.reserve(&function, spec.reserved_concurrency)?;
        }
        // Nothing is parked before others can find it: the entry is published
        // before a read-modify-write of the account's word, and the hold ends
        // after it. So who closes the account after an opener's look at it has
        // the entry behind it.
        function.gate().parking().hold();
        // Only this control adds functions, in order, so the entry is free.
        entry.set(Box::new(function)).map_err(|_| full)?;
        self.region.account.parking().opened();
        if let Some(published) = entry.get() {
            published.gate().parking().resume();
        }
        let id = FunctionId::new(index, config.generation);
        self.names.push(name.to_string());
        let (names, hasher) = (&self.names, &self.hasher);
        let hash = |&index: &u32| hasher.hash_one(names[index as usize].as_str());
        self.by_name.insert_unique(hasher.hash_one(name), index, hash);
        if shared {
            self.of_versions.push(index);
        }
        Ok(id)
    }

    /// As [`Control::add_pool`], for concurrency that is provisioned.
    pub(super) fn add_provisioned_pool(
        &mut self,
        name: &str,
        spec: FunctionSpec,
    ) -> Result<FunctionId, FunctionError> {
        let pool = self.add_pool(name, spec, Share::own())?;
        self.of_versions.push(pool.index());
        Ok(pool)
    }

    /// The function of that name.
    pub fn function(&self, name: &str) -> Option<FunctionId> {
        let is_it = |&index: &u32| self.names[index as usize] == name;
        let index = self.by_name.find(self.hasher.hash_one(name), is_it)?;
        Some(FunctionId::new(*index, self.region.config().generation))
    }

    /// The names of the functions, by their handles' index.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Sets the account limit. Requests in flight above it go on; none is
    /// admitted until enough have ended.
    ///
    /// # Errors
    ///
    /// A limit that does not leave the unreserved minimum beside the
    /// reservations.
    ///
    /// While this lowers it, a request can be throttled although a unit is free:
    /// one that lies with an idle instance and is on its way back. Never is one
    /// admitted above the limit.
    ///
    /// Cost: O(functions, and their idle leaves, in the chunks (32nds of all)
    /// that have parked permits) to lower it, O(1) to raise it.
    pub fn set_account_limit(&mut self, limit: u32) -> Result<(), LimitError> {
        let region = &self.region;
        settings::set_account_limit(&mut self.limits, &region.account, &**region, limit)?;
        region.buckets.set_requests(region.config().requests_per_concurrency, limit);
        Ok(())
    }

    /// As [`Control::set_reserved_concurrency`], of a gate under which nothing is
    /// parked.
    pub(super) fn reserve_gate(
        &mut self,
        gate: &Gate,
        reserved: Option<u32>,
    ) -> Result<(), LimitError> {
        let region = &self.region;
        let (account, limits) = (&region.account, &mut self.limits);
        settings::set_reserved_unparked(limits, account, &**region, gate, reserved)
    }

    /// As [`Control::set_reserved_concurrency`], of a pool of this region.
    pub(super) fn reserve_pool(
        &mut self,
        pool: FunctionId,
        reserved: u32,
    ) -> Result<(), LimitError> {
        let region = self.region.clone();
        match region.function(pool) {
            Ok(of) => self.reserve(of, Some(reserved)),
            Err(_) => Ok(()),
        }
    }

    /// The next alias of the region, if there is one left.
    pub(super) fn take_alias(&mut self) -> Option<AliasId> {
        let config = self.region.config();
        let id = AliasId::new(self.aliases, config.generation);
        (self.aliases < config.max_aliases).then(|| {
            self.aliases += 1;
            id
        })
    }

    fn reserve(
        &mut self,
        function: &Function<Words>,
        reserved: Option<u32>,
    ) -> Result<(), LimitError> {
        let region = &self.region;
        settings::set_reserved(&mut self.limits, &region.account, &**region, function, reserved)?;
        let factor = region.config().requests_per_concurrency;
        function.quota.buckets.set_requests(factor, reserved.unwrap_or(0));
        Ok(())
    }

    /// Sets or, with `None`, removes a function's reserved concurrency.
    ///
    /// # Errors
    ///
    /// A foreign handle, one of a function with versions (whose reservation is
    /// set by [`VersionedFunction::set_reserved`]), or a reservation that does
    /// not leave the unreserved minimum.
    ///
    /// [`VersionedFunction::set_reserved`]: super::VersionedFunction::set_reserved
    ///
    /// Cost: O(instances of the function), and to raise it as much beside as
    /// lowering the account's limit.
    pub fn set_reserved_concurrency(
        &mut self,
        function: FunctionId,
        reserved: Option<u32>,
    ) -> Result<(), SettingError> {
        let region = self.region.clone();
        let of = region.function(function)?;
        if self.of_versions.binary_search(&function.index()).is_ok() {
            return Err(SettingError::Versioned { function });
        }
        Ok(self.reserve(of, reserved)?)
    }

    /// Sets how long a function's instances stay idle; holds from the next
    /// reap on.
    ///
    /// # Errors
    ///
    /// A foreign handle.
    pub fn set_keep_alive(
        &mut self,
        function: FunctionId,
        keep_alive: Duration,
    ) -> Result<(), UnknownFunction> {
        self.region.function(function)?.set_keep_alive(keep_alive);
        Ok(())
    }

    /// The account limit in force.
    pub const fn account_limit(&self) -> u32 {
        self.limits.account_limit()
    }

    /// The sum of all reservations, and of what is provisioned of functions
    /// without one, which the account claims alike.
    pub const fn reserved_sum(&self) -> u32 {
        self.limits.reserved_sum()
    }

    /// Claimed concurrency, as AWS's `ClaimedAccountConcurrency`: unreserved
    /// requests in flight and every reservation, used or not.
    pub fn claimed_concurrency(&self) -> u64 {
        let reserved = self.limits.account_limit() - self.region.account.limit();
        u64::from(self.region.unreserved_in_flight()) + u64::from(reserved)
    }
}
