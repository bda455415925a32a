//! Whether a deployment can ever get anywhere, known before it starts.
//!
//! A deployment moves by starting a new task or by stopping an old one. Where
//! the ceiling or room forbids every start and the floor every stop, it stands
//! still for ever; and it never ends where the desired count has no place even
//! with all old tasks gone. Both can be told from numbers. The usual cases:
//!
//! * 100/100, 75 % of 2, or 125 % of 3: floor and ceiling both at the count;
//! * a static host port with as many instances as tasks, at minimum 100;
//! * a cluster too full for one more task, at minimum 100.
//!
//! An answer [`Verdict::Never`] is certain as long as instances, other tasks
//! and settings stay as they are. [`Verdict::Progresses`] is a promise where
//! old and new tasks are of one size; where the new ones are larger, room may
//! still run out midway.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::bounds::Bounds;
use crate::resources::Resources;

/// An instance that meets the constraints of the new tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// How many new tasks it could take now.
    pub now: u32,
    /// How many it could take with the service's tasks gone from it.
    pub alone: u32,
}

impl Places {
    /// Counts the places of an instance. `free` is what is left of it, `own` the
    /// service's tasks there, each of `old`; the new ones are of `new`.
    ///
    /// With static host ports an instance takes one task at a time: set
    /// `static_ports`, and `ports_taken` where other tasks hold one of them.
    pub const fn of(
        free: Resources,
        own: u32,
        old: Resources,
        new: Resources,
        static_ports: bool,
        ports_taken: bool,
    ) -> Self {
        let freed = Resources::new(
            free.cpu_units.saturating_add(own.saturating_mul(old.cpu_units)),
            free.memory_mib.saturating_add(own.saturating_mul(old.memory_mib)),
        );
        let (mut now, mut alone) = (times(free, new), times(freed, new));
        if static_ports {
            if ports_taken {
                return Self { now: 0, alone: 0 };
            }
            now = if own > 0 || now == 0 { 0 } else { 1 };
            alone = if alone > 0 { 1 } else { 0 };
        }
        Self { now, alone }
    }
}

/// How often `size` fits into `room`.
const fn times(room: Resources, size: Resources) -> u32 {
    let cpu = match room.cpu_units.checked_div(size.cpu_units) {
        Some(times) => times,
        None => u32::MAX,
    };
    let memory = match room.memory_mib.checked_div(size.memory_mib) {
        Some(times) => times,
        None => u32::MAX,
    };
    if cpu < memory { cpu } else { memory }
}

/// What the deployment begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Desired count, floor and ceiling. For a DAEMON service the desired count
    /// is that of the instances that want it.
    pub bounds: Bounds,
    /// Healthy tasks of the service, all of them to be replaced.
    pub old: u32,
    /// The instances.
    pub instances: Vec<Places>,
    /// The static host ports of the new tasks.
    pub static_ports: Vec<u16>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A first step is possible, and there is place for all.
    Progresses,
    /// It can never end, for each of these reasons.
    Never(Vec<Obstacle>),
}

/// Why a deployment can never end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// Whatever the room, no task of that kind is started.
    Refused {
        /// Why.
        reason: String,
    },
    /// No instance meets the constraints.
    NoInstances,
    /// No instance could take one task, even without the service's own.
    TooLarge {
        /// How many were looked at.
        instances: u32,
    },
    /// Fewer places than tasks, even without the service's old ones.
    TooFewPlaces {
        /// The desired count.
        desired: u32,
        /// How many would find a place.
        places: u32,
        /// The ports that allow one task an instance, if they do.
        static_ports: Vec<u16>,
    },
    /// The percentages allow neither a start nor a stop.
    Percentages {
        /// Desired count, floor and ceiling.
        bounds: Bounds,
        /// The tasks that are to be replaced.
        old: u32,
    },
    /// Every instance with room has one of the service's tasks on the same
    /// static port, and the floor lets none of them stop.
    PortsTaken {
        /// The ports.
        static_ports: Vec<u16>,
        /// The instances.
        instances: u32,
        /// The floor.
        floor: u32,
    },
    /// No instance has room for one more task, and the floor lets none stop.
    Full {
        /// The instances.
        instances: u32,
        /// The floor.
        floor: u32,
    },
}

