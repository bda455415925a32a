//! Why a request of a replay met what it met.
//!
//! Nothing is recorded while a replay runs: it is stepped up to the request, looked
//! at before it and after it. The same configuration, workload and seed come to
//! the same request, so any request of a replay that is over can be asked for by
//! its number.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::config::SimError;
use super::refusals::{self, Holder};
use super::replay::{Replay, World};
use super::workload::{Arrival, Workload};
use crate::concurrency::Rate;
use crate::function::Counters;
use crate::function::keep_alive::KeepAlivePolicy;
use crate::placement::Refusal;
use crate::resources::Resources;
use crate::time::{Duration, Instant};

/// Why an instance stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum StopCause {
    /// It was idle for its keep-alive, or its policy had it stop.
    KeepAlive,
    /// Its memory was wanted for another instance.
    MadeRoom,
    /// Its last request crashed or ran into its timeout.
    Failed,
}

/// Why a request started an instance.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum ColdCause {
    /// The function had never had one.
    First,
    /// Each of its instances had as many requests as it can serve.
    AllBusy {
        /// How many that were.
        instances: u32,
    },
    /// Its provisioned concurrency had room, and takes no more requests a second.
    Spilled {
        /// How many units of it were free.
        free: u32,
        /// How many requests a second it takes.
        per_second: u64,
    },
    /// It had none any more.
    Gone {
        /// When the last one stopped.
        at: Instant,
        /// Why.
        cause: StopCause,
        /// The policy of the function's keep-alive.
        policy: String,
    },
}

/// The node of an instance that was started.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NodeChoice {
    /// Its number.
    pub node: u32,
    /// By which strategy.
    pub strategy: &'static str,
    /// What was free on it before.
    pub free: Resources,
    /// How many nodes had room.
    pub with_room: u32,
    /// Of how many.
    pub nodes: u32,
}

/// What became of the request.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Fate {
    /// An idle instance took it.
    Warm {
        /// How many of the function's instances were idle.
        idle: u32,
    },
    /// An instance was started for it.
    Cold {
        /// Why.
        cause: ColdCause,
        /// Where; `None` in a region without nodes.
        node: Option<NodeChoice>,
    },
    /// It was refused.
    Refused {
        /// The key of the refusal; see [`InvokeError::reason`](crate::function::InvokeError::reason).
        reason: &'static str,
        /// The limit that was met, where it is a number: of the account what others
        /// have not reserved or provisioned, of a rate its count.
        limit: Option<u64>,
        /// The rate that was met.
        rate: Option<Rate>,
        /// How long until that has one more, if no other request takes it.
        wait: Option<Duration>,
        /// What the nodes were short of.
        short: Option<Refusal>,
        /// Who held it, the most first: the five largest. A rate nobody holds.
        holders: Vec<Holder>,
    },
}

/// Why a request met what it met.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Explanation {
    /// The request, from 0.
    pub invocation: u64,
    /// When it arrived.
    pub at: Instant,
    /// The function it asked for.
    pub function: String,
    /// The function's instances just before.
    pub instances: u32,
    /// Its requests in flight just before.
    pub in_flight: u64,
    /// Requests in flight of all functions just before.
    pub account_in_flight: u64,
    /// What became of it.
    pub fate: Fate,
}

/// What there was before the request.
pub(super) struct Before {
    instances: u32,
    idle: u32,
    in_flight: u64,
    account_in_flight: u64,
    /// Of every pool, the provisioned ones behind the functions.
    pub(super) pools: Vec<Counters>,
    /// Why a request does not go to provisioned concurrency that has room.
    spills: Option<ColdCause>,
    free: Vec<Resources>,
}

impl<W: Workload> Replay<W> {
    /// Replays the next request and says what became of it, and why; `None`:
    /// there is none left. O(functions + nodes) beside the replay's own step.
    ///
    /// # Errors
    /// As [`Replay::advance`].
    pub fn explain_next(&mut self) -> Result<Option<Explanation>, SimError> {
        let Some(arrival) = self.upcoming()? else { return Ok(None) };
        let invocation = self.invocations();
        let before = self.world().look(&arrival);
        self.advance(1)?;
        let (world, served) = (self.world(), self.last_instance());
        let fate = match served {
            Some(instance) => world.served(&arrival, &before, instance.function.index()),
            None => world.refused(&arrival, &before),
        };
        Ok(Some(Explanation {
            invocation,
            at: arrival.at,
            function: world.functions[arrival.function as usize].config.name.clone(),
            instances: before.instances,
            in_flight: before.in_flight,
            account_in_flight: before.account_in_flight,
            fate,
        }))
    }
}

