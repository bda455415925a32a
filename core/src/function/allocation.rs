//! One configuration of provisioned concurrency at work: its claim, its batch
//! and what becomes of its instances. The rules are told in `provisioned.rs`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::region::Words;
use super::retiring::SWEEP;
use super::version::VersionAction;
use super::{
    Control, Function, FunctionSpec, InvokeError, Pace, ProvisionedError, ProvisionedStatus,
    Provisioning, Region, VersionedFunction,
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

#[derive(Clone, Copy, Debug)]
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
    /// When to try again what could not be started in place of another.
    retry: Option<Instant>,
    pub(super) instances: Vec<Provided>,
    /// One that is drained when the instance that is to replace it is ready.
    pub(super) replacing: Option<(Provided, InstanceId)>,
}

/// What a pool of provisioned concurrency claims.
struct Part {
    /// Its allocation, by number; `None`: it was taken away.
    of: Option<usize>,
    pool: FunctionId,
    /// In all, with what is held beside the pool.
    claim: u32,
    in_flight: u32,
    /// What its gate has, and what it is to have.
    now: Option<u32>,
    gate: u32,
    /// What its second gate is to have.
    beside: u32,
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
        let age = provisioning.recycle_after.filter(|_| self.replacing.is_none());
        let ready = self.instances.iter().filter(|one| one.ready);
        let old = age.and_then(|age| ready.map(|one| one.since.after(age)).min());
        self.retry.or(old)
    }

    /// How many instances there are to be.
    fn wanted(&self) -> u32 {
        match self.status {
            ProvisionedStatus::Failed { .. } => self.serving,
            _ => self.requested,
        }
    }

    /// Forgets those that have crashed: who is gone is known by its handle. One that
    /// was to be replaced stays where the other is gone.
    fn forget_gone(&mut self, region: &Region) {
        let here = |instance: InstanceId| region.node_of(instance).is_ok();
        self.instances.retain(|one| here(one.instance));
        if let Some((old, new)) = self.replacing {
            if here(old.instance) && !here(new) {
                self.instances.push(old);
            }
            self.replacing = self.replacing.filter(|(old, new)| here(old.instance) && here(*new));
        }
    }

    /// Takes idle ones in that requests have started in place of crashed ones.
    fn adopt(&mut self, now: Instant, region: &Region) {
        let (Ok(of), Ok(counters)) = (region.function(self.pool), region.counters(self.pool))
        else {
            return;
        };
        if self.serving == 0 || counters.instances <= self.started() {
            return;
        }
        let old = self.replacing.map(|(old, _)| old.instance);
        let mut known: Vec<InstanceId> =
            self.instances.iter().map(|one| one.instance).chain(old).collect();
        known.sort_unstable();
        of.pool.for_each_idle(|slot| {
            let instance = InstanceId { function: self.pool, slot };
            if known.binary_search(&instance).is_err() {
                self.instances.push(Provided { instance, since: now, ready: true });
            }
        });
    }
}

impl VersionedFunction {
    /// Goes on with each allocation.
    pub(super) fn provision(&mut self, now: Instant, control: &mut Control) {
        let region = control.region().clone();
        for at in 0..self.allocations.len() {
            self.allocations[at].forget_gone(&region);
            self.allocations[at].adopt(now, &region);
            self.trim(now, &region, at);
            if self.allocations[at].in_progress() {
                self.start(now, control, &region, at);
                self.activate(control, &region, at);
            }
            if !self.allocations[at].in_progress() {
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
        let requested = allocation.requested;
        if self.fits(region) && self.claim(control, at, requested, 0).is_ok() {
            self.allocations[at].status = ProvisionedStatus::Ready;
        }
    }

    /// Replaces what has crashed, and one at a time what is old.
    fn renew(&mut self, now: Instant, region: &Region, at: usize) {
        let allocation = &mut self.allocations[at];
        if allocation.retry.is_some_and(|retry| now < retry) {
            return;
        }
        allocation.retry = None;
        // Requests may have started some in their place.
        let alive = region.counters(allocation.pool).map_or(0, |counters| counters.instances);
        for _ in alive..allocation.wanted() {
            if self.prestart(now, region, at).is_err() {
                self.allocations[at].retry = Some(now.after(SWEEP));
                return;
            }
        }
        let allocation = &mut self.allocations[at];
        if allocation.started() < allocation.wanted() {
            // Others are there, busy or on their way out: they are seen to later.
            allocation.retry = Some(now.after(SWEEP));
        }
        let Some(age) = self.provisioning.recycle_after else { return };
        let old = |one: &Provided| one.ready && now >= one.since.after(age);
        if allocation.replacing.is_some() {
            return;
        }
        if let Some(oldest) = allocation.instances.iter().position(old) {
            let started = self.prestart(now, region, at);
            let allocation = &mut self.allocations[at];
            match started {
                Ok(()) => {
                    let new = allocation.instances.last().map(|one| one.instance);
                    let old = allocation.instances.remove(oldest);
                    allocation.replacing = new.map(|new| (old, new));
                }
                Err(_) => allocation.retry = Some(now.after(SWEEP)),
            }
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
            if allocation.started() <= allocation.wanted() {
                return;
            }
            let Some(extra) = allocation.instances.pop() else { return };
            if let Some((old, new)) = allocation.replacing
                && new == extra.instance
            {
                allocation.replacing = None;
                allocation.instances.push(old);
            }
            self.stop(region.drain(now, extra.instance).ok().flatten());
        }
    }

    /// Ends an allocation.
    pub(super) fn release(&mut self, now: Instant, control: &mut Control, at: usize) {
        let region = control.region().clone();
        let allocation = self.allocations.remove(at);
        self.link(&region, allocation.version, None, false);
        for one in allocation.instances.iter().filter(|one| !one.ready) {
            self.stop(region.drain(now, one.instance).ok().flatten());
        }
        self.retire_provisioned(&region, allocation.pool);
        let returned = control.reserve_gate(&allocation.hold, None);
        debug_assert!(returned.is_ok(), "a claim is returned");
        let settled = self.settle(control);
        debug_assert!(settled.is_ok(), "a claim is returned");
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
            retry: None,
            instances: Vec::new(),
            replacing: None,
        })
    }

