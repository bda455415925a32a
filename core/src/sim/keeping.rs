//! The replay as the host of a keeper: stops, starts ahead and makes room.

use alloc::sync::Arc;

use super::config::SimError;
use super::explain::StopCause;
use super::flights::Flights;
use super::function::FunctionState;
use super::replay::{Due, Expiry, NO_FLIGHT, REFUSED, World};
use super::series::Outcome;
use crate::function::keep_alive::KeepAlivePolicy;
use crate::function::{Invocation, InvokeError, Keeper, KeeperAction, Prestart, Region};
use crate::id::{FunctionId, InstanceId, Lane};
use crate::pool::Reaped;
use crate::time::{Duration, Instant};

/// The keeper and what it is waited for. Functions whose keep-alive is fixed
/// are the region's own business and not in here.
#[derive(Debug)]
pub(super) struct Keeping {
    keeper: Keeper,
    /// When the queue looks at the keeper next.
    scheduled: Option<Instant>,
    /// Instances that are being started ahead.
    starting: Flights<Prestart>,
}

impl Keeping {
    /// Gives the functions with a policy to a keeper; `None`: there is none.
    pub(super) fn new(
        region: &Arc<Region>,
        functions: &[FunctionState],
    ) -> Result<Option<Self>, SimError> {
        let mut keeper = None;
        for function in functions {
            let Some(policy) = function.config.keep_alive else { continue };
            let expected = Duration::from_secs_f64(function.cold_start.mean_s());
            let of = region.function(function.id).map_err(|_| REFUSED)?;
            if let KeepAlivePolicy::Fixed { keep_alive } = policy {
                of.set_keep_alive(keep_alive);
                continue;
            }
            keeper
                .get_or_insert_with(|| Keeper::new(region.clone()))
                .set_policy(Instant::ZERO, function.id, policy, expected)
                .map_err(|_| REFUSED)?;
        }
        Ok(keeper.map(|keeper| Self { keeper, scheduled: None, starting: Flights::default() }))
    }
}

impl World {
    /// A request took a seat of an instance of a kept function.
    pub(super) fn keep_invoked(
        &mut self,
        now: Instant,
        instance: InstanceId,
    ) -> Result<(), SimError> {
        let Some(keeping) = &mut self.keeping else { return Ok(()) };
        keeping.keeper.handle_invoked(now, instance);
        self.keep(now, StopCause::KeepAlive)
    }

    /// A request of an instance of a kept function ended.
    pub(super) fn keep_ended(
        &mut self,
        now: Instant,
        instance: InstanceId,
        stopping: bool,
    ) -> Result<(), SimError> {
        let Some(keeping) = &mut self.keeping else { return Ok(()) };
        keeping.keeper.handle_ended(now, instance, stopping);
        self.keep(now, StopCause::KeepAlive)
    }

    /// An instance of any function has stopped.
    pub(super) fn keep_stopped(&mut self, now: Instant, instance: InstanceId) {
        if let Some(keeping) = &mut self.keeping {
            keeping.keeper.handle_stopped(now, instance);
        }
    }

    /// The queue has come to the keeper's deadline.
    pub(super) fn keep_due(&mut self, now: Instant) -> Result<(), SimError> {
        if let Some(keeping) = &mut self.keeping
            && keeping.scheduled == Some(now)
        {
            keeping.scheduled = None;
        }
        self.keep(now, StopCause::KeepAlive)
    }

    /// Admits a request, of a version where there is provisioned concurrency.
    #[inline]
    pub(super) fn invoke(
        &self,
        now: Instant,
        id: FunctionId,
        versioned: bool,
    ) -> Result<Invocation, InvokeError> {
        if versioned {
            self.region.invoke_version(now, id, Lane::FIRST)
        } else {
            self.region.invoke(now, id)
        }
    }

