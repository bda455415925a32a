//! Which instances of a group are stopped when it shrinks.
//!
//! Source: Amazon ECS Developer Guide, "Managed termination protection", and
//! Amazon EC2 Auto Scaling User Guide, "Default termination policy" (the zone
//! with the most instances first). Within a zone AWS looks at launch templates
//! and billing hours; chosen here: the oldest, then the first in the list.

use alloc::vec::Vec;

use crate::time::Instant;

/// An instance that might be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stoppable {
    /// The number of its zone.
    pub zone: u32,
    /// When it was started.
    pub started: Instant,
    /// Tasks on it that are no daemon's. One with daemons alone is empty.
    pub tasks: u32,
    /// Whether it is protected from being stopped, whatever is on it.
    pub protected: bool,
}

/// Why fewer instances can be stopped than asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Kept {
    /// Instances kept because tasks are on them.
    pub with_tasks: u32,
    /// Instances kept because they are protected themselves.
    pub protected: u32,
}

/// Up to `count` instances to stop, by their places in the list, and what kept
/// the others. O(instances x count).
///
/// With managed termination protection only empty instances are stopped, so
/// that no task is; without it any. The zone with the most instances left gives
/// the next one.
pub fn choose_idle(
    instances: &[Stoppable],
    count: u32,
    managed_termination_protection: bool,
) -> (Vec<usize>, Kept) {
    let mut kept = Kept::default();
    let mut open = Vec::new();
    for (at, instance) in instances.iter().enumerate() {
        if instance.protected {
            kept.protected += 1;
        } else if managed_termination_protection && instance.tasks > 0 {
            kept.with_tasks += 1;
        } else {
            open.push(at);
        }
    }
    let mut stopped: Vec<usize> = Vec::new();
    let mut here: alloc::collections::BTreeMap<u32, u32> = alloc::collections::BTreeMap::new();
    for instance in instances {
        *here.entry(instance.zone).or_default() += 1;
    }
    while stopped.len() < usize::try_from(count).unwrap_or(usize::MAX) {
        let next = open.iter().enumerate().min_by_key(|(_, at)| {
            let Stoppable { zone, started, .. } = instances[**at];
            let left = here.get(&zone).copied().unwrap_or_default();
            (core::cmp::Reverse(left), zone, started, **at)
        });
        let Some((place, _)) = next else { break };
        let at = open.swap_remove(place);
        if let Some(left) = here.get_mut(&instances[at].zone) {
            *left -= 1;
        }
        stopped.push(at);
    }
    (stopped, kept)
}
