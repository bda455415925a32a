//! Autoscaling: desired capacity from metrics and from the clock.
//!
//! One [`Scaler`] looks after one thing that is scaled, a [`Scalable`]: the
//! desired count of a service, or a function's provisioned concurrency. Its
//! policies each read a metric and vote; the scaler weighs the votes, and
//! every [`Decision`] says whose vote it followed, on what evidence, and what
//! was held back and why.
//!
//! | policy | whose rule | file |
//! |---|---|---|
//! | [`TargetTracking`] | AWS Application Auto Scaling | `target_tracking` |
//! | [`StepScaling`] | the same | `step` |
//! | [`ScheduledAction`] | the same | `scheduled`, `schedule`, `cron` |
//! | [`ConcurrencyBased`] | Knative's autoscaler | `concurrency_based` |
//! | [`ManagedScaling`] | ECS capacity providers | `managed_capacity`, `termination` |
//!
//! The last stands alone: it sizes a group of instances for the tasks that
//! wait, and has a metric of its own.
//!
//! # The contract
//!
//! Sans-IO and deterministic: `now` comes first, `handle_*` takes what
//! happened, [`Scaler::poll_action`] is drained until empty, and
//! [`Scaler::next_deadline`] says when to call [`Scaler::handle_time`].
//!
//! ```
//! use warmstow_core::autoscale::{Bounds, Scalable, Scaler, TargetTracking};
//! use warmstow_core::time::Instant;
//!
//! let service = Scalable::new(Bounds::new(2, 20)?, 4);
//! let mut scaler = Scaler::new(Instant::ZERO, service);
//! let policy = TargetTracking::new(50.0).start(Instant::ZERO)?;
//! let cpu = scaler.add_policy("cpu at 50 %", "cpu", Box::new(policy))?;
//! for minute in 0..3 {
//!     scaler.handle_datum(Instant::from_secs(60 * minute + 30), cpu, 80.0)?;
//! }
//! scaler.handle_time(Instant::from_secs(180));
//! let decision = scaler.poll_action().expect("three minutes above the target");
//! assert_eq!(decision.scaled_to(), Some(7)); // ceil(4 x 80 / 50)
//! assert_eq!(
//!     decision.to_string(),
//!     "180 s: 4 running, 4 desired; policy 0 (target tracking) wants 7: 80 over 50 for 3 \
//!      periods; desired 7"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod concurrency_based;
mod config;
mod cron;
mod decision;
mod managed_capacity;
mod policy;
mod scaler;
mod schedule;
mod scheduled;
#[cfg(feature = "serde")]
mod seconds;
mod step;
mod target_tracking;
mod termination;
mod window;

pub use bounds::{Bound, Bounded, Bounds, BoundsError, Capacity, Direction, Scalable};
pub use concurrency_based::{
    ConcurrencyBased, ConcurrencyError, ConcurrencyPolicy, ConcurrencyTick,
};
pub use config::{PolicyConfig, PolicyRule, ScalerConfig, ScalerConfigError, ScheduledConfig};
pub use cron::{Cron, CronError, CronField};
pub use decision::{Cause, Decision, Outcome, Overruled, Suppression};
pub use managed_capacity::{
    GroupView, ManagedDecision, ManagedGroup, ManagedScaling, ManagedScalingError, Needed, Shape,
    TaskGroup, reservation,
};
pub use policy::{Evidence, Hold, Policy, PolicyKind, Proposal, ScaleIn, Vote};
pub use scaler::{MetricId, Scaler, ScalerError, Suspended};
pub use schedule::{Schedule, ScheduleError, UnixSeconds};
pub use scheduled::ScheduledAction;
pub use step::{AdjustmentType, StepAdjustment, StepError, StepPolicy, StepScaling, percent_of};
pub use target_tracking::{
    TargetTracking, TargetTrackingError, TargetTrackingPolicy, proportional,
};
pub use termination::{Kept, Stoppable, choose_idle};
pub use window::{Alarm, AlarmError, AlarmState, Comparison, MissingData, Statistic, Window};

#[cfg(all(test, not(loom)))]
mod tests;
