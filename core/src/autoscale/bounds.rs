//! What is scaled, and the bounds it stays in.

use core::fmt;

/// The least and the largest capacity of something scaled: tasks of a service,
/// instances of a group, or a function's provisioned concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Bounds {
    min: u32,
    max: u32,
}

/// The least capacity is above the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundsError {
    /// The least capacity asked for.
    pub min: u32,
    /// The largest capacity asked for.
    pub max: u32,
}

impl fmt::Display for BoundsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "min capacity {} is above max capacity {}", self.min, self.max)
    }
}

impl core::error::Error for BoundsError {}

/// A bound of [`Bounds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Bound {
    /// The least capacity.
    Min,
    /// The largest capacity.
    Max,
}

/// Out adds capacity, in takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Direction {
    /// More capacity.
    Out,
    /// Less capacity.
    In,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Out => "out",
            Self::In => "in",
        })
    }
}

/// A capacity brought into bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// The capacity.
    pub to: u32,
    /// The bound that changed it, if one did.
    pub by: Option<Bound>,
}

impl Bounds {
    /// From `min` to `max`, both allowed.
    ///
    /// # Errors
    /// [`BoundsError`] where `min` is above `max`.
    pub const fn new(min: u32, max: u32) -> Result<Self, BoundsError> {
        if min > max { Err(BoundsError { min, max }) } else { Ok(Self { min, max }) }
    }

    /// The least capacity.
    pub const fn min(self) -> u32 {
        self.min
    }

    /// The largest capacity.
    pub const fn max(self) -> u32 {
        self.max
    }

    /// Where a step from `desired` to `wanted` leads. O(1).
    ///
    /// Out: a desired capacity below the least is lifted to it first, one that
    /// is above the largest already stays. In: one above the largest is lowered
    /// to it first, one that is below the least already stays (Amazon ECS
    /// Developer Guide, "Service auto scaling"). A step out never lowers, a
    /// step in never raises.
    pub fn step(self, direction: Direction, desired: u32, wanted: u32) -> Bounded {
        let (stays, wanted) = match direction {
            Direction::Out => (desired > self.max, wanted.max(desired)),
            Direction::In => (desired < self.min, wanted.min(desired)),
        };
        if stays {
            let by = if direction == Direction::Out { Bound::Max } else { Bound::Min };
            return Bounded { to: desired, by: Some(by) };
        }
        self.clamp(wanted)
    }

    /// `wanted`, or the bound that it is beyond.
    pub const fn clamp(self, wanted: u32) -> Bounded {
        if wanted < self.min {
            Bounded { to: self.min, by: Some(Bound::Min) }
        } else if wanted > self.max {
            Bounded { to: self.max, by: Some(Bound::Max) }
        } else {
            Bounded { to: wanted, by: None }
        }
    }
}

/// The capacity of something scaled at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Capacity {
    /// What is there: tasks that run, or provisioned concurrency allocated.
    /// Policies start from it, not from what is desired, so that capacity that
    /// does not come cannot feed on itself.
    pub running: u32,
    /// What was asked for: the desired count, or the provisioned concurrency
    /// requested.
    pub desired: u32,
}

/// Something whose capacity can be set between bounds: the one view that every
/// policy has of a service and of a function's provisioned concurrency alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Scalable {
    /// Between which it may be set.
    pub bounds: Bounds,
    /// What is there and what is asked for.
    pub capacity: Capacity,
}

impl Scalable {
    /// With `running` there and as much desired, whatever the bounds: those
    /// act at the next step (see [`Bounds::step`]).
    pub const fn new(bounds: Bounds, running: u32) -> Self {
        Self { bounds, capacity: Capacity { running, desired: running } }
    }
}
