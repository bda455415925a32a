//! What every policy is to the scaler: a voter with a clock of its own.

use core::fmt;

use super::bounds::{Capacity, Direction};
use crate::time::{Duration, Instant};

/// The length of a metric period where none is given.
pub(super) const fn minute() -> Duration {
    Duration::from_secs(60)
}

/// How long AWS waits after a step where nothing else is said.
pub(super) const fn cooldown() -> Duration {
    Duration::from_secs(300)
}

/// A scaling policy: it is fed one metric and votes when its periods end.
///
/// Implement it to add a policy of your own; see
/// [`Scaler::add_policy`](super::Scaler::add_policy).
pub trait Policy: fmt::Debug + Send {
    /// Which rule it is.
    fn kind(&self) -> PolicyKind;

    /// Takes a datum of its metric. Time does not go backwards.
    fn observe(&mut self, now: Instant, value: f64);

    /// Its vote, if one of its periods has ended since the last call. Called
    /// once with the latest state where several ended.
    fn evaluate(&mut self, now: Instant, capacity: Capacity) -> Option<Vote>;

    /// When to call [`Policy::evaluate`] next.
    fn next_deadline(&self) -> Instant;

    /// How long the scaler waits after a step of this policy.
    fn cooldown(&self, direction: Direction) -> Duration;

    /// Whose consent its steps in need.
    fn scale_in(&self) -> ScaleIn;
}

/// Which rule a policy follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PolicyKind {
    /// Holds a metric at a target.
    TargetTracking,
    /// Steps by how far an alarm is breached.
    Step,
    /// Knative's autoscaler by concurrency.
    ConcurrencyBased,
    /// A host's own.
    Custom,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TargetTracking => "target tracking",
            Self::Step => "step",
            Self::ConcurrencyBased => "concurrency-based",
            Self::Custom => "custom",
        })
    }
}

/// Whose consent a policy's step in needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleIn {
    /// All policies of this sort must want it: target tracking.
    Together,
    /// Its own alone: a step policy is not held back by target tracking
    /// (Application Auto Scaling User Guide, "Target tracking": "the scale-in
    /// activity will not be blocked").
    Alone,
    /// It never scales in and is not asked.
    Never,
}

/// What a policy wants.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Vote {
    /// More capacity than runs.
    Out(Proposal),
    /// Less capacity than runs.
    In(Proposal),
    /// None of both.
    Hold(Hold),
}

/// How much a policy wants, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Proposal {
    /// The capacity wanted.
    pub wanted: u32,
    /// What it saw.
    pub evidence: Evidence,
}

/// What a policy saw of its metric.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Evidence {
    /// The metric, in its unit.
    pub value: f64,
    /// The threshold that it breaches.
    pub threshold: f64,
    /// For how many periods.
    pub periods: u32,
}

/// Why a policy wants no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Hold {
    /// The metric is where it should be, or not out of it for long enough.
    WithinThresholds,
    /// Data are missing: no action.
    InsufficientData,
    /// A step in that would leave as many: one fewer would miss the target.
    NoWholeStep,
    /// The policy may not scale in.
    ScaleInDisabled,
    /// No step covers a breach of that size.
    NoStepForBreach,
    /// The policy waits before it goes to zero.
    ZeroGrace,
    /// Nothing is scaled in during a panic.
    Panic,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WithinThresholds => "the metric is within its thresholds",
            Self::InsufficientData => "data are missing",
            Self::NoWholeStep => "one fewer would miss the target",
            Self::ScaleInDisabled => "scale-in is disabled",
            Self::NoStepForBreach => "no step covers the breach",
            Self::ZeroGrace => "it waits before it goes to zero",
            Self::Panic => "nothing is scaled in during a panic",
        })
    }
}