/// Whether a deployment that begins like this can end. O(instances).
pub fn verdict(outlook: &Outlook) -> Verdict {
    let bounds = outlook.bounds;
    if bounds.desired == 0 {
        return Verdict::Progresses;
    }
    let mut obstacles = Vec::new();
    obstacles.extend(for_ever(outlook));
    let may_stop = outlook.old > bounds.floor;
    if outlook.old > 0 && !may_stop {
        obstacles.extend(at_first(outlook));
    }
    if obstacles.is_empty() { Verdict::Progresses } else { Verdict::Never(obstacles) }
}

/// Whether there is place for all tasks in the end.
fn for_ever(outlook: &Outlook) -> Option<Obstacle> {
    let desired = outlook.bounds.desired;
    let instances = u32::try_from(outlook.instances.len()).unwrap_or(u32::MAX);
    let places = outlook.instances.iter().fold(0_u32, |sum, at| sum.saturating_add(at.alone));
    if instances == 0 {
        Some(Obstacle::NoInstances)
    } else if places == 0 {
        Some(Obstacle::TooLarge { instances })
    } else if places < desired {
        let static_ports = outlook.static_ports.clone();
        Some(Obstacle::TooFewPlaces { desired, places, static_ports })
    } else {
        None
    }
}

/// What forbids the first start; no old task may stop.
fn at_first(outlook: &Outlook) -> Option<Obstacle> {
    let (bounds, old) = (outlook.bounds, outlook.old);
    if bounds.ceiling <= old {
        return Some(Obstacle::Percentages { bounds, old });
    }
    // Without instances that is the obstacle.
    if outlook.instances.is_empty() || outlook.instances.iter().any(|at| at.now > 0) {
        return None;
    }
    let instances = u32::try_from(outlook.instances.len()).unwrap_or(u32::MAX);
    let floor = bounds.floor;
    if outlook.static_ports.is_empty() {
        return Some(Obstacle::Full { instances, floor });
    }
    let static_ports = outlook.static_ports.clone();
    Some(Obstacle::PortsTaken { static_ports, instances, floor })
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { reason } => write!(f, "a task is refused: {reason}"),
            Self::NoInstances => f.write_str(
                "no active, connected container instance meets the placement constraints",
            ),
            Self::TooLarge { instances } => write!(
                f,
                "a task is larger than what any of the {instances} instances has without this \
                 service's tasks"
            ),
            Self::TooFewPlaces { desired, places, static_ports } if static_ports.is_empty() => {
                write!(
                    f,
                    "{desired} tasks are desired and there is room for {places}, even with all \
                     old ones gone"
                )
            }
            Self::TooFewPlaces { desired, places, static_ports } => write!(
                f,
                "{desired} tasks are desired and static host ports {static_ports:?} allow one an \
                 instance, {places} in all; use host port 0 or add instances"
            ),
            Self::Percentages { bounds: Bounds { desired, floor, ceiling }, old } => write!(
                f,
                "with {desired} desired, at least {floor} must stay healthy and at most \
                 {ceiling} may exist: of the {old} old tasks none may stop, and no new one may \
                 start; lower minimumHealthyPercent or raise maximumPercent"
            ),
            Self::PortsTaken { static_ports, instances, floor } => write!(
                f,
                "each of the {instances} instances has a task on static host ports \
                 {static_ports:?} and {floor} must stay healthy, so none may make way; lower \
                 minimumHealthyPercent, use host port 0, or add an instance"
            ),
            Self::Full { instances, floor } => write!(
                f,
                "none of the {instances} instances has room for one more task and {floor} must \
                 stay healthy, so none may make way; lower minimumHealthyPercent or add capacity"
            ),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Progresses => f.write_str("the deployment can progress"),
            Self::Never(obstacles) => {
                f.write_str("the deployment can never end, because ")?;
                for (number, obstacle) in obstacles.iter().enumerate() {
                    if number > 0 {
                        f.write_str("; and because ")?;
                    }
                    obstacle.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}
