//! The control plane of keep-alive: policies asked, instances told.
//!
//! ```text
//!   host                         Keeper                       policy
//!    | handle_invoked, handle_ended |  a level rises or falls    |
//!    |----------------------------->|--------------------------->|
//!    |                              |<------ the next window ----|
//!    | poll_action(now)             |
//!    |<-- Stop an idle instance ----|  more are warm than wanted
//!    |<-- Prestart a function -------|  fewer are
//!    | next_deadline()              |  a window opens or closes
//! ```
//!
//! **The contract**: report what happened (`handle_*`), take
//! [`poll_action`](Keeper::poll_action) until it is `None`, come back at
//! [`next_deadline`](Keeper::next_deadline) or with the next report.
//!
//! The data plane knows nothing of this: whoever keeps no function here pays
//! nothing. A host of many threads passes reports to the thread that owns the
//! keeper; one that comes late costs accuracy, never a request. What the keeper
//! takes for idle may have become busy meanwhile: [`Region::evict`] leaves it
//! as it is then, and the next report sets the keeper right.
//!
//! # What is chosen
//!
//! * Which of the idle instances is stopped: the one idle longest; of equals
//!   the highest slot.
//! * A level whose instance crashed stays cold until it is needed or a later
//!   window opens: nothing starts at once in place of what crashed.
//! * An instance started ahead for which there is no room is given up, and
//!   stops no other.

mod kept;
mod room;
#[cfg(all(test, not(loom)))]
mod tests;

use alloc::boxed::Box;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

pub use room::NoRoom;

use self::kept::Kept;
use super::keep_alive::{KeepAlive, KeepAlivePolicy, Profile};
use super::{Region, UnknownFunction};
use crate::id::{FunctionId, InstanceId};
use crate::time::{Duration, Instant};

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeeperAction {
    /// Call [`Region::evict`]; on [`Reaped::Stop`](crate::pool::Reaped::Stop)
    /// stop the instance, report [`Region::stopped`] and
    /// [`Keeper::handle_stopped`]. Else leave it.
    Stop {
        /// An instance without a request.
        instance: InstanceId,
    },
    /// Call [`Region::prestart`]; start what it gives and report
    /// [`Region::prepared`] and [`Keeper::handle_prepared`]; where it is
    /// refused or fails, [`Keeper::handle_unprepared`].
    Prestart {
        /// Of this function.
        function: FunctionId,
    },
}

/// The keep-alive policies of a region's functions, and what is due when.
///
/// One owner, as [`Control`](super::Control). Functions that it is not told of
/// stay with the region's own fixed keep-alive. Memory: that of the policies,
/// and some 50 bytes for each instance that a function ever had at a time.
///
/// ```
/// use warmstow_core::function::keep_alive::KeepAlivePolicy;
/// use warmstow_core::function::{KeeperAction, FunctionSpec, Keeper, Region, RegionConfig};
/// use warmstow_core::pool::Reaped;
/// use warmstow_core::time::{Duration, Instant};
///
/// let (region, mut control) = Region::new(RegionConfig::default())?;
/// let resize = control.add_function("resize", FunctionSpec::of_memory(512))?;
/// let mut keeper = Keeper::new(region.clone());
/// let at = Instant::from_secs;
/// keeper.set_policy(at(0), resize, "fixed:60s".parse()?, Duration::from_millis(300))?;
///
/// let request = region.invoke(at(0), resize)?;
/// region.started(at(1), &request.lease)?;
/// let instance = request.instance;
/// keeper.handle_invoked(at(0), instance);
/// region.complete(at(2), request.lease)?;
/// keeper.handle_ended(at(2), instance, false);
///
/// assert_eq!(keeper.poll_action(at(2)), None);
/// assert_eq!(keeper.next_deadline(), Some(at(62)));
/// assert_eq!(keeper.poll_action(at(62)), Some(KeeperAction::Stop { instance }));
/// assert_eq!(region.evict(at(62), instance)?, Reaped::Stop);
/// region.stopped(at(63), instance)?;
/// keeper.handle_stopped(at(63), instance);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Keeper {
    region: Arc<Region>,
    /// Never removed, so that what they have learned stays.
    policies: Vec<(KeepAlivePolicy, Box<dyn KeepAlive>)>,
    /// By a function's index.
    functions: Vec<Option<Kept>>,
    timers: BinaryHeap<Reverse<Timer>>,
    actions: VecDeque<KeeperAction>,
    now: Instant,
}

/// When a level of a function is to be looked at; ties by function and level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Instant,
    function: u32,
    level: u32,
}

impl Keeper {
    /// No function is kept here yet.
    pub const fn new(region: Arc<Region>) -> Self {
        Self {
            region,
            policies: Vec::new(),
            functions: Vec::new(),
            timers: BinaryHeap::new(),
            actions: VecDeque::new(),
            now: Instant::ZERO,
        }
    }

    /// Keeps `function` by `policy` from now on; `cold_start` is how long its
    /// cold starts are expected to take. The region's own keep-alive of it is
    /// put out of force. Functions of one policy share what it learns.
    ///
    /// Of a function that has instances: idle ones are taken over as if they
    /// had become idle now, and busy ones when they end. What another policy
    /// had planned is dropped. O(instances of the function).
    ///
    /// # Errors
    ///
    /// A foreign handle.
    pub fn set_policy(
        &mut self,
        now: Instant,
        function: FunctionId,
        policy: KeepAlivePolicy,
        cold_start: Duration,
    ) -> Result<(), UnknownFunction> {
        let now = self.pass(now);
        let region = self.region.clone();
        let of = region.function(function)?;
        let profile = Profile { memory_mib: of.spec().resources.memory_mib, cold_start };
        let policy = self.policy(policy);
        of.set_keep_alive(Duration::MAX);
        let at = function.index() as usize;
        if at >= self.functions.len() {
            self.functions.resize_with(at + 1, || None);
        }
        let kept = self.functions[at].get_or_insert_with(|| Kept::new(function, policy));
        kept.policy = policy;
        let rules = &mut *self.policies[policy].1;
        rules.adopt(function.index(), profile);
        of.pool().for_each_idle(|slot| kept.find(now, slot));
        let (timers, actions) = (&mut self.timers, &mut self.actions);
        kept.ask_anew(now, rules, |level, at| timers.push(timer(function, level, at)));
        kept.reconcile(actions);
        Ok(())
    }

