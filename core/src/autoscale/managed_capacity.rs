//! Managed scaling: instances of a group for the tasks that wait for them.
//!
//! Source: Amazon ECS Developer Guide, "Cluster auto scaling", and the AWS blog
//! "Deep Dive on Amazon ECS Cluster Auto Scaling". One metric, the share of the
//! group's instances that is needed, M / N in percent, is held at a target.
//! What the pages leave open is chosen here and said where it is chosen.

use core::fmt;

use super::bounds::{Bound, Bounds};
use crate::time::{Duration, Instant};

/// What a task needs of an instance, or an instance has: amounts that add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Shape {
    /// CPU units; 1024 are a vCPU.
    pub cpu_units: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// GPUs.
    pub gpus: u32,
    /// Network interfaces for tasks.
    pub network_interfaces: u32,
}

impl Shape {
    const fn amounts(self) -> [u32; 4] {
        [self.cpu_units, self.memory_mib, self.gpus, self.network_interfaces]
    }

    /// How many of `task` fit into this; `None` for a task that needs nothing.
    fn holds(self, task: Self) -> Option<u32> {
        let amounts = self.amounts().into_iter().zip(task.amounts());
        amounts.filter(|(_, need)| *need > 0).map(|(have, need)| have / need).min()
    }

    /// The lesser of each amount.
    fn least(self, other: Self) -> Self {
        Self {
            cpu_units: self.cpu_units.min(other.cpu_units),
            memory_mib: self.memory_mib.min(other.memory_mib),
            gpus: self.gpus.min(other.gpus),
            network_interfaces: self.network_interfaces.min(other.network_interfaces),
        }
    }
}

/// Tasks in PROVISIONING of one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TaskGroup {
    /// What each needs.
    pub shape: Shape,
    /// How many wait.
    pub tasks: u32,
}

/// `M / N` in percent: what is needed of what there is.
///
/// 100 where none is there and none is needed, 200 where none is there and some
/// is needed.
///
/// ```
/// use warmstow_core::autoscale::reservation;
///
/// assert_eq!(reservation(3, 4), 75.0);
/// assert_eq!(reservation(0, 0), 100.0);
/// assert_eq!(reservation(5, 0), 200.0);
/// ```
pub fn reservation(needed: u32, present: u32) -> f64 {
    match (needed, present) {
        (0, 0) => 100.0,
        (_, 0) => 200.0,
        (needed, present) => f64::from(needed) / f64::from(present) * 100.0,
    }
}

/// The settings of managed scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct ManagedScaling {
    /// What share of the instances is to be needed, in percent, 1 to 100; 100.
    pub target_capacity: u32,
    /// The fewest instances added at a time, 1 to 10000; 1. Of the group of
    /// tasks that needs fewer, as many are added.
    pub minimum_step: u32,
    /// The most instances added at a time, from the least to 10000; 10000.
    pub maximum_step: u32,
    /// How long a new instance counts as coming, 0 to 10000 s; 300 s. While
    /// one does, none is taken away.
    #[cfg_attr(feature = "serde", serde(rename = "instance_warmup_s", with = "super::seconds"))]
    pub instance_warmup: Duration,
    /// Minutes below the target before instances are taken away; 15.
    pub in_minutes: u32,
}

impl Default for ManagedScaling {
    fn default() -> Self {
        Self {
            target_capacity: 100,
            minimum_step: 1,
            maximum_step: Self::MAX_STEP,
            instance_warmup: Duration::from_secs(300),
            in_minutes: 15,
        }
    }
}

/// A setting of [`ManagedScaling`] that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagedScalingError {
    /// Which one.
    pub setting: &'static str,
    /// What was given.
    pub value: u64,
    /// The least it may be.
    pub least: u64,
    /// The most it may be.
    pub most: u64,
}

impl fmt::Display for ManagedScalingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, least, most } = self;
        write!(f, "{setting} {value}: must be {least} to {most}")
    }
}

impl core::error::Error for ManagedScalingError {}

/// The instances that are needed, and how that came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Needed {
    /// M.
    pub instances: u32,
    /// Instances to add for the group of tasks that needs most, after the step
    /// limits; 0 where no task waits that could ever fit.
    pub step: u32,
    /// Tasks that wait and fit no instance of the smallest size: they never
    /// cause a step.
    pub unplaceable_tasks: u32,
}

