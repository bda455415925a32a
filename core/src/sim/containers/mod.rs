//! A service of containers under load, in virtual time: its tasks, its
//! autoscaling, the instances beneath it, and the bill.
//!
//! [`simulate`] plays the host of the same objects that a live one links:
//!
//! ```text
//!   load --> metrics --> Scaler --desired--> Service --start, stop--> tasks
//!                                               |                       |
//!                       tasks that wait         | place                 | room
//!   ManagedGroup <------------------------------+------> View <---------+
//!        |  instances wanted                               ^
//!        +----- launch (after a delay), stop --------------+
//! ```
//!
//! Which task starts and stops, where it goes, how many are desired, how many
//! instances there are and which is stopped are their decisions; there is no
//! second copy of them here. The host's own part is what no library decides:
//! how long an image takes to start, how long an instance takes to boot, when
//! a zone is lost or a Spot instance is interrupted, how much load there is.
//!
//! Chosen where the modelled systems do not say:
//! * A task serves from the moment it runs, each an equal share of the load.
//!   Load beyond what the running tasks can serve is lost, and counted.
//! * At one instant what was scheduled first happens first.
//! * A lost zone takes its instances at once; a Spot instance drains for two
//!   minutes and is gone.
//! * An image that fails ends its task when it would have begun to run.
//!
//! The same scenario gives the same report, bit for bit.

mod config;
mod fleet;
mod report;
mod world;

pub use config::{
    Deploy, InstanceGroup, Load, LoadPoint, Scenario, ScenarioError, TaskSettings, ZoneLoss,
};
pub use report::{Bill, ContainersReport, DeploymentOutcome, Event, Minute, Totals};
pub use world::simulate;