    /// Gives `function` back to the region's own keep-alive, `keep_alive`.
    ///
    /// # Errors
    ///
    /// A foreign handle.
    pub fn release(
        &mut self,
        function: FunctionId,
        keep_alive: Duration,
    ) -> Result<(), UnknownFunction> {
        self.region.function(function)?.set_keep_alive(keep_alive);
        if let Some(kept) = self.functions.get_mut(function.index() as usize) {
            *kept = None;
        }
        Ok(())
    }

    /// The policy that keeps `function`; `None`: the region's own keep-alive.
    pub fn policy_of(&self, function: FunctionId) -> Option<KeepAlivePolicy> {
        let kept = self.functions.get(function.index() as usize)?.as_ref()?;
        Some(self.policies[kept.policy].0)
    }

    /// A request has taken a seat of `instance`, warm or cold. O(1), and
    /// O(levels) where a higher level gives its instance to this one.
    pub fn handle_invoked(&mut self, now: Instant, instance: InstanceId) {
        self.report_of(now, instance, |kept, rules, now, _| {
            kept.invoked(now, rules, instance.slot);
        });
    }

    /// A request of `instance` has ended; `stopping`: the region said that the
    /// instance is to be stopped. O(log of the levels that wait).
    pub fn handle_ended(&mut self, now: Instant, instance: InstanceId, stopping: bool) {
        self.report_of(now, instance, |kept, rules, now, timers| {
            let wake = kept.ended(now, rules, instance.slot, stopping);
            timers.extend(wake.map(|(level, at)| timer(instance.function, level, at)));
        });
    }

    /// An instance started ahead has initialised.
    pub fn handle_prepared(&mut self, now: Instant, instance: InstanceId) {
        self.report_of(now, instance, |kept, _, now, _| kept.prepared(now, instance.slot));
    }

    /// An instance could not be started ahead. O(levels).
    pub fn handle_unprepared(&mut self, now: Instant, function: FunctionId) {
        self.report(now, function, |kept, _, _, _| kept.unprepared());
    }

    /// An instance has stopped, for whatever reason. O(levels).
    pub fn handle_stopped(&mut self, now: Instant, instance: InstanceId) {
        self.report_of(now, instance, |kept, _, _, _| kept.stopped(instance.slot));
    }

    /// What is to be done at `now`; take it until it is `None`. Windows that
    /// open or close up to `now` count. O(instances of a function) for an
    /// instance to stop.
    pub fn poll_action(&mut self, now: Instant) -> Option<KeeperAction> {
        let now = self.pass(now);
        while self.actions.is_empty() && self.timers.peek().is_some_and(|top| top.0.at <= now) {
            let Some(Reverse(due)) = self.timers.pop() else { break };
            let Some(Some(kept)) = self.functions.get_mut(due.function as usize) else { continue };
            let rules = &mut *self.policies[kept.policy].1;
            if let Some(at) = kept.due(now, rules, due.level, due.at) {
                self.timers.push(timer(kept.function, due.level, at));
            }
            kept.reconcile(&mut self.actions);
        }
        self.actions.pop_front()
    }

    /// When to poll again at the latest, if nothing is reported; may be early.
    pub fn next_deadline(&self) -> Option<Instant> {
        if !self.actions.is_empty() {
            return Some(self.now);
        }
        self.timers.peek().map(|top| top.0.at)
    }

    /// One report about an instance, of a slot that its function has: others
    /// are nobody's.
    fn report_of(
        &mut self,
        now: Instant,
        instance: InstanceId,
        act: impl FnOnce(&mut Kept, &mut dyn KeepAlive, Instant, &mut BinaryHeap<Reverse<Timer>>),
    ) {
        let of = self.region.function(instance.function);
        if of.is_ok_and(|of| instance.slot.index() < of.spec().max_instances) {
            self.report(now, instance.function, act);
        }
    }

    /// One report about a function that is kept here.
    fn report(
        &mut self,
        now: Instant,
        function: FunctionId,
        act: impl FnOnce(&mut Kept, &mut dyn KeepAlive, Instant, &mut BinaryHeap<Reverse<Timer>>),
    ) {
        let now = self.pass(now);
        let Some(Some(kept)) = self.functions.get_mut(function.index() as usize) else { return };
        if kept.function == function {
            act(kept, &mut *self.policies[kept.policy].1, now, &mut self.timers);
            kept.reconcile(&mut self.actions);
        }
    }

    /// Time that goes back is clamped to the latest seen.
    fn pass(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    /// The one object of `policy`.
    fn policy(&mut self, policy: KeepAlivePolicy) -> usize {
        let known = self.policies.iter().position(|(known, _)| *known == policy);
        known.unwrap_or_else(|| {
            self.policies.push((policy, policy.build()));
            self.policies.len() - 1
        })
    }
}

const fn timer(function: FunctionId, level: u32, at: Instant) -> Reverse<Timer> {
    Reverse(Timer { at, function: function.index(), level })
}
