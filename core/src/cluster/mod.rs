//! Clusters of Amazon ECS: container instances, task definitions, tasks.
//!
//! A [`Cluster`] holds container instances and the tasks on them. It follows the
//! contract of the whole control plane:
//!
//! ```text
//! handle(now, event) | run_tasks | start_task | stop_task | register_instance | ...
//!     then   poll_action()    until it answers None: what the host shall do
//!     then   next_deadline()  when handle_time(now) is due at the latest
//! ```
//!
//! It reads no clock and reaches no agent. The host carries [`Action`]s out (start
//! this container, attach that interface) and reports what happened as [`Event`]s;
//! a simulator does the same in virtual time. Time that goes backwards is taken as
//! standing still, and counted.
//!
//! | file | subject |
//! |---|---|
//! | `task_definition/` | what a task is made of; rules; `family:revision` |
//! | `instance/` | container instances and what is left of them |
//! | `task/` | tasks and their containers |
//! | `state` | the type [`Cluster`]: what it holds, time, look-ups |
//! | `members` | instances come, drain and go |
//! | `attributes` | attributes of members change |
//! | `run`, `placing` | run, start: which instance, or why none |
//! | `reach` | on which instances a request could run at all |
//! | `reserved` | room that is kept for daemons |
//! | `life`, `agent`, `stop` | a task from its first container to its last |
//! | `signals` | [`Event`], [`Action`] |
//! | `capacity_provider`, `waiting` | base and weight; tasks that wait for capacity |
//! | `overrides` | what a call changes of a definition |
//! | `api` (feature `json`) | AWS's operations in AWS's JSON, for every language |
//!
//! ```
//! use warmstow_core::cluster::instance::Registration;
//! use warmstow_core::cluster::task::TaskStatus;
//! use warmstow_core::cluster::task_definition::{ContainerDefinition, Registry, Rules, TaskDefinition};
//! use warmstow_core::cluster::{Action, Cluster, Event, RunRequest, Settings};
//! use warmstow_core::resources::Resources;
//! use warmstow_core::time::Instant;
//!
//! let now = Instant::ZERO;
//! let web = ContainerDefinition::new("web", "nginx").with_sizes(256, 512);
//! let mut registry = Registry::new();
//! let web = registry.register(now, TaskDefinition::new("web", vec![web]), &Rules::default())?;
//!
//! let mut cluster = Cluster::new("default", Settings::default());
//! let server = Registration::new("i-1", Resources::new(2_048, 7_985)).in_zone("us-east-1a");
//! cluster.register_instance(now, server)?;
//!
//! let ran = cluster.run_tasks(now, &RunRequest::new(&web), 1)?;
//! let task = ran.tasks[0];
//! while let Some(action) = cluster.poll_action() {
//!     if let Action::StartContainer { task, container } = action {
//!         cluster.handle(now, Event::ContainerStarted { task, container })?;
//!     }
//! }
//! assert_eq!(cluster.task(task).unwrap().last_status(), TaskStatus::Running);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod agent;
#[cfg(feature = "json")]
pub mod api;
mod attributes;
pub mod capacity_provider;
pub mod instance;
mod life;
mod members;
mod overrides;
mod placing;
mod reach;
mod reserved;
mod run;
mod signals;
mod state;
mod stop;
pub mod task;
pub mod task_definition;
#[cfg(all(test, not(loom)))]
mod tests;
mod waiting;

pub use attributes::{ChangeAttributesError, InstanceAttribute, MAX_CUSTOM_ATTRIBUTES};
pub use members::MemberError;
pub use overrides::{ContainerOverride, Overrides};
pub use placing::{Failure, NoRoom};
pub(crate) use reach::Reach;
pub use run::{Launch, LaunchError, MAX_RUN_COUNT, Ran, RunError, RunRequest};
pub use signals::{Action, Event, EventError};
pub use state::{Cluster, Counts, Settings, StoppingTasks};
pub use stop::StopError;

/// The groups of services begin with this.
pub const SERVICE_GROUP: &str = "service:";
/// The group of a task that the call put in none: this and its family.
pub const FAMILY_GROUP: &str = "family:";
