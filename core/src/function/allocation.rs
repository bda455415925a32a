//! One configuration of provisioned concurrency at work: its claim, its batch
//! and what becomes of its instances. The rules are told in `provisioned.rs`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::retiring::SWEEP;
use super::version::VersionAction;
use super::{
    Control, FunctionSpec, InvokeError, Pace, ProvisionedError, ProvisionedStatus, Provisioning,
    Region, VersionedFunction,
};
use crate::concurrency::{Gate, LimitError};
use crate::id::{FunctionId, InstanceId};
use crate::time::{Duration, Instant};

/// Who a configuration belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Version(u32),
    Alias(String),
}

#[derive(Debug)]
pub(super) struct Provided {
    pub(super) instance: InstanceId,
    pub(super) since: Instant,
    pub(super) ready: bool,
}

/// One configuration.
#[derive(Debug)]
pub(super) struct Allocation {
    pub(super) holder: Holder,
    pub(super) version: u32,
    pub(super) pool: FunctionId,
    pub(super) requested: u32,
    /// What can be used: the reservation of the pool's gate.
    pub(super) serving: u32,
    /// What is claimed beside that, by the gate `hold`.
    held: u32,
    hold: Gate,
    pub(super) status: ProvisionedStatus,
    pub(super) next_start: Instant,
    pub(super) instances: Vec<Provided>,
    /// To be drained when the next instance is ready.
    pub(super) replacing: Option<InstanceId>,
}

impl Allocation {
    pub(super) fn claim(&self) -> u32 {
        self.serving + self.held
    }

