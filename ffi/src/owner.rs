//! What the one owner of a region's settings has: limits, functions with
//! versions or tenants, and what these want done.

use alloc::collections::{BTreeMap, VecDeque};
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut};

use warmstow_core::function::{
    Control, Lease, LeaseError, TenantFunction, VersionAction, VersionedFunction,
};
use warmstow_core::id::InstanceId;
use warmstow_core::time::Instant;

use crate::boundary;
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::tenants::warmstow_tenants;
use crate::versions::warmstow_versioned;

/// A region's control plane.
pub(crate) struct Owner {
    control: Control,
    versioned: Vec<VersionedFunction>,
    tenants: Vec<TenantFunction>,
    /// Pools that instances were started ahead in, by index: whose they are.
    /// A pool stays with its function.
    pools: BTreeMap<u32, usize>,
    /// What has not been polled, the oldest first.
    actions: VecDeque<VersionAction>,
}

impl Deref for Owner {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl DerefMut for Owner {
    fn deref_mut(&mut self) -> &mut Control {
        &mut self.control
    }
}

impl Owner {
    pub(crate) fn new(control: Control) -> Self {
        let (versioned, tenants) = (Vec::new(), Vec::new());
        let (pools, actions) = (BTreeMap::new(), VecDeque::new());
        Self { control, versioned, tenants, pools, actions }
    }

    /// With functions that were added before: what they want done can be polled.
    pub(crate) fn with(control: Control, versioned: Vec<VersionedFunction>) -> Self {
        let mut owner = Self { versioned, ..Self::new(control) };
        for at in 0..owner.versioned.len() {
            owner.at(at, |_, _| ());
        }
        owner
    }

    fn generation(&self) -> NonZeroU32 {
        self.control.region().config().generation
    }

    /// The bits of a handle. There are as many as functions at most, so a number
    /// of 32 bits.
    fn bits(&self, index: usize) -> u64 {
        u64::from(self.generation().get()) << 32 | index as u64
    }

    /// The index in a handle of this region's, below `count`.
    fn index_of(&self, bits: u64, count: usize) -> Option<usize> {
        let index = usize::try_from(bits & 0xFFFF_FFFF).unwrap_or(usize::MAX);
        let ours = bits >> 32 == u64::from(self.generation().get());
        (ours && index < count).then_some(index)
    }

    /// Adds a function with versions, for the life of the region.
    pub(crate) fn add<E>(
        &mut self,
        add: impl FnOnce(&mut Control) -> Result<VersionedFunction, E>,
    ) -> Result<warmstow_versioned, E> {
        let added = add(&mut self.control)?;
        let index = self.versioned.len();
        self.versioned.push(added);
        Ok(self.handle(index))
    }

    /// The function with versions of that name.
    pub(crate) fn find(&self, name: &str) -> Option<warmstow_versioned> {
        self.versioned.iter().position(|one| one.name() == name).map(|index| self.handle(index))
    }

    fn handle(&self, index: usize) -> warmstow_versioned {
        warmstow_versioned { bits: self.bits(index) }
    }

    fn index(&self, handle: warmstow_versioned) -> Result<usize, Failure> {
        let index = self.index_of(handle.bits, self.versioned.len());
        index.ok_or(Failure::StaleVersioned { bits: handle.bits })
    }

    /// Adds a function of tenants, for the life of the region.
    pub(crate) fn add_tenants<E>(
        &mut self,
        add: impl FnOnce(&mut Control) -> Result<TenantFunction, E>,
    ) -> Result<warmstow_tenants, E> {
        let added = add(&mut self.control)?;
        let bits = self.bits(self.tenants.len());
        self.tenants.push(added);
        Ok(warmstow_tenants { bits })
    }

    /// A call on a function of tenants; what it wants stopped can be polled then.
    pub(crate) fn on_tenants<T>(
        &mut self,
        handle: warmstow_tenants,
        act: impl FnOnce(&mut TenantFunction, &mut Control) -> T,
    ) -> Result<T, Failure> {
        let at = self.index_of(handle.bits, self.tenants.len()).ok_or_else(|| {
            let bits = handle.bits;
            let message = format_args!("{bits:#018x} is no function of tenants of this region");
            boundary::written(S::WARMSTOW_ERROR_TENANTS_STALE, message)
        })?;
        Ok(self.at_tenants(at, act))
    }

    fn at_tenants<T>(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut TenantFunction, &mut Control) -> T,
    ) -> T {
        let function = &mut self.tenants[at];
        let answer = act(function, &mut self.control);
        let stops = core::iter::from_fn(|| function.poll_stop());
        self.actions.extend(stops.map(VersionAction::Stop));
        answer
    }

    /// One function with versions.
    pub(crate) fn versioned(
        &self,
        handle: warmstow_versioned,
    ) -> Result<&VersionedFunction, Failure> {
        Ok(&self.versioned[self.index(handle)?])
    }

    /// A call on one of them; what it wants done can be polled then.
    pub(crate) fn on<T>(
        &mut self,
        handle: warmstow_versioned,
        act: impl FnOnce(&mut VersionedFunction, &mut Control) -> T,
    ) -> Result<T, Failure> {
        let at = self.index(handle)?;
        Ok(self.at(at, act))
    }

    fn at<T>(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut VersionedFunction, &mut Control) -> T,
    ) -> T {
        let function = &mut self.versioned[at];
        let answer = act(function, &mut self.control);
        while let Some(action) = function.poll_action() {
            if let VersionAction::Start(prestart) = &action {
                self.pools.insert(prestart.lease.function().index(), at);
            }
            self.actions.push_back(action);
        }
        answer
    }

    /// Time has passed; when it is to be told again.
    pub(crate) fn advance(&mut self, now: Instant) -> Option<Instant> {
        for at in 0..self.versioned.len() {
            self.at(at, |function, control| function.handle_time(now, control));
        }
        for at in 0..self.tenants.len() {
            self.at_tenants(at, |function, control| function.handle_time(now, control));
        }
        let versions = self.versioned.iter().filter_map(VersionedFunction::next_deadline);
        versions.chain(self.tenants.iter().filter_map(TenantFunction::next_deadline)).min()
    }

    /// The next thing to do.
    pub(crate) fn poll(&mut self) -> Option<VersionAction> {
        self.actions.pop_front()
    }

    /// An instance that was started ahead is up; the instance, if it is to be
    /// stopped. Of provisioned concurrency that is an action.
    pub(crate) fn prepared(
        &mut self,
        now: Instant,
        lease: Lease,
    ) -> Result<Option<InstanceId>, LeaseError> {
        match self.pools.get(&lease.function().index()) {
            Some(&at) => self.at(at, |function, control| {
                function.handle_prepared(now, control, lease).map(|()| None)
            }),
            None => self.control.region().prepared(now, lease),
        }
    }

    /// The same of one that has not come up.
    pub(crate) fn unprepared(
        &mut self,
        now: Instant,
        lease: Lease,
        reason: &str,
    ) -> Result<Option<InstanceId>, LeaseError> {
        match self.pools.get(&lease.function().index()) {
            Some(&at) => self.at(at, |function, control| {
                function.handle_unprepared(now, control, lease, reason).map(|()| None)
            }),
            None => self.control.region().unprepared(now, lease),
        }
    }
}
