//! Services of containers under load, in virtual time: their tasks, their
//! autoscaling, the instances beneath them, and the bill.
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
//! * Of the tasks of several services that wait for an instance, the one that has
//!   waited longest is placed first; one that finds no room holds up those of its
//!   own service alone. What happens at one instant happens service by service, in
//!   the scenario's order.
//!
//! The same scenario gives the same report, bit for bit.
//!
//! # A scenario as a file
//!
//! With the feature `settings`, `Scenario::from_text` reads TOML, or the same
//! tables as JSON. Times are in seconds from the start; everything that a
//! default is shown for may be left out, and so may the tables `autoscaling`,
//! `deploys`, `zone_losses`, `fargate` and `expect`. Several services that share the
//! instances stand in a list `services` in place of the tables `service`, `task`,
//! `load`, `autoscaling` and `deploys`; each has these tables within its own, and
//! may have an `expect`, without `max_usd`.
//!
//! ```toml
//! duration_s = 7200                # at most 31 days
//! seed = 0                         # what chance draws from
//! start_unix_s = 1704067200        # for schedules and weekdays: Monday, 2024-01-01
//!
//! [service]
//! name = "web"
//! desired = 1                      # at the start; at most 5000
//! revision = 1
//! min_healthy_percent = 100        # 0 to 100
//! max_percent = 200                # 100 to 200
//! breaker = false                  # fail a deployment whose tasks fail
//! rollback = false                 # and return to the last that completed
//! failures = 3                     # left out: half of the desired count, 3 to 200
//! rebalance = true                 # move tasks to balance zones
//! strategies = ["spread:zone", "binpack:memory"] # left out: as ECS places services;
//!                                  # spread:node, spread:attribute:NAME, binpack:cpu, random
//!
//! [task]
//! cpu_units = 512                  # 1,024 a vCPU
//! memory_mib = 1024
//! capacity_per_s = 100             # requests per second, at most
//! memory_idle_percent = 30         # of its memory, without load
//! memory_full_percent = 70         # and at its capacity
//! start = "lognormal:30,0.3"       # placed to running; det:S, exp:MEAN, lognormal:MEAN,CV
//! stop_s = 30
//!
//! [load]                           # points, or the table week
//! points = [{ at_s = 0, per_s = 100 }, { at_s = 600, per_s = 900 }]
//! repeat_s = 3600                  # left out: the last point holds
//! # [load.week]
//! # low_per_s = 200                # at night
//! # high_per_s = 2000              # at a weekday's peak
//! # peak_hour = 14                 # UTC
//! # weekend_percent = 100          # height of the weekend's peak above the night
//! # noise_percent = 0              # either way, drawn every 10 minutes
//!
//! [autoscaling]                    # metrics: cpu, memory, requests_per_task
//! min = 2
//! max = 40
//! [[autoscaling.target_tracking]]
//! metric = "cpu"
//! target = 50
//! out_periods = 3
//! in_periods = 15
//! period_s = 60
//! scale_out_cooldown_s = 300
//! scale_in_cooldown_s = 300
//! disable_scale_in = false
//! [[autoscaling.step]]
//! metric = "requests_per_task"
//! when = "above"                   # at_or_above, below, at_or_below
//! threshold = 80
//! datapoints = 1
//! periods = 1                      # of so many
//! change = "count"                 # exact, percent
//! steps = [{ lower = 0, upper = 10, adjustment = 1 }, { lower = 10, adjustment = 3 }]
//! cooldown_s = 300
//! [[autoscaling.scheduled]]
//! schedule = "cron(0 8 * * ? *)"   # at(...), rate(...)
//! min = 4
//!
//! [group]
//! type = "m5.large"                # a type of `INSTANCE_TYPES`
//! usd_per_hour = 0.096             # left out: that table's price
//! spot_usd_per_hour = 0.04         # there is no default: Spot prices move
//! system_memory_mib = 256
//! zones = 3                        # 1 to 16
//! min = 0
//! max = 10000
//! initial = 0                      # left out: min
//! boot = "det:120"
//! spot_percent = 0
//! spot_interruptions_per_hour = 0  # of each Spot instance
//! [group.managed]                  # left out: as many instances as at the start
//! target_capacity = 100
//! minimum_step = 1
//! maximum_step = 10000
//! warmup_s = 300
//! in_minutes = 15
//!
//! [[deploys]]
//! at_s = 600
//! revision = 2
//! fails = true                     # false: its tasks run
//!
//! [[zone_losses]]
//! at_s = 1200
//! zone = 0
//! lasts_s = 3600                   # nothing can be launched there meanwhile
//!
//! [fargate]                        # for the comparison; x86
//! usd_per_vcpu_hour = 0.04048
//! usd_per_gb_hour = 0.004445
//! spot_share = 0.3
//!
//! [expect]                         # what is left out is not looked at
//! max_lost_percent = 0.1           # of the requests
//! max_usd = 5                      # for the instances
//! min_running_at_end = 1           # tasks
//! rolled_back = true
//! ```
//!
//! ```toml
//! [[services]]                     # up to 100
//! name = "web"                     # the keys of service
//! desired = 4
//! [services.task]
//! cpu_units = 512
//! memory_mib = 1024
//! capacity_per_s = 100
//! start = "det:30"
//! [services.load]
//! points = [{ at_s = 0, per_s = 300 }]
//! [services.autoscaling]
//! min = 2
//! max = 40
//! [[services.deploys]]
//! at_s = 600
//! revision = 2
//! [services.expect]
//! max_lost_percent = 1
//!
//! [[services]]
//! name = "search"
//! # and so on
//! ```

mod clock;
mod config;
mod expect;
mod fleet;
#[cfg(feature = "json")]
mod json;
mod load;
mod report;
mod served;
mod simulation;
mod tasks;
#[cfg(feature = "settings")]
mod text;
mod world;

pub use config::{
    Deploy, InstanceGroup, Scenario, ScenarioError, ServiceScenario, TaskSettings, ZoneLoss,
};
pub use expect::Expect;
pub use load::{Load, LoadPoint, Week};
pub use report::{
    Bill, ContainersReport, DeploymentOutcome, Event, Minute, ServiceMinute, ServiceReport,
    ServiceTotals, Totals,
};
pub use simulation::{Simulation, simulate};