    pub(super) fn ready(&self) -> u32 {
        u32::try_from(self.instances.iter().filter(|one| one.ready).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn started(&self) -> u32 {
        u32::try_from(self.instances.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn in_progress(&self) -> bool {
        self.status == ProvisionedStatus::InProgress
    }

    /// Whether it waits for requests to end, which nobody reports to it.
    pub(super) fn waits(&self) -> bool {
        self.in_progress() && self.ready() >= self.requested
    }

    /// When it goes on by itself.
    pub(super) fn deadline(&self, provisioning: &Provisioning) -> Option<Instant> {
        if self.in_progress() {
            return (self.started() < self.requested).then_some(self.next_start);
        }
        let age = provisioning.recycle_after.filter(|_| self.replacing.is_none())?;
        self.instances.iter().map(|one| one.since.after(age)).min()
    }
}

impl VersionedFunction {
    /// Goes on with each allocation.
    pub(super) fn provision(&mut self, now: Instant, control: &mut Control) {
        let region = control.region().clone();
        for at in 0..self.allocations.len() {
            if self.allocations[at].in_progress() {
                self.start(now, control, &region, at);
                self.activate(control, &region, at);
            } else {
                self.renew(now, &region, at);
            }
            // Drained instances that no request's end has reported.
            let pool = self.allocations[at].pool;
            for drained in region.reap(now, pool).into_iter().flatten() {
                self.stop(Some(drained));
            }
        }
    }

    /// Starts what may be started of a batch.
    fn start(&mut self, now: Instant, control: &mut Control, region: &Region, at: usize) {
        loop {
            let allocation = &self.allocations[at];
            if allocation.started() >= allocation.requested || now < allocation.next_start {
                return;
            }
            let tokens = match self.provisioning.pace {
                Pace::WithRequests => &region.buckets.starts,
                _ => &self.pace,
            };
            let wait = match tokens.take(now) {
                Err(wait) => wait,
                Ok(()) => match self.prestart(now, region, at) {
                    Ok(()) => continue,
                    // Instances of before are on their way out.
                    Err(InvokeError::InstanceLimit { .. }) => SWEEP,
                    Err(error) => return self.fail(now, control, at, &error.to_string()),
                },
            };
            self.allocations[at].next_start = now.after(wait);
            return;
        }
    }

    fn prestart(&mut self, now: Instant, region: &Region, at: usize) -> Result<(), InvokeError> {
        let allocation = &mut self.allocations[at];
        let prestart = region.prestart(now, allocation.pool)?;
        let instance = prestart.instance;
        allocation.instances.push(Provided { instance, since: now, ready: false });
        self.actions.push_back(VersionAction::Start(prestart));
        Ok(())
    }

    /// Lets a batch be used, if all of it is ready and a reservation has room.
    fn activate(&mut self, control: &mut Control, region: &Region, at: usize) {
        let allocation = &self.allocations[at];
        if !allocation.in_progress() || allocation.ready() < allocation.requested {
            return;
        }
        let (requested, pool, version) =
            (allocation.requested, allocation.pool, allocation.version);
        if !self.fits(region) || self.claim(control, at, requested, 0).is_err() {
            return;
        }
        self.allocations[at].status = ProvisionedStatus::Ready;
        self.link(region, version, Some(pool));
    }

    /// Replaces what has crashed, and one at a time what is old.
    fn renew(&mut self, now: Instant, region: &Region, at: usize) {
        let allocation = &self.allocations[at];
        if allocation.status != ProvisionedStatus::Ready {
            return;
        }
        let alive = region.counters(allocation.pool).map_or(0, |counters| counters.instances);
        if alive < allocation.requested {
            // Who is gone is known by its handle.
            let gone = |one: &Provided| region.node_of(one.instance).is_err();
            self.allocations[at].instances.retain(|one| !gone(one));
            for _ in alive..self.allocations[at].requested {
                if self.prestart(now, region, at).is_err() {
                    return; // Again at the next call.
                }
            }
            return;
        }
        let Some(age) = self.provisioning.recycle_after else { return };
        let old = |one: &Provided| one.ready && now >= one.since.after(age);
        if allocation.replacing.is_some() {
            return;
        }
        if let Some(oldest) = allocation.instances.iter().position(old)
            && self.prestart(now, region, at).is_ok()
        {
            let allocation = &mut self.allocations[at];
            allocation.replacing = Some(allocation.instances.remove(oldest).instance);
        }
    }

    /// A batch has failed: what was ready before stays, the rest goes back.
    pub(super) fn fail(&mut self, now: Instant, control: &mut Control, at: usize, reason: &str) {
        let serving = self.allocations[at].serving;
        let returned = self.claim(control, at, serving, 0);
        debug_assert!(returned.is_ok(), "a claim is returned");
        self.allocations[at].status = ProvisionedStatus::Failed { reason: reason.to_string() };
        let region = control.region().clone();
        self.trim(now, &region, at);
    }

    /// Drains what an allocation has more than it is for.
    pub(super) fn trim(&mut self, now: Instant, region: &Region, at: usize) {
        loop {
            let allocation = &mut self.allocations[at];
            let most = match allocation.status {
                ProvisionedStatus::Failed { .. } => allocation.serving,
                _ => allocation.requested,
            };
            if allocation.started() <= most {
                return;
            }
            let extra = allocation.instances.pop().map(|one| region.drain(now, one.instance));
            self.stop(extra.and_then(Result::ok).flatten());
        }
    }

    /// Ends an allocation.
    pub(super) fn release(&mut self, now: Instant, control: &mut Control, at: usize) {
        let region = control.region().clone();
        self.link(&region, self.allocations[at].version, None);
        let returned = self.claim(control, at, 0, 0);
        debug_assert!(returned.is_ok(), "a claim is returned");
        let allocation = self.allocations.remove(at);
        for one in allocation.instances.iter().filter(|one| !one.ready) {
            self.stop(region.drain(now, one.instance).ok().flatten());
        }
        self.retire_provisioned(&region, allocation.pool);
    }

    /// Moves an allocation to another version: its claim goes with it.
    pub(super) fn move_provisioned(
        &mut self,
        now: Instant,
        control: &mut Control,
        from: usize,
        version: u32,
    ) -> Result<(), ProvisionedError> {
        let old = &self.allocations[from];
        let (holder, requested) = (old.holder.clone(), old.requested);
        self.check(from, version, requested)?;
        let mut allocation = self.allocate(now, control, holder, version)?;
        allocation.requested = requested;
        allocation.next_start = now.after(self.provisioning.preparation);
        self.release(now, control, from);
        self.allocations.push(allocation);
        // What was released was as much: there is room for it.
        let at = self.allocations.len() - 1;
        if let Err(error) = self.claim(control, at, 0, requested) {
            self.allocations[at].status = ProvisionedStatus::Failed { reason: error.to_string() };
        }
        Ok(())
    }

    pub(super) fn retire_provisioned(&mut self, region: &Region, pool: FunctionId) {
        self.retiring.add(region, pool);
        self.releasing.push(pool);
    }

    /// A configuration without instances, and a pool for them: one that was
    /// emptied before, if it is of the same shape.
    pub(super) fn allocate(
        &mut self,
        now: Instant,
        control: &mut Control,
        holder: Holder,
        version: u32,
    ) -> Result<Allocation, ProvisionedError> {
        let spec = self.version_spec(version).copied();
        let spec = spec.ok_or(ProvisionedError::UnknownVersion { version })?;
        let spec = FunctionSpec {
            // One more than can be asked for: who replaces another is beside it.
            max_instances: spec.max_instances.saturating_add(1),
            reserved_concurrency: Some(0),
            keep_alive: Duration::MAX,
            ..spec
        };
        let region = control.region().clone();
        let fits = |pool: &FunctionId| region.function(*pool).is_ok_and(|of| *of.spec() == spec);
        let pool = match self.spares.iter().position(fits) {
            Some(at) => self.spares.remove(at),
            None => {
                let name =
                    format!("{}:provisioned#{}", self.name, self.provisioned_pools.len() + 1);
                let pool = control.add_provisioned_pool(&name, spec);
                let pool = pool.map_err(ProvisionedError::Pool)?;
                self.provisioned_pools.push(pool);
                pool
            }
        };
        if let Ok(of) = region.function(pool) {
            of.set_keep_alive(Duration::MAX);
        }
        Ok(Allocation {
            holder,
            version,
            pool,
            requested: 0,
            serving: 0,
            held: 0,
            hold: Gate::new(),
            status: ProvisionedStatus::InProgress,
            next_start: now,
            instances: Vec::new(),
            replacing: None,
        })
    }

    /// Claims `serving` to be used and `held` beside it. What falls falls
    /// first, so that no limit is passed on the way; an error comes before
    /// anything has risen, and is undone.
    pub(super) fn claim(
        &mut self,
        control: &mut Control,
        at: usize,
        serving: u32,
        held: u32,
    ) -> Result<(), LimitError> {
        let allocation = &mut self.allocations[at];
        let before = (allocation.serving, allocation.held);
        (allocation.serving, allocation.held) = (serving, held);
        let result = self.claim_in_order(control, at, before);
        if result.is_err() {
            (self.allocations[at].serving, self.allocations[at].held) = before;
            let undone = self.settle(control);
            debug_assert!(undone.is_ok(), "as it was before");
        }
        result
    }

    fn claim_in_order(
        &mut self,
        control: &mut Control,
        at: usize,
        (serving, held): (u32, u32),
    ) -> Result<(), LimitError> {
        let allocation = &self.allocations[at];
        if allocation.claim() > serving + held {
            // Of a reservation it is taken from what is left, which falls first.
            self.settle(control)?;
        }
        let allocation = &self.allocations[at];
        let units = |held: u32| (held > 0).then_some(held);
        if allocation.held < held {
            control.reserve_gate(&allocation.hold, units(allocation.held))?;
        }
        if allocation.serving != serving {
            control.reserve_pool(allocation.pool, allocation.serving)?;
        }
        if allocation.held > held {
            control.reserve_gate(&allocation.hold, units(allocation.held))?;
        }
        self.settle(control)
    }

    /// Sets what a reservation leaves to requests on demand, and what it leaves
    /// to nobody. What falls falls first; only a reservation that grows can fail.
    pub(super) fn settle(&self, control: &mut Control) -> Result<(), LimitError> {
        let on_demand = self.on_demand(control.region());
        let rest = self.reserved.map(|reserved| {
            let used = self.claimed() + u64::from(on_demand.unwrap_or(0));
            u32::try_from(u64::from(reserved).saturating_sub(used)).unwrap_or(u32::MAX)
        });
        let rest = rest.filter(|&rest| rest > 0);
        if rest < self.rest.reserved() {
            control.reserve_gate(&self.rest, rest)?;
        }
        control.reserve_gate(&self.quota.gate, on_demand)?;
        control.reserve_gate(&self.rest, rest)
    }

    /// What a reservation leaves to requests on demand: `$LATEST` among them,
    /// which all provisioned leaves nothing.
    fn on_demand(&self, region: &Region) -> Option<u32> {
        let left = |reserved: u32| u64::from(reserved).saturating_sub(self.in_use(region));
        self.reserved.map(|reserved| u32::try_from(left(reserved)).unwrap_or(u32::MAX))
    }

    /// What is provisioned, or more where more is still in flight.
    fn in_use(&self, region: &Region) -> u64 {
        let in_flight = |pool| region.function(pool).map_or(0, |of| of.in_flight());
        let claims = self.allocations.iter().map(|one| one.claim().max(in_flight(one.pool)));
        let released = self.releasing.iter().map(|&pool| in_flight(pool));
        claims.chain(released).map(u64::from).sum()
    }

    /// Whether more is in flight somewhere than is provisioned there.
    pub(super) fn overhangs(&self, region: &Region) -> bool {
        self.in_use(region) > self.claimed()
    }

    /// Whether all that is in flight fits into the reservation beside what is
    /// claimed.
    fn fits(&self, region: &Region) -> bool {
        self.reserved.is_none_or(|reserved| {
            self.in_use(region) + u64::from(self.quota.gate.in_flight()) <= u64::from(reserved)
        })
    }

    /// Pools of provisioned concurrency that are empty can be used again.
    pub(super) fn collect_spares(&mut self, region: &Region) {
        let (retiring, spares) = (&self.retiring, &mut self.spares);
        self.releasing.retain(|pool| {
            let in_flight = region.function(*pool).map_or(0, |of| of.in_flight());
            let empty = !retiring.contains(*pool) && in_flight == 0;
            if empty {
                spares.push(*pool);
            }
            !empty
        });
    }

    fn link(&self, region: &Region, version: u32, pool: Option<FunctionId>) {
        if let Some(of) = self.version(version).and_then(|of| region.function(of).ok()) {
            of.links.set_provisioned(pool);
        }
    }

    pub(super) fn stop(&mut self, instance: Option<InstanceId>) {
        self.actions.extend(instance.map(VersionAction::Stop));
    }
}
