//! Service events: the last 100 lines of what happened, none said too often.
//!
//! Amazon ECS Developer Guide, "Service event messages"; API Reference,
//! `Service`: at most 100 of the latest. A condition that persists is said when
//! it begins or its text changes, and again after 6 hours, the interval at which
//! ECS repeats that a service is steady.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;

use super::observed::{DeploymentKey, InstanceKey, TaskKey};
use crate::time::{Duration, Instant};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ServiceEvent {
    /// Counted from 1 within the service.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// What, in ECS's words where it has them.
    pub message: String,
}

/// What kind of condition an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Steady,
    Unplaceable,
    Throttled,
    Stuck,
}

const CONDITIONS: usize = 4;

/// The events of one service.
#[derive(Clone, Debug)]
pub(super) struct EventLog {
    service: String,
    events: VecDeque<ServiceEvent>,
    said: [Option<(Instant, String)>; CONDITIONS],
    next: u64,
    /// The most events kept.
    most: usize,
}

impl EventLog {
    /// The most events kept.
    pub(super) const MAX: usize = 100;
    /// When a condition that persists is said again.
    const AGAIN: Duration = Duration::from_secs(6 * 3_600);

    pub(super) fn new(service: &str) -> Self {
        let (events, said) = (VecDeque::new(), Default::default());
        Self { service: service.into(), events, said, next: 1, most: Self::MAX }
    }

    /// From now on every event is kept until it is taken.
    #[cfg(feature = "sim")]
    pub(super) const fn keep_all(&mut self) {
        self.most = usize::MAX;
    }

    /// Takes the events that are kept, the oldest first.
    #[cfg(feature = "sim")]
    pub(super) fn take(&mut self) -> impl Iterator<Item = ServiceEvent> {
        self.events.drain(..)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &ServiceEvent> {
        self.events.iter()
    }

    /// Something happened.
    pub(super) fn say(&mut self, now: Instant, what: &str) {
        if self.events.len() == self.most {
            self.events.pop_front();
        }
        let message = format!("(service {}) {what}", self.service);
        self.events.push_back(ServiceEvent { number: self.next, at: now, message });
        self.next += 1;
    }

    /// A condition holds.
    pub(super) fn holds(&mut self, now: Instant, condition: Condition, what: &str) {
        let said = &self.said[condition as usize];
        let fresh =
            said.as_ref().is_none_or(|(at, text)| text != what || now.since(*at) >= Self::AGAIN);
        if fresh {
            self.said[condition as usize] = Some((now, what.into()));
            self.say(now, what);
        }
    }

    /// A condition is over: it is news when it comes back.
    pub(super) fn over(&mut self, condition: Condition) {
        self.said[condition as usize] = None;
    }
}

/// Why a start found no room, in the host's words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unplaced {
    /// The instance that came closest; `None` where none was looked at.
    pub closest: Option<InstanceKey>,
    /// What it lacks: `RESOURCE:MEMORY`, `RESOURCE:PORTS`, `ATTRIBUTE` and so on.
    /// Without an instance why none was looked at; empty: the cluster has none.
    pub reason: String,
}

/// What ECS says of a task that no instance can take.
pub(super) fn unplaceable(why: &Unplaced) -> String {
    let start = "was unable to place a task because no container instance met all of its \
                 requirements.";
    let Some(instance) = why.closest else {
        let none = "No Container Instances were found in your cluster.";
        let reason = if why.reason.is_empty() { none } else { why.reason.as_str() };
        return format!("{start} Reason: {reason}");
    };
    let detail = match why.reason.as_str() {
        "RESOURCE:CPU" => "has insufficient CPU units available",
        "RESOURCE:MEMORY" => "has insufficient memory available",
        "RESOURCE:PORTS" | "RESOURCE:PORT" => "is already using a port required by your task",
        "RESOURCE:ENI" => "has insufficient elastic network interfaces available",
        "RESOURCE:GPU" => "has insufficient GPU resource available",
        "ATTRIBUTE" => "is missing an attribute required by your task",
        "AGENT" => "has a disconnected agent",
        "INACTIVE" => "is not in the ACTIVE state",
        other => {
            return format!(
                "{start} The closest matching (container-instance {instance}) cannot take it: \
                 {other}"
            );
        }
    };
    format!("{start} The closest matching (container-instance {instance}) {detail}.")
}

pub(super) fn started(task: TaskKey) -> String {
    format!("has started 1 tasks: (task {task}).")
}

pub(super) fn stopped(task: TaskKey) -> String {
    format!("has stopped 1 running tasks: (task {task}).")
}

pub(super) fn draining(task: TaskKey) -> String {
    format!("has begun draining connections on 1 tasks: (task {task}).")
}

pub(super) fn completed(deployment: DeploymentKey) -> String {
    format!("(deployment {deployment}) deployment completed.")
}

pub(super) fn failed(deployment: DeploymentKey, before_running: bool) -> String {
    let how = if before_running { "tasks failed to start" } else { "tasks failed health checks" };
    format!("(deployment {deployment}) deployment failed: {how}.")
}

pub(super) fn rolling_back(deployment: DeploymentKey) -> String {
    format!("rolling back to (deployment {deployment}).")
}

/// What persists.
pub(super) const STEADY: &str = "has reached a steady state.";
pub(super) const THROTTLED: &str = "is unable to consistently start tasks successfully.";
pub(super) const STUCK: &str = "was unable to stop or start tasks during a deployment because of \
                                the service deployment configuration. Update the \
                                minimumHealthyPercent or maximumPercent value and try again.";
