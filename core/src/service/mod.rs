//! Services: so many tasks, kept running, replaced and rolled forward
//! (Amazon ECS's model).
//!
//! A [`Service`] compares the tasks it is to have with those that are observed
//! and says what to start and stop now. It never places a task and never stops
//! one itself: the host does, and reports back.
//!
//! ```text
//! +------------------------------------------------------------------------+
//! | 1. tell it what happened:  handle_*(now, ..), update, delete           |
//! | 2. drain poll_action() until it is None, and carry each action out     |
//! | 3. call handle_timer(now) at next_deadline() at the latest; go to 1    |
//! +------------------------------------------------------------------------+
//! ```
//!
//! | file | subject |
//! |---|---|
//! | `bounds` | floor and ceiling of a desired count |
//! | `observed` | tasks and instances, as the host sees them |
//! | `health` | when a task counts as healthy |
//! | `target_group` | the load balancer: register, drain, requests for each target |
//! | `rolling` | one step of a rolling update |
//! | `daemon` | one step of a service with one task an instance |
//! | `scale_in`, `protection` | which task goes, and which may not |
//! | `breaker`, `backoff` | when a deployment has failed; how long to wait before a retry |
//! | `zones`, `moves` | rebalancing across availability zones: which move, and how far it is |
//! | `verdict` | whether a deployment can ever end |
//! | `events` | what a user is told |
//! | `spec`, `deployment` | settings and their life |
//! | `control`, `plan`, `describe`, `error` | the loop that joins these, what can be asked of it, what it refuses |
//! | `api` | services, and all of [`cluster::api`](crate::cluster::api), in AWS's JSON |
//! | `controller`, `look` | services on a [`Cluster`](crate::cluster::Cluster), and how they see it |
//!
//! The step functions are pure and public: a simulator or a test can ask them
//! alone. All ties go to the lowest key, random choices come from a seed.
//!
//! ```
//! use warmstow_core::resources::Resources;
//! use warmstow_core::service::{
//!     Action, InstanceKey, ObservedInstance, ObservedTask, Revision, Service, ServiceSpec,
//!     TaskKey, TaskStatus, ZoneKey,
//! };
//! use warmstow_core::time::Instant;
//!
//! let start = Instant::ZERO;
//! let revision = Revision { number: 1, container_check: false };
//! let mut web = Service::new(start, ServiceSpec::replica("web", revision, 1))?;
//! let room = Resources::new(2_048, 4_096);
//! web.handle_instance(start, ObservedInstance::new(InstanceKey(7), ZoneKey(0), room));
//!
//! // It wants one task; we place it on instance 7.
//! let Some(Action::Start { order, deployment, .. }) = web.poll_action() else { panic!() };
//! let size = Resources::new(256, 512);
//! let task = ObservedTask::placed(TaskKey(1), deployment, InstanceKey(7), start, size);
//! web.handle_placed(start, order, task)?;
//! assert_eq!(web.poll_action(), None);
//!
//! // It runs at 5 s and, without health checks, counts as healthy 40 s later.
//! let running = Some(Instant::from_secs(5));
//! let task = ObservedTask { status: TaskStatus::Running, running_since: running, ..task };
//! web.handle_task(Instant::from_secs(5), task);
//! assert_eq!(web.poll_action(), None);
//! assert_eq!(web.next_deadline(), Some(Instant::from_secs(45)));
//!
//! web.handle_timer(Instant::from_secs(45));
//! assert_eq!(web.poll_action(), None);
//! assert!(web.is_steady());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#[cfg(feature = "json")]
pub mod api;
mod backoff;
mod bounds;
mod breaker;
mod control;
mod controller;
pub mod daemon;
mod deployment;
mod describe;
mod error;
mod events;
mod health;
mod look;
mod moves;
mod observed;
mod plan;
mod protection;
pub mod rolling;
mod scale_in;
mod spec;
mod target_group;
mod verdict;
mod zones;

#[cfg(all(test, not(loom)))]
mod tests;

pub use backoff::Backoff;
pub use bounds::{Bounds, Percents, PercentsError};
pub use breaker::{Breaker, BreakerConfig, Threshold, ThresholdError, Watch};
pub use control::{Action, Service, ServiceStatus, Where};
pub use controller::{Controller, ServiceError, TargetAction};
pub use deployment::{Deployment, Rollout};
pub use error::{DeleteError, UnknownOrder, UnknownTask};
pub use events::{ServiceEvent, Unplaced};
pub use health::{HealthRule, Stage, stage};
pub use observed::{
    DeploymentKey, Health, InstanceKey, InstanceStatus, ObservedInstance, ObservedTask, OrderKey,
    TaskKey, TaskStatus, ZoneKey,
};
pub use protection::{Protection, ProtectionError};
pub use rolling::{Member, StopReason};
pub use scale_in::{Candidate, StopRule, victim};
pub use spec::{Revision, Scheduling, ServiceSpec, ServiceUpdate, SpecError};
pub use target_group::{DelayError, TargetGroup};
pub use verdict::{Obstacle, Outlook, Places, Verdict, verdict};
pub use zones::{Ineligible, Move, Setup, ZoneCount, eligible, imbalance};
