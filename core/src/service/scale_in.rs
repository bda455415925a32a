//! Which task goes when a service has too many: not placement in reverse.
//!
//! Amazon ECS Developer Guide, "Task placement strategies" and "Scale-in":
//!
//! * `binpack`: where the *most* of the resource remains once it has stopped;
//! * `spread` by zone: from the zone with the most tasks of the service, so
//!   that the rest stay balanced, then at random;
//! * without a strategy: from the zone with the most tasks of the service, then
//!   from the instance with the most.
//!
//! Several strategies narrow the choice one after the other, as in placement.
//! What is then left is drawn where a zone spread or `random` was among them
//! and is else the lowest key. Tasks without a zone are a group of their own kind, as
//! are those without an instance, or whose instance lacks the attribute.

use alloc::string::String;
use alloc::vec::Vec;

use super::observed::{ObservedInstance, TaskKey, ZoneKey};
use crate::placement::view::{AVAILABILITY_ZONE, Chain, ChainError, SpreadOver, Step};
use crate::resources::{Resource, Resources};
use crate::rng::Rng;

/// How one placement strategy of a service narrows the tasks to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StopRule {
    /// `binpack`: those that leave the most of the resource free.
    MostRemaining(Resource),
    /// `spread` by `attribute:ecs.availability-zone`.
    FullestZone,
    /// `spread` by `instanceId` or `host`.
    FullestInstance,
    /// `spread` by another attribute.
    FullestValue(String),
    /// `random`.
    Random,
}

impl StopRule {
    /// The rule for a placement strategy; none for a score, which ECS has not.
    pub fn of(step: &Step) -> Option<Self> {
        Some(match step {
            Step::Binpack(resource) => Self::MostRemaining(*resource),
            Step::Spread(SpreadOver::Instance) => Self::FullestInstance,
            Step::Spread(SpreadOver::Attribute(name)) if **name == *AVAILABILITY_ZONE => {
                Self::FullestZone
            }
            Step::Spread(SpreadOver::Attribute(name)) => Self::FullestValue(String::from(&**name)),
            Step::Random => Self::Random,
            Step::Score(_) => return None,
        })
    }

    /// The rules for a service's strategies as requests name them.
    ///
    /// # Errors
    /// One of them is none.
    pub fn of_names(names: &[String]) -> Result<Vec<Self>, ChainError> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(Chain::parse(&names)?.steps().iter().filter_map(Self::of).collect())
    }
}

/// What a service without strategies does.
const UNSET: [StopRule; 2] = [StopRule::FullestZone, StopRule::FullestInstance];

/// A task of the service.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The task.
    pub task: TaskKey,
    /// What it gives back.
    pub size: Resources,
    /// Where it is.
    pub instance: Option<&'a ObservedInstance>,
    /// The zone that it is in: its instance's, or on Fargate its own.
    pub zone: Option<ZoneKey>,
    /// Whether it may be chosen. One that may not still counts in its zone.
    pub may_stop: bool,
}

/// The task to stop, if any may be. O(rules * tasks^2).
pub fn victim(rules: &[StopRule], tasks: &[Candidate<'_>], draws: &mut Rng) -> Option<TaskKey> {
    let mut left: Vec<&Candidate<'_>> = tasks.iter().filter(|task| task.may_stop).collect();
    let effective = if rules.is_empty() { &UNSET } else { rules };
    for rule in effective {
        let scores: Vec<u64> = left.iter().map(|task| score(rule, task, tasks)).collect();
        let best = scores.iter().copied().max()?;
        let mut scores = scores.into_iter();
        left.retain(|_| scores.next() == Some(best));
    }
    left.sort_unstable_by_key(|task| task.task);
    let drawn = rules.iter().any(|rule| matches!(rule, StopRule::FullestZone | StopRule::Random));
    let at = if drawn { draws.below(left.len() as u64) } else { 0 };
    left.get(usize::try_from(at).ok()?).map(|task| task.task)
}

/// What `rule` prefers most is highest.
fn score(rule: &StopRule, task: &Candidate<'_>, tasks: &[Candidate<'_>]) -> u64 {
    let group = |same: &dyn Fn(&ObservedInstance, &ObservedInstance) -> bool| {
        let mate = |other: &&Candidate<'_>| match (task.instance, other.instance) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        tasks.iter().filter(mate).count() as u64
    };
    match rule {
        StopRule::MostRemaining(resource) => {
            let remaining = task.instance.map_or(0, |at| at.remaining.get(*resource));
            u64::from(remaining) + u64::from(task.size.get(*resource))
        }
        StopRule::FullestZone => {
            tasks.iter().filter(|other| other.zone == task.zone).count() as u64
        }
        StopRule::FullestInstance => group(&|a, b| a.instance == b.instance),
        StopRule::FullestValue(name) => group(&|a, b| a.attribute(name) == b.attribute(name)),
        StopRule::Random => 0,
    }
}