    /// A request is refused; where it was for want of room and idle instances
    /// can go for it, it is served after all.
    #[cold]
    pub(super) fn retry(
        &mut self,
        now: Instant,
        id: FunctionId,
        versioned: bool,
        mut error: InvokeError,
    ) -> Result<Option<Invocation>, SimError> {
        if let InvokeError::NoCapacity(refusal) = error
            && self.make_room(now, id)?
        {
            let function = self.functions.get_mut(id.index() as usize).ok_or(NO_FLIGHT)?;
            function.books.counts.repeat(refusal.resource.reason());
            match self.invoke(now, id, versioned) {
                Ok(invocation) => return Ok(Some(invocation)),
                Err(again) => error = again,
            }
        }
        let function = self.functions.get_mut(id.index() as usize).ok_or(NO_FLIGHT)?;
        function.books.counts.refuse(error.reason(), 1);
        function.last_refusal = Some(error);
        self.count(Outcome::Refused);
        Ok(None)
    }

    /// Stops what has to go so that an instance of `function` finds room;
    /// whether there is room now.
    fn make_room(&mut self, now: Instant, function: FunctionId) -> Result<bool, SimError> {
        let Some(keeping) = &mut self.keeping else { return Ok(false) };
        if keeping.keeper.make_room(now, function).is_err() {
            return Ok(false);
        }
        self.keep(now, StopCause::MadeRoom)?;
        Ok(true)
    }

    /// Carries out what the keeper wants at `now`, and looks when it wants
    /// something next; `cause` is why instances stop. What it wants after the observed time nobody sees.
    fn keep(&mut self, now: Instant, cause: StopCause) -> Result<(), SimError> {
        while let Some(action) = self.next_action(now) {
            match action {
                KeeperAction::Stop { instance } => {
                    let reaped = self.region.evict(now, instance).map_err(|_| REFUSED)?;
                    if reaped != Reaped::Stop {
                        return Err(REFUSED); // It has no request.
                    }
                    self.stop(now, instance, cause)?;
                }
                KeeperAction::Prestart { function } => self.prestart(now, function)?,
            }
        }
        let Some(keeping) = &mut self.keeping else { return Ok(()) };
        if let Some(at) = keeping.keeper.next_deadline().filter(|at| *at <= self.horizon)
            && keeping.scheduled.is_none_or(|scheduled| scheduled > at)
        {
            keeping.scheduled = Some(at);
            self.queue.push_expiry(at, Expiry::Keeper);
        }
        Ok(())
    }

    fn next_action(&mut self, now: Instant) -> Option<KeeperAction> {
        if now > self.horizon {
            return None;
        }
        self.keeping.as_mut()?.keeper.poll_action(now)
    }

    /// Starts an instance ahead, if there is room.
    fn prestart(&mut self, now: Instant, id: FunctionId) -> Result<(), SimError> {
        let Ok(prestart) = self.region.prestart(now, id) else {
            let keeping = self.keeping.as_mut().ok_or(REFUSED)?;
            keeping.keeper.handle_unprepared(now, id);
            return Ok(());
        };
        let index = id.index();
        self.start_instance(now, index, prestart.instance.slot, prestart.node);
        let function = self.functions.get_mut(index as usize).ok_or(REFUSED)?;
        function.books.prewarms += 1;
        let init = self.prepare(prestart.instance)?;
        let keeping = self.keeping.as_mut().ok_or(REFUSED)?;
        let number = keeping.starting.insert(prestart);
        self.queue.push_request(now.after(init), Due::Prepared(number));
        Ok(())
    }

    /// An instance started ahead is up.
    pub(super) fn prepared(&mut self, now: Instant, number: u32) -> Result<(), SimError> {
        let keeping = self.keeping.as_mut().ok_or(REFUSED)?;
        let prestart = keeping.starting.remove(number).ok_or(NO_FLIGHT)?;
        let instance = prestart.instance;
        if self.region.prepared(now, prestart.lease).map_err(|_| REFUSED)?.is_some() {
            return Err(REFUSED); // Nobody drains.
        }
        keeping.keeper.handle_prepared(now, instance);
        self.keep(now, StopCause::KeepAlive)
    }
}