impl World {
    /// The pools whose books are the function's: its own and a provisioned one.
    pub(super) fn pools(&self, owner: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.functions.len()).filter(move |&at| self.functions[at].owner == owner)
    }

    fn look(&self, arrival: &Arrival) -> Before {
        let owner = arrival.function as usize;
        let counters = self.functions.iter().map(|pool| self.region.counters(pool.id));
        let pools: Vec<Counters> = counters.map(Result::unwrap_or_default).collect();
        let own = || self.pools(owner).filter_map(|at| pools.get(at));
        let nodes = self.region.fleet().into_iter().flat_map(|fleet| fleet.nodes());
        Before {
            instances: own().map(|pool| pool.instances).sum(),
            idle: own().map(|pool| pool.idle_instances).sum(),
            in_flight: own().map(|pool| pool.in_flight).sum(),
            account_in_flight: pools.iter().map(|pool| pool.in_flight).sum(),
            spills: self.spills(arrival, &pools),
            free: nodes.map(|node| node.free).collect(),
            pools,
        }
    }

    /// Whether provisioned concurrency has room and its rate of requests has none.
    fn spills(&self, arrival: &Arrival, pools: &[Counters]) -> Option<ColdCause> {
        let owner = arrival.function as usize;
        let at = self.pools(owner).find(|&at| at != owner)?;
        let provisioned = self.functions[owner].config.provisioned;
        let in_flight = u32::try_from(pools.get(at)?.in_flight).unwrap_or(u32::MAX);
        let free = provisioned.saturating_sub(in_flight);
        self.region.requests_wait(arrival.at, Some(self.functions[at].id))?;
        let factor = self.region.config().requests_per_concurrency;
        let per_second = u64::from(factor) * u64::from(provisioned);
        (free > 0).then_some(ColdCause::Spilled { free, per_second })
    }

    fn served(&self, arrival: &Arrival, before: &Before, pool: u32) -> Fate {
        let owner = &self.functions[arrival.function as usize];
        // A cold start is one more instance, in whichever pool.
        let after: u32 = self
            .pools(arrival.function as usize)
            .filter_map(|at| self.region.counters(self.functions[at].id).ok())
            .map(|counters| counters.instances)
            .sum();
        if after <= before.instances {
            return Fate::Warm { idle: before.idle };
        }
        // Only one that runs on demand has spilled.
        let spilled = before.spills.clone().filter(|_| pool == arrival.function);
        let cause = spilled.unwrap_or_else(|| match owner.last_stop {
            _ if before.instances > 0 => ColdCause::AllBusy { instances: before.instances },
            Some((at, cause)) => {
                let fixed = KeepAlivePolicy::Fixed { keep_alive: owner.keep_alive };
                let policy = alloc::format!("{}", owner.config.keep_alive.unwrap_or(fixed));
                ColdCause::Gone { at, cause, policy }
            }
            None => ColdCause::First,
        });
        Fate::Cold { cause, node: self.node_of_last(pool, before) }
    }

    /// Where the instance went that was started last: the one node with less room.
    fn node_of_last(&self, pool: u32, before: &Before) -> Option<NodeChoice> {
        let wanted = self.functions[pool as usize].config.spec.resources;
        let fits = |free: &&Resources| {
            free.cpu_units >= wanted.cpu_units && free.memory_mib >= wanted.memory_mib
        };
        let mut nodes = self.region.fleet()?.nodes().zip(&before.free).zip(0..);
        let ((_, free), node) = nodes.find(|((now, free), _)| now.free != **free)?;
        let count = |nodes: usize| u32::try_from(nodes).unwrap_or(u32::MAX);
        Some(NodeChoice {
            node,
            strategy: self.region.config().strategy.name(),
            free: *free,
            with_room: count(before.free.iter().filter(fits).count()),
            nodes: count(before.free.len()),
        })
    }
}

/// A time as people read it: seconds.
struct At(Instant);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.since(Instant::ZERO).fmt(f)
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeepAlive => "its keep-alive was over",
            Self::MadeRoom => "its memory was wanted for another",
            Self::Failed => "its request failed",
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invocation, at, function, .. } = self;
        write!(f, "request {invocation} of {function}, at {}: ", At(*at))?;
        match &self.fate {
            Fate::Warm { idle } => write!(f, "warm, {idle} of {} were idle", self.instances),
            Fate::Cold { cause, node } => {
                match cause {
                    ColdCause::First => f.write_str("cold, the first instance of the function")?,
                    ColdCause::AllBusy { instances: 1 } => f.write_str("cold, the one was busy")?,
                    ColdCause::AllBusy { instances } => {
                        write!(f, "cold, all {instances} were busy")?;
                    }
                    ColdCause::Spilled { free, per_second } => write!(
                        f,
                        "cold, spilled: provisioned concurrency had {free} free, but takes \
                         {per_second} requests a second"
                    )?,
                    ColdCause::Gone { at: stopped, cause, policy } => {
                        let ago: Duration = at.since(*stopped);
                        let stopped = At(*stopped);
                        write!(
                            f,
                            "cold, the last instance stopped at {stopped}, {ago} before: {cause} \
                             ({policy})"
                        )?;
                    }
                }
                let Some(NodeChoice { node, strategy, free, with_room, nodes }) = node else {
                    return Ok(());
                };
                write!(
                    f,
                    "; on node {node} by {strategy}, with {free} free: {with_room} of {nodes} \
                     nodes had room"
                )
            }
            Fate::Refused { reason, limit, rate, wait, short, holders } => {
                write!(f, "refused, {reason}")?;
                refusals::write(f, (*limit, *rate, *wait), short.as_ref(), holders)
            }
        }
    }
}