impl ManagedScaling {
    /// The largest step that may be set.
    pub const MAX_STEP: u32 = 10_000;

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ManagedScalingError`] names the first that is out of range.
    pub fn check(&self) -> Result<(), ManagedScalingError> {
        let warmup = self.instance_warmup.as_nanos().div_ceil(1_000_000_000);
        let most = u64::from(Self::MAX_STEP);
        let least_step = u64::from(self.minimum_step);
        let rules = [
            ("target_capacity", u64::from(self.target_capacity), 1, 100),
            ("minimum_step", least_step, 1, most),
            ("maximum_step", u64::from(self.maximum_step), least_step, most),
            ("instance_warmup_s", warmup, 0, 10_000),
            ("in_minutes", u64::from(self.in_minutes), 1, 1_440),
        ];
        for (setting, value, least, most) in rules {
            if !(least..=most).contains(&value) {
                return Err(ManagedScalingError { setting, value, least, most });
            }
        }
        Ok(())
    }

    /// M: the instances needed where `present` are there, `busy` of them with a
    /// task that is no daemon's, and `waiting` tasks are in PROVISIONING.
    /// O(groups + sizes).
    ///
    /// Groups of one shape are packed each for itself, onto empty instances;
    /// M is what is there and the most that a group needs, within the limits
    /// of a step. Without a task that waits and fits, M is `busy`. Of several
    /// instance sizes the smallest of each amount counts: a task too big for
    /// it is passed over, and a step never falls short.
    pub fn needed(
        &self,
        present: u32,
        busy: u32,
        waiting: &[TaskGroup],
        sizes: &[Shape],
    ) -> Needed {
        let smallest = sizes.iter().copied().reduce(Shape::least).unwrap_or_default();
        let mut most = 0;
        let mut unplaceable_tasks = 0_u32;
        for group in waiting.iter().filter(|group| group.tasks > 0) {
            match smallest.holds(group.shape) {
                Some(0) => unplaceable_tasks = unplaceable_tasks.saturating_add(group.tasks),
                // A task that needs nothing shares one instance with all of its kind.
                None => most = most.max(1),
                Some(each) => most = most.max(group.tasks.div_ceil(each)),
            }
        }
        if sizes.is_empty() || most == 0 {
            return Needed { instances: busy, step: 0, unplaceable_tasks };
        }
        let step = most.max(self.minimum_step).min(self.maximum_step);
        Needed { instances: present.saturating_add(step), step, unplaceable_tasks }
    }
}

/// What the host sees of a group when a minute ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupView<'a> {
    /// Instances registered.
    pub present: u32,
    /// Of them, those with a task that is no daemon's.
    pub busy: u32,
    /// Tasks that wait for an instance, by shape.
    pub waiting: &'a [TaskGroup],
}

/// A decision on the size of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ManagedDecision {
    /// When.
    pub at: Instant,
    /// The size that was wanted before.
    pub from: u32,
    /// The size wanted now.
    pub to: u32,
    /// `CapacityProviderReservation` behind it, in percent.
    pub reservation: f64,
    /// What it is made of.
    pub needed: Needed,
    /// Minutes it was below the target; 0 of a step out.
    pub minutes_below: u32,
    /// The bound that limited it, if one did.
    pub limited_by: Option<Bound>,
}

/// [`ManagedScaling`] at work on one group.
///
/// Call [`ManagedGroup::handle_minute`] once a minute: that is the metric's
/// period. It keeps the size of the group that is wanted; the host starts
/// instances up to it, and stops those that [`choose_idle`](super::choose_idle)
/// names when it is lowered.
#[derive(Clone, Debug)]
pub struct ManagedGroup {
    settings: ManagedScaling,
    bounds: Bounds,
    wanted: u32,
    minutes_below: u32,
    /// Until when the last instances added count as coming.
    warm_at: Option<Instant>,
}

impl ManagedGroup {
    /// Of `size` instances.
    ///
    /// # Errors
    /// [`ManagedScalingError`] names the setting that is out of range.
    pub fn new(
        settings: ManagedScaling,
        bounds: Bounds,
        size: u32,
    ) -> Result<Self, ManagedScalingError> {
        settings.check()?;
        Ok(Self { settings, bounds, wanted: size, minutes_below: 0, warm_at: None })
    }

    /// The size of the group that is wanted.
    pub const fn wanted(&self) -> u32 {
        self.wanted
    }

    /// The metric for a view: M, N and M / N.
    pub fn metric(&self, view: &GroupView<'_>, sizes: &[Shape]) -> (f64, Needed) {
        let needed = self.settings.needed(view.present, view.busy, view.waiting, sizes);
        (reservation(needed.instances, view.present), needed)
    }

    /// A minute has ended; the new size, if it changes. O(groups + sizes).
    ///
    /// Out at the first minute above the target, to ceil(M x 100 / target), by at
    /// most [`ManagedScaling::maximum_step`] at a time unless the least size asks for
    /// more; what is still coming is not asked for twice. From nothing, the same (AWS
    /// says only that the metric is 200 then). In after
    /// [`ManagedScaling::in_minutes`] below it, and no instance is coming, by
    /// at most half of the group at a time and at least one instance (AWS blog
    /// "Faster Scaling-in for Amazon ECS Cluster Auto Scaling").
    pub fn handle_minute(
        &mut self,
        now: Instant,
        view: &GroupView<'_>,
        sizes: &[Shape],
    ) -> Option<ManagedDecision> {
        let (metric, needed) = self.metric(view, sizes);
        let target = self.settings.target_capacity;
        let goal = u64::from(needed.instances) * 100;
        let goal = u32::try_from(goal.div_ceil(u64::from(target))).unwrap_or(u32::MAX);
        if metric < f64::from(target) {
            self.minutes_below = self.minutes_below.saturating_add(1);
        } else {
            self.minutes_below = 0;
        }
        let from = self.wanted;
        let decided = if metric > f64::from(target) && goal > from {
            // The target may ask for several instances for each one that is needed.
            let goal = goal.min(from.saturating_add(self.settings.maximum_step));
            let bounded = self.bounds.step(super::Direction::Out, from, goal);
            if bounded.to > from {
                self.warm_at = Some(now.after(self.settings.instance_warmup));
            }
            bounded
        } else if self.minutes_below >= self.settings.in_minutes
            && self.warm_at.is_none_or(|warm_at| warm_at <= now)
        {
            let least = from - (from / 2).max(1).min(from);
            self.bounds.step(super::Direction::In, from, goal.max(least))
        } else {
            return None;
        };
        if decided.to == from {
            return None;
        }
        self.wanted = decided.to;
        let minutes_below = core::mem::take(&mut self.minutes_below);
        Some(ManagedDecision {
            at: now,
            from,
            to: decided.to,
            reservation: metric,
            needed,
            minutes_below,
            limited_by: decided.by,
        })
    }
}