    /// Claims `serving` to be used and `held` beside it. An error comes before
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
        let result = self.settle(control);
        if result.is_err() {
            (self.allocations[at].serving, self.allocations[at].held) = before;
            let undone = self.settle(control);
            debug_assert!(undone.is_ok(), "as it was before");
        }
        result
    }

    /// Sets what each gate claims, so that the sum is the reservation always. What
    /// falls falls first, so that no limit is passed on the way.
    ///
    /// Of a reservation, a pool keeps what it still has in flight above what it
    /// may have; meanwhile no request goes there, so it only falls.
    pub(super) fn settle(&self, control: &mut Control) -> Result<(), LimitError> {
        let region = control.region().clone();
        let parts = self.parts(&region);
        let on_demand = self.on_demand(&parts);
        for rises in [false, true] {
            let moves = |now: Option<u32>, to| now != to && (now < to) == rises;
            for part in &parts {
                if moves(part.now, Some(part.gate)) {
                    control.reserve_pool(part.pool, part.gate)?;
                }
                let beside = (part.beside > 0).then_some(part.beside);
                if let Some(of) = part.of.map(|at| &self.allocations[at])
                    && moves(of.hold.reserved(), beside)
                {
                    control.reserve_gate(&of.hold, beside)?;
                }
            }
            if moves(self.quota.gate.reserved(), on_demand) {
                control.reserve_gate(&self.quota.gate, on_demand)?;
            }
        }
        for part in &parts {
            if let Some(of) = part.of.map(|at| &self.allocations[at]) {
                let pool = (of.serving > 0).then_some(of.pool);
                self.link(&region, of.version, pool, part.gate > of.serving);
            }
        }
        Ok(())
    }

    /// What each pool of provisioned concurrency is to claim, by number.
    fn parts(&self, region: &Region) -> Vec<Part> {
        let part = |of: Option<usize>, pool: FunctionId, serving: u32, claim: u32| {
            let function = region.function(pool).ok();
            let in_flight = function.map_or(0, |of| of.in_flight());
            let now = function.and_then(|of| of.quota.gate.reserved());
            Part { of, pool, claim, in_flight, now, gate: serving, beside: claim - serving }
        };
        let allocations = self.allocations.iter().enumerate();
        let allocations =
            allocations.map(|(at, one)| part(Some(at), one.pool, one.serving, one.claim()));
        let released = self.releasing.iter().map(|&pool| part(None, pool, 0, 0));
        let mut parts: Vec<Part> = allocations.chain(released).collect();
        parts.sort_by_key(|part| part.pool);
        // Without a reservation the account counts what is above.
        let Some(reserved) = self.reserved else { return parts };
        for part in &mut parts {
            let kept = part.now.unwrap_or(0).max(part.claim).min(part.in_flight);
            part.gate = part.gate.max(kept);
        }
        let claimed: u64 = parts.iter().map(|part| u64::from(part.claim.max(part.gate))).sum();
        // What the account counts comes back where the reservation has room.
        let mut room = u64::from(reserved).saturating_sub(claimed);
        for part in &mut parts {
            let above = part.in_flight.saturating_sub(part.gate.max(part.claim));
            let back = above.min(u32::try_from(room).unwrap_or(u32::MAX));
            if back > 0 {
                part.gate = part.gate.max(part.claim) + back;
                room -= u64::from(back);
            }
        }
        // What is kept is not claimed a second time: the rest is when it is over.
        let gates: u64 = parts.iter().map(|part| u64::from(part.gate)).sum();
        let mut room = u32::try_from(u64::from(reserved).saturating_sub(gates)).unwrap_or(u32::MAX);
        for part in &mut parts {
            part.beside = part.claim.saturating_sub(part.gate).min(room);
            room -= part.beside;
        }
        parts
    }

    /// What a reservation leaves to requests on demand: `$LATEST` among them,
    /// which all provisioned leaves nothing.
    fn on_demand(&self, parts: &[Part]) -> Option<u32> {
        let used = parts.iter().map(|part| u64::from(part.claim.max(part.in_flight))).sum();
        let left = |reserved: u32| u64::from(reserved).saturating_sub(used);
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
            let idle =
                |of: &Function<Words>| of.in_flight() == 0 && of.quota.gate.reserved() == Some(0);
            let empty = !retiring.contains(*pool) && region.function(*pool).is_ok_and(idle);
            if empty {
                spares.push(*pool);
            }
            !empty
        });
    }

    fn link(&self, region: &Region, version: u32, pool: Option<FunctionId>, overfull: bool) {
        if let Some(of) = self.version(version).and_then(|of| region.function(of).ok()) {
            of.links.set_provisioned(pool, overfull);
        }
    }

    pub(super) fn stop(&mut self, instance: Option<InstanceId>) {
        self.actions.extend(instance.map(VersionAction::Stop));
    }
}
