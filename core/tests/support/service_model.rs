//! A service beside a plain host: any history keeps its bounds.
//!
//! * a start never takes the tasks in `RUNNING` or before it, and the starts not
//!   yet answered, above the ceiling;
//! * a stop never leaves fewer healthy tasks than the floor;
//! * a task is told to stop once, an order is answered once;
//! * a protected task goes neither for scale-in nor for a deployment;
//! * an instance never has two tasks of a daemon by our own doing;
//! * the breaker trips exactly when a second count of failures says so;
//! * looking again without news does nothing;
//! * with a host that does all it is told, a service whose verdict is good
//!   becomes steady in a bounded number of rounds.

#[path = "service_world.rs"]
mod service_world;

use service_world::World;
use warmstow_core::service::{
    BreakerConfig, Percents, Revision, ServiceSpec, StopRule, Threshold, Verdict, verdict,
};
use warmstow_core::time::Duration;

/// Which checks the tasks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    Nothing,
    Container,
    Target,
}

/// The service and its instances.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) desired: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) daemon: bool,
    pub(crate) checks: Checks,
    pub(crate) breaker: bool,
    pub(crate) rollback: bool,
    pub(crate) spread: bool,
    pub(crate) static_port: bool,
    /// How many tasks each instance has room for, 0: there is none; its zone is its
    /// number modulo 3.
    pub(crate) instances: [u8; 5],
}

impl Settings {
    pub(crate) fn from_bytes(b: [u8; 8]) -> Self {
        let mut instances = [0; 5];
        for (n, slots) in (0..).zip(&mut instances).take(usize::from(b[5] % 5) + 1) {
            *slots = (b[6].rotate_left(n) ^ b[7]) % 7 + 1;
        }
        let daemon = b[3].is_multiple_of(5);
        Self {
            desired: u32::from(b[0] % 9),
            min: u32::from(b[1]) * 100 / 255,
            max: if daemon { 100 } else { 100 + u32::from(b[2] % 9) * 25 },
            daemon,
            checks: [Checks::Nothing, Checks::Container, Checks::Target][usize::from(b[3] / 5 % 3)],
            breaker: b[4].is_multiple_of(2),
            rollback: (b[4] / 2).is_multiple_of(2),
            spread: (b[4] / 4).is_multiple_of(2),
            static_port: (b[4] / 8).is_multiple_of(4),
            instances,
        }
    }

    fn percents(&self) -> Percents {
        Percents { min_healthy_percent: self.min, max_percent: self.max }
    }

    fn spec(&self) -> ServiceSpec {
        let revision = Revision { number: 1, container_check: self.checks == Checks::Container };
        let breaker = BreakerConfig {
            enable: self.breaker,
            rollback: self.rollback,
            threshold: Threshold::default(),
            reset_on_healthy_task: true,
        };
        let base = if self.daemon {
            ServiceSpec::daemon("model", revision)
        } else {
            ServiceSpec::replica("model", revision, self.desired)
        };
        ServiceSpec {
            percents: self.percents(),
            breaker,
            grace: Duration::from_secs(5),
            target_group: (self.checks == Checks::Target).then_some(Duration::from_secs(20)),
            stop_rules: if self.spread { vec![StopRule::FullestZone] } else { vec![] },
            ..base
        }
    }
}

/// One thing that happens. Numbers choose among what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// So many seconds pass.
    Wait(u16),
    /// The host answers its oldest start: it places it, if there is room.
    Place,
    /// The host refuses its oldest start.
    Refuse,
    /// A pending task runs.
    Run(u8),
    /// A task that is pending or runs ends by itself.
    End(u8),
    /// A task's checks report.
    Check(u8, bool),
    /// A task that was told to stop leaves `RUNNING`.
    Leave(u8),
    /// A task that was told to stop has stopped.
    Stopped(u8),
    /// An instance drains, or is active again.
    Drain(u8, bool),
    /// An instance's agent disconnects, or is back.
    Connect(u8, bool),
    /// An instance is lost with its tasks.
    Lose(u8),
    /// An instance joins with room for so many tasks.
    Join(u8),
    /// The desired count changes.
    Scale(u8),
    /// A new revision is deployed.
    Deploy,
    /// The same revision is deployed again.
    Force,
    /// The percentages change.
    Percent(u8, u8),
    /// A task is protected for so many minutes.
    Protect(u8, u8),
    /// The service is deleted, with force.
    Delete,
}

impl Action {
    pub(crate) fn from_bytes(b: [u8; 4]) -> Self {
        use Action::*;
        match b[0] % 40 {
            0..=5 => Wait(u16::from(b[1]) * if b[2].is_multiple_of(8) { 60 } else { 1 }),
            6..=11 => Place,
            12 => Refuse,
            13..=18 => Run(b[1]),
            19..=21 => End(b[1]),
            22..=25 => Check(b[1], !b[2].is_multiple_of(4)),
            26 => Leave(b[1]),
            27..=29 => Stopped(b[1]),
            30 => Drain(b[1], b[2].is_multiple_of(2)),
            31 => Connect(b[1], b[2].is_multiple_of(2)),
            32 => Lose(b[1]),
            33 => Join(b[1] % 7 + 1),
            34 => Scale(b[1] % 9),
            35 => Deploy,
            36 => Force,
            37 => Percent(b[1], b[2]),
            38 => Protect(b[1], b[2]),
            _ if b[1].is_multiple_of(8) => Delete,
            _ => Place,
        }
    }
}

/// Plays a history, and then a host that does all it is told.
///
/// # Panics
///
/// Where a property above does not hold.
pub(crate) fn check(settings: Settings, actions: &[Action]) {
    let mut world = World::new(settings);
    world.look(false);
    for action in actions {
        let updated = world.apply(*action);
        world.look(updated);
    }
    world.calm();
}

/// A deployment from a steady state: it ends if and only if its verdict says so.
///
/// # Panics
///
/// Where it does not.
pub(crate) fn check_verdict(settings: Settings) {
    let mut world = World::new(Settings { breaker: false, ..settings });
    world.look(false);
    if !world.settle(400) {
        return; // No place for the first deployment.
    }
    let outlook = world.outlook();
    let answer = verdict(&outlook);
    world.apply(Action::Deploy);
    world.look(true);
    let ends = world.settle(400);
    let may = answer == Verdict::Progresses;
    assert_eq!(ends, may, "{answer}\n{outlook:?}\n{:?}", world.settings);
}
