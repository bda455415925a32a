//! The load balancer, as far as a service sees it: targets of one target group.
//!
//! ```text
//! register -> Initial <-> Healthy <-> Unhealthy     what the checks report
//!                |           |            |
//!                +-----------+------------+-- deregister --> Draining --> gone
//! ```
//!
//! A draining target gets no new requests. It is gone when the deregistration
//! delay has passed (Elastic Load Balancing, "Deregistration delay": 300 s by
//! default, 0 to 3,600 s), or at once when nothing is in flight any more, where
//! the host reports that.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::observed::{Health, TaskKey};
use crate::time::{Duration, Instant};

/// The targets of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    delay: Duration,
    targets: BTreeMap<TaskKey, Target>,
    requests: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    health: Health,
    gone_at: Option<Instant>,
}

impl TargetGroup {
    /// The deregistration delay unless told otherwise.
    pub const DEFAULT_DELAY: Duration = Duration::from_secs(300);
    /// The longest deregistration delay.
    pub const MAX_DELAY: Duration = Duration::from_secs(3_600);

    /// A group without targets.
    ///
    /// # Errors
    ///
    /// [`DelayError`] for a delay above [`TargetGroup::MAX_DELAY`].
    pub fn new(delay: Duration) -> Result<Self, DelayError> {
        if delay > Self::MAX_DELAY {
            return Err(DelayError { delay });
        }
        Ok(Self { delay, targets: BTreeMap::new(), requests: 0 })
    }

    /// Registers a task. False where it was registered before.
    pub fn register(&mut self, task: TaskKey) -> bool {
        let new = !self.targets.contains_key(&task);
        self.targets.entry(task).or_insert(Target { health: Health::Unknown, gone_at: None });
        new
    }

    /// What the checks say of a task: nothing before it is registered.
    pub fn health(&self, task: TaskKey) -> Health {
        self.targets.get(&task).map_or(Health::Unknown, |target| target.health)
    }

    /// The checks report. False where the task is no target, or a draining one.
    pub fn report(&mut self, task: TaskKey, health: Health) -> bool {
        match self.targets.get_mut(&task) {
            Some(target) if target.gone_at.is_none() => {
                target.health = health;
                true
            }
            _ => false,
        }
    }

    /// Whether the task is a target, draining or not.
    pub fn has(&self, task: TaskKey) -> bool {
        self.targets.contains_key(&task)
    }

    /// Begins to drain a target. False where it is none, or drains already.
    pub fn deregister(&mut self, now: Instant, task: TaskKey) -> bool {
        match self.targets.get_mut(&task) {
            Some(target) if target.gone_at.is_none() => {
                target.gone_at = Some(now.after(self.delay));
                true
            }
            _ => false,
        }
    }

    /// A draining target has nothing in flight: it is gone now.
    pub fn idle(&mut self, now: Instant, task: TaskKey) {
        if let Some(Target { gone_at: Some(at), .. }) = self.targets.get_mut(&task) {
            *at = (*at).min(now);
        }
    }

    /// Takes a target out, draining or not: its task is over.
    pub fn remove(&mut self, task: TaskKey) {
        self.targets.remove(&task);
    }

    /// Takes out the targets that have drained, in order of their keys.
    pub fn take_drained(&mut self, now: Instant) -> Vec<TaskKey> {
        let over = |target: &Target| target.gone_at.is_some_and(|at| at <= now);
        let gone: Vec<TaskKey> =
            self.targets.iter().filter(|(_, target)| over(target)).map(|(task, _)| *task).collect();
        self.targets.retain(|_, target| !over(target));
        gone
    }

    /// When the next target has drained.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.targets.values().filter_map(|target| target.gone_at).min()
    }

    /// Counts requests that the group has received.
    pub const fn count(&mut self, requests: u64) {
        self.requests = self.requests.saturating_add(requests);
    }

    /// `RequestCountPerTarget` since it was last taken: requests over registered
    /// targets, draining ones aside, rounded up; `None` without targets.
    pub fn take_requests_per_target(&mut self) -> Option<u64> {
        let targets = self.targets.values().filter(|target| target.gone_at.is_none()).count();
        let requests = core::mem::take(&mut self.requests);
        (targets > 0).then(|| requests.div_ceil(targets as u64))
    }

    /// How many targets take requests.
    pub fn registered(&self) -> usize {
        self.targets.values().filter(|target| target.gone_at.is_none()).count()
    }
}

/// A deregistration delay that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayError {
    /// The value.
    pub delay: Duration,
}

impl fmt::Display for DelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (delay, most) = (self.delay, TargetGroup::MAX_DELAY);
        write!(f, "the deregistration delay is {delay}: it must be at most {most}")
    }
}

impl core::error::Error for DelayError {}
