//! What refused a request of a replay, and who held what it wanted.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use super::explain::{Before, Fate};
use super::replay::World;
use super::workload::Arrival;
use crate::concurrency::{Rate, ThrottleReason};
use crate::function::{InvokeError, ScalingRate};
use crate::placement::Refusal;
use crate::resources::Resource;
use crate::time::Duration;

/// Most functions that are named as the holders of a limit.
const MAX_HOLDERS: usize = 5;

/// What of a limit a function has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Held {
    /// Requests in flight, but for those on provisioned concurrency.
    InFlight,
    /// Provisioned concurrency, used or not.
    Provisioned,
    /// CPU units of its instances, busy or not.
    CpuUnits,
    /// Memory of its instances, MiB, busy or not.
    MemoryMib,
}

impl Held {
    /// Each kind.
    const ALL: [Self; 4] = [Self::InFlight, Self::Provisioned, Self::CpuUnits, Self::MemoryMib];

    /// Its name in texts and in other languages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Provisioned => "provisioned",
            Self::CpuUnits => "cpu_units",
            Self::MemoryMib => "memory_mib",
        }
    }
}

/// A function that holds some of what a request wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Holder {
    /// Its name.
    pub function: String,
    /// How much.
    pub held: u64,
    /// Of what.
    pub of: Held,
}

/// What a refusal is about.
#[derive(Default)]
struct Limit {
    limit: Option<u64>,
    rate: Option<Rate>,
    wait: Option<Duration>,
    short: Option<Refusal>,
    holders: Vec<Holder>,
}

impl World {
    pub(super) fn refused(&self, arrival: &Arrival, before: &Before) -> Fate {
        let owner = arrival.function as usize;
        let Some(error) = self.functions[owner].last_refusal else {
            return Fate::Refused {
                reason: "",
                limit: None,
                rate: None,
                wait: None,
                short: None,
                holders: Vec::new(),
            };
        };
        let Limit { limit, rate, wait, short, mut holders } = match error {
            InvokeError::Throttled(reason) => self.throttled(reason, arrival, before),
            InvokeError::InstanceLimit { max_instances } => {
                let holders = self.units(before, owner, Held::InFlight).into_iter().collect();
                Limit { limit: Some(max_instances.into()), holders, ..Limit::default() }
            }
            InvokeError::ScalingRate { retry_after, .. } => match self.region.config().scaling_rate
            {
                ScalingRate::EachFunction(rate) | ScalingRate::Together(rate) => {
                    of_rate(Some(rate), Some(retry_after))
                }
                ScalingRate::Unlimited => Limit::default(),
            },
            InvokeError::NoCapacity(refusal) => {
                let of = match refusal.resource {
                    Resource::Cpu => Held::CpuUnits,
                    Resource::Memory => Held::MemoryMib,
                };
                let holders = self.owners().filter_map(|at| self.units(before, at, of)).collect();
                Limit { short: Some(refusal), holders, ..Limit::default() }
            }
            _ => Limit::default(),
        };
        holders.sort_by_key(|holder| Reverse(holder.held));
        holders.truncate(MAX_HOLDERS);
        Fate::Refused { reason: error.reason(), limit, rate, wait, short, holders }
    }

    fn throttled(&self, reason: ThrottleReason, arrival: &Arrival, before: &Before) -> Limit {
        let (config, owner) = (self.region.config(), arrival.function as usize);
        let reserved = |at: usize| self.functions[at].config.spec.reserved_concurrency;
        let concurrency = [Held::InFlight, Held::Provisioned];
        let rate = |units: u32| {
            Rate::per_second(u64::from(config.requests_per_concurrency) * u64::from(units))
        };
        match reason {
            ThrottleReason::ConcurrentInvocationLimitExceeded => {
                // Held by those without a reservation.
                let sharing = self.owners().filter(|&at| reserved(at).is_none());
                let held = |at| concurrency.map(|of| self.units(before, at, of));
                let holders = sharing.flat_map(held).flatten().collect();
                let limit = Some(self.region.account().limit().into());
                Limit { limit, holders, ..Limit::default() }
            }
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => {
                let held = concurrency.map(|of| self.units(before, owner, of));
                let (limit, holders) = (reserved(owner), held.into_iter().flatten().collect());
                Limit { limit: limit.map(u64::from), holders, ..Limit::default() }
            }
            ThrottleReason::FunctionInvocationRateLimitExceeded => {
                let wait = self.region.requests_wait(arrival.at, None);
                of_rate(rate(config.account_limit), wait)
            }
            ThrottleReason::ReservedFunctionInvocationRateLimitExceeded => {
                let id = self.functions[owner].id;
                let wait = self.region.requests_wait(arrival.at, Some(id));
                of_rate(reserved(owner).and_then(rate), wait)
            }
            _ => Limit::default(),
        }
    }

    /// The functions; the provisioned pools stand behind them.
    pub(super) fn owners(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.functions.len()).filter(|&at| self.functions[at].owner == at)
    }

    /// What a function had of something, if it had any.
    fn units(&self, before: &Before, owner: usize, of: Held) -> Option<Holder> {
        let function = &self.functions[owner].config;
        let of_each = |amount: u32| {
            let instances = self.pools(owner).map(|at| u64::from(before.pools[at].instances));
            u64::from(amount) * instances.sum::<u64>()
        };
        let held: u64 = match of {
            Held::InFlight => before.pools[owner].in_flight,
            Held::Provisioned => function.provisioned.into(),
            Held::CpuUnits => of_each(function.spec.resources.cpu_units),
            Held::MemoryMib => of_each(function.spec.resources.memory_mib),
        };
        (held > 0).then(|| Holder { function: function.name.clone(), held, of })
    }
}

fn of_rate(rate: Option<Rate>, wait: Option<Duration>) -> Limit {
    let limit = rate.map(|rate| rate.count.into());
    Limit { limit, rate, wait, ..Limit::default() }
}

/// What follows the reason of a refusal.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    (limit, rate, wait): (Option<u64>, Option<Rate>, Option<Duration>),
    short: Option<&Refusal>,
    holders: &[Holder],
) -> fmt::Result {
    match (rate, limit) {
        (Some(Rate { count, per, burst }), _) => {
            write!(f, ", the rate is {count} in {per}, {burst} at once")?;
        }
        (None, Some(limit)) => write!(f, ", the limit is {limit}")?,
        (None, None) => {}
    }
    if let Some(wait) = wait {
        write!(f, ": the next in {wait}")?;
    }
    if let Some(refusal) = short {
        let (resource, nodes) = (refusal.resource, refusal.nodes);
        write!(f, ", no room for {}: ", refusal.needed)?;
        match refusal.short_of(resource) {
            0 => write!(f, "{} of {nodes} nodes have as many instances as they can", refusal.full)?,
            short => {
                let free = refusal.largest_free.get(resource);
                write!(f, "{short} of {nodes} nodes short of {resource}, at most {free} free")?;
            }
        }
    }
    for kind in Held::ALL {
        let of_it = holders.iter().filter(|holder| holder.of == kind);
        for (place, Holder { function, held, .. }) in of_it.enumerate() {
            let what = if kind == Held::InFlight { "in flight" } else { kind.name() };
            match place {
                0 => write!(f, "; {what}: {held} of {function}")?,
                _ => write!(f, ", {held} of {function}")?,
            }
        }
    }
    Ok(())
}
