//! Rebalancing a service across availability zones.
//!
//! Amazon ECS Developer Guide, "Balancing an Amazon ECS service across
//! Availability Zones": zones are balanced where their counts differ by at most
//! one. In a steady state a task is started in the emptiest zone, and once it
//! is healthy one is stopped in the fullest. No instance is launched for it.

use alloc::vec::Vec;
use core::fmt;

use super::observed::ZoneKey;
use super::scale_in::StopRule;

/// A zone with instances for the service, and its tasks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneCount {
    /// The zone.
    pub zone: ZoneKey,
    /// The service's tasks in it.
    pub tasks: u32,
    /// Whether one of them may be stopped.
    pub gives: bool,
    /// Whether one more may start there, room aside.
    pub takes: bool,
}

/// A task's way from one zone to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Move {
    /// The fullest zone that may give a task up.
    pub from: ZoneKey,
    /// The emptiest zone that may take one.
    pub to: ZoneKey,
}

/// The next move, or `None` where the zones are balanced, or no zone that may give a
/// task up is too full for one that may take it. Ties go to the lowest zone. O(zones).
pub fn imbalance(zones: &[ZoneCount]) -> Option<Move> {
    let giving = zones.iter().filter(|at| at.gives);
    let fullest = giving.min_by_key(|at| (core::cmp::Reverse(at.tasks), at.zone))?;
    let taking = zones.iter().filter(|at| at.takes);
    let emptiest = taking.min_by_key(|at| (at.tasks, at.zone))?;
    let apart = fullest.tasks > emptiest.tasks.saturating_add(1);
    apart.then_some(Move { from: fullest.zone, to: emptiest.zone })
}

/// What of a service decides whether it can be rebalanced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Whether it is a DAEMON service.
    pub daemon: bool,
    /// Its strategies' rules, in order.
    pub rules: Vec<StopRule>,
    /// Its maximum percent.
    pub max_percent: u32,
    /// Whether it is behind a Classic Load Balancer.
    pub classic_load_balancer: bool,
    /// Whether a placement constraint names the zone.
    pub zone_constraint: bool,
}

/// Why a service cannot be rebalanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ineligible {
    /// A DAEMON service has one task an instance.
    Daemon,
    /// Its first strategy is not a spread by zone.
    Strategy,
    /// A maximum percent of 100 leaves no room to start first.
    MaxPercent,
    /// A Classic Load Balancer.
    ClassicLoadBalancer,
    /// A constraint on `ecs.availability-zone`.
    ZoneConstraint,
}

/// # Errors
///
/// [`Ineligible`]: the first condition that it does not meet.
pub fn eligible(setup: &Setup) -> Result<(), Ineligible> {
    if setup.daemon {
        return Err(Ineligible::Daemon);
    }
    if setup.rules.first().is_some_and(|first| *first != StopRule::FullestZone) {
        return Err(Ineligible::Strategy);
    }
    if setup.max_percent == 100 {
        return Err(Ineligible::MaxPercent);
    }
    if setup.classic_load_balancer {
        return Err(Ineligible::ClassicLoadBalancer);
    }
    if setup.zone_constraint {
        return Err(Ineligible::ZoneConstraint);
    }
    Ok(())
}

impl fmt::Display for Ineligible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daemon => "a DAEMON service has one task on each instance",
            Self::Strategy => {
                "the first placement strategy is not spread by attribute:ecs.availability-zone"
            }
            Self::MaxPercent => {
                "maximumPercent is 100, which leaves no room to start a task before one is stopped"
            }
            Self::ClassicLoadBalancer => "the service is behind a Classic Load Balancer",
            Self::ZoneConstraint => "a placement constraint is on attribute:ecs.availability-zone",
        })
    }
}

impl core::error::Error for Ineligible {}
