//! What the scaler decided, and why.

use alloc::vec::Vec;
use core::fmt;

use super::bounds::{Bound, Bounds, Direction};
use super::policy::{Evidence, Hold, PolicyKind};
use crate::time::Instant;

/// A decision: a new desired capacity, or a step that was not taken.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Decision {
    /// When.
    pub at: Instant,
    /// The running capacity that it started from.
    pub running: u32,
    /// The desired capacity before.
    pub from: u32,
    /// Who asked for it.
    pub cause: Cause,
    /// What came of it.
    pub outcome: Outcome,
    /// What others wanted in the same evaluation, and why it was not taken.
    pub overruled: Vec<Overruled>,
}

/// Who asked for a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Cause {
    /// A policy.
    Policy {
        /// Its number, in the order of [`add_policy`](super::Scaler::add_policy).
        policy: u32,
        /// Its rule.
        kind: PolicyKind,
        /// Out or in.
        direction: Direction,
        /// The capacity it wanted.
        wanted: u32,
        /// What it saw.
        evidence: Evidence,
    },
    /// A scheduled action.
    Scheduled {
        /// Its number, in the order of
        /// [`add_scheduled_action`](super::Scaler::add_scheduled_action).
        action: u32,
        /// The bounds in force after it.
        bounds: Bounds,
    },
    /// The bounds were set by [`handle_bounds`](super::Scaler::handle_bounds).
    Bounds(Bounds),
}

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// Set the desired capacity.
    Scaled {
        /// To this.
        to: u32,
        /// The bound that limited it, if one did.
        limited_by: Option<Bound>,
        /// What an earlier step had already added, taken off this one: steps
        /// within a cooldown add only what exceeds it.
        credited: u32,
    },
    /// Nothing.
    Suppressed(Suppression),
}

/// Why a wanted step was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Suppression {
    /// A step in within a cooldown, or a step out no larger than what was
    /// added within it.
    Cooldown {
        /// When it ends.
        until: Instant,
        /// What steps out had added within it.
        credit: u32,
    },
    /// Nothing is scaled in while a deployment is under way.
    Deployment,
    /// Steps of this direction, or scheduled actions, are suspended.
    Suspended,
    /// The capacity is at the bound, or beyond it on the far side.
    AtBound(Bound),
    /// As much is desired already, and has not come yet or not gone yet.
    AlreadyDesired,
    /// Another policy that must agree to a step in did not.
    Vetoed {
        /// Its number.
        policy: u32,
        /// Why; `None` where it wants a step out, or has not voted yet.
        hold: Option<Hold>,
    },
    /// Another policy wanted more capacity.
    LargerWins {
        /// Its number.
        policy: u32,
    },
    /// A scheduled action whose bound would cross the one that it leaves.
    BoundsCross {
        /// The least capacity it would make.
        min: u32,
        /// The largest capacity it would make.
        max: u32,
    },
}

/// A policy that was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Overruled {
    /// Its number.
    pub policy: u32,
    /// What it wanted.
    pub wanted: u32,
    /// Why it was not followed.
    pub why: Suppression,
}

impl Decision {
    /// The new desired capacity, if there is one.
    pub const fn scaled_to(&self) -> Option<u32> {
        match self.outcome {
            Outcome::Scaled { to, .. } => Some(to),
            Outcome::Suppressed(_) => None,
        }
    }

    /// Why nothing came of it, if nothing did.
    pub const fn suppressed(&self) -> Option<Suppression> {
        match self.outcome {
            Outcome::Scaled { .. } => None,
            Outcome::Suppressed(why) => Some(why),
        }
    }
}

impl fmt::Display for Suppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cooldown { until, credit: 0 } => write!(f, "cooldown until {until}"),
            Self::Cooldown { until, credit } => {
                write!(f, "cooldown until {until}, in which {credit} were added")
            }
            Self::Deployment => f.write_str("a deployment is under way"),
            Self::Suspended => f.write_str("suspended"),
            Self::AtBound(Bound::Min) => f.write_str("at min capacity"),
            Self::AtBound(Bound::Max) => f.write_str("at max capacity"),
            Self::AlreadyDesired => f.write_str("already desired"),
            Self::Vetoed { policy, hold: Some(hold) } => {
                write!(f, "policy {policy} does not agree: {hold}")
            }
            Self::Vetoed { policy, hold: None } => write!(f, "policy {policy} does not agree"),
            Self::LargerWins { policy } => write!(f, "policy {policy} wants more capacity"),
            Self::BoundsCross { min, max } => {
                write!(f, "min capacity {min} would be above max capacity {max}")
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { policy, kind, direction, wanted, evidence } => {
                let Evidence { value, threshold, periods } = evidence;
                let side = if *direction == Direction::Out || value >= threshold {
                    "over"
                } else {
                    "under"
                };
                write!(
                    f,
                    "policy {policy} ({kind}) wants {wanted}: {value} {side} {threshold} for \
                     {periods} periods"
                )
            }
            Self::Scheduled { action, bounds } => {
                write!(f, "scheduled action {action}: bounds {} to {}", bounds.min(), bounds.max())
            }
            Self::Bounds(bounds) => {
                write!(f, "bounds set to {} to {}", bounds.min(), bounds.max())
            }
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, running, from, cause, outcome, overruled } = self;
        write!(f, "{at}: {running} running, {from} desired; {cause}; ")?;
        match outcome {
            Outcome::Scaled { to, limited_by, credited } => {
                write!(f, "desired {to}")?;
                if *credited > 0 {
                    write!(f, ", less {credited} added before")?;
                }
                match limited_by {
                    Some(Bound::Min) => f.write_str(", at min capacity")?,
                    Some(Bound::Max) => f.write_str(", at max capacity")?,
                    None => {}
                }
            }
            Outcome::Suppressed(why) => write!(f, "no change: {why}")?,
        }
        for Overruled { policy, wanted, why } in overruled {
            write!(f, "; policy {policy} wanted {wanted}: {why}")?;
        }
        Ok(())
    }
}
