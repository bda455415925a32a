//! Which node a strategy chooses: a pure function of the nodes it is shown.
//!
//! Names and rules are those of Amazon ECS task placement strategies (Amazon
//! ECS Developer Guide, "Task placement strategies"). ECS does not say how it
//! breaks ties; here the node with the lowest index wins, so that the same
//! nodes and the same requests give the same placements.

use core::fmt;

use super::lanes::Weights;
use super::node::MAX_ZONES;
use super::word::Free;
use crate::resources::{Resource, Resources};
use crate::rng::splitmix64;

/// How to choose among the nodes that have room. Ties go to the node with the
/// lowest index, the one that was registered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Strategy {
    /// The node with the least of that resource left: few nodes, well filled.
    Binpack(Resource),
    /// The place with the fewest instances, of any function: a failure takes
    /// few of them.
    Spread(SpreadBy),
    /// Any node with room, each as likely as the others: the same seed draws
    /// the same nodes.
    Random,
    /// The node that comes closest to being full in both resources: that whose
    /// larger leftover is the smallest. To make them comparable, each leftover
    /// is a share of what the fleet's first node has, in steps of 2^-19.
    Balanced,
}

/// What [`Strategy::Spread`] counts instances of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum SpreadBy {
    /// The zone with the fewest instances among those where a node has room;
    /// within such zones the node with the fewest.
    Zone,
    /// The node with the fewest instances.
    Node,
}

/// A name that is no strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStrategy<'a>(pub &'a str);

/// A node as the strategy saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) index: u32,
    pub(super) seen: Free,
}

impl Strategy {
    /// Every strategy, in the order of their names' listing.
    pub const ALL: [Self; 6] = [
        Self::Binpack(Resource::Cpu),
        Self::Binpack(Resource::Memory),
        Self::Spread(SpreadBy::Zone),
        Self::Spread(SpreadBy::Node),
        Self::Random,
        Self::Balanced,
    ];

    /// The name in commands and tables: `binpack:cpu`, `binpack:memory`,
    /// `spread:zone`, `spread:node`, `random` or `binpack:balanced`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binpack(Resource::Cpu) => "binpack:cpu",
            Self::Binpack(Resource::Memory) => "binpack:memory",
            Self::Spread(SpreadBy::Zone) => "spread:zone",
            Self::Spread(SpreadBy::Node) => "spread:node",
            Self::Random => "random",
            Self::Balanced => "binpack:balanced",
        }
    }

    /// What the strategy minimises, where that is of one node alone; `unit` is
    /// what the first node has.
    #[inline]
    pub(super) const fn weights(self, unit: Resources) -> Option<Weights> {
        match self {
            Self::Binpack(Resource::Cpu) => Some(Weights::CPU),
            Self::Binpack(Resource::Memory) => Some(Weights::MEMORY),
            Self::Balanced => Some(Weights::shares_of(unit)),
            Self::Spread(SpreadBy::Node) => Some(Weights::INSTANCES),
            Self::Spread(SpreadBy::Zone) | Self::Random => None,
        }
    }
}

/// Nodes that one random choice draws before it looks at all of them.
const MAX_DRAWS: u32 = 32;

impl Default for Strategy {
    /// Binpack by memory: what a platform that sells memory packs by.
    fn default() -> Self {
        Self::Binpack(Resource::Memory)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<'a> TryFrom<&'a str> for Strategy {
    type Error = UnknownStrategy<'a>;

    /// The strategy of that [`name`](Strategy::name).
    ///
    /// ```
    /// use warmstow_core::placement::{SpreadBy, Strategy};
    ///
    /// assert_eq!(Strategy::try_from("spread:zone"), Ok(Strategy::Spread(SpreadBy::Zone)));
    /// assert!(Strategy::try_from("tightest").is_err());
    /// ```
    fn try_from(name: &'a str) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or(UnknownStrategy(name))
    }
}

impl fmt::Display for UnknownStrategy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no strategy; one of", self.0)?;
        for (position, strategy) in Strategy::ALL.into_iter().enumerate() {
            write!(f, "{} {strategy}", if position == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownStrategy<'_> {}

/// The `count`-th number of the `splitmix64` stream of `seed`, counted from 0.
/// The generator's state is an arithmetic sequence, so threads share a stream
/// by sharing the count.
pub(super) const fn split_mix(seed: u64, count: u64) -> u64 {
    // The step of `rng::splitmix64`.
    let mut state = seed.wrapping_add(count.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    splitmix64(&mut state)
}

/// The node with room that has the fewest instances, of the zones that have
/// the fewest instances.
pub(super) fn fewest_in_zone(
    needed: Resources,
    nodes: impl Iterator<Item = (u32, Free)>,
    zone: impl Fn(u32) -> u8,
) -> Option<Choice> {
    let mut instances = [0_u64; MAX_ZONES as usize];
    let mut best = [None::<Choice>; MAX_ZONES as usize];
    for (index, seen) in nodes {
        let zone = usize::from(zone(index) % MAX_ZONES);
        instances[zone] += u64::from(seen.instances());
        let fewer = best[zone].is_none_or(|b| seen.instances() < b.seen.instances());
        if fewer && seen.fits(needed) {
            best[zone] = Some(Choice { index, seen });
        }
    }
    let in_zones = instances.into_iter().zip(best);
    in_zones
        .filter_map(|(instances, best)| best.map(|choice| (instances, choice)))
        .min_by_key(|(instances, choice)| (*instances, choice.seen.instances(), choice.index))
        .map(|(_, choice)| choice)
}

/// The first drawn node that has room, of up to [`MAX_DRAWS`]: each node with
/// room is as likely as the others, to within n / 2^64.
#[expect(clippy::cast_possible_truncation, reason = "below `nodes`")]
pub(super) fn drawn_at_once(
    needed: Resources,
    nodes: u32,
    draw: u64,
    free: impl Fn(u32) -> Free,
) -> Option<Choice> {
    let mut state = draw;
    (0..MAX_DRAWS).find_map(|_| {
        let index = ((u128::from(splitmix64(&mut state)) * u128::from(nodes)) >> 64) as u32;
        let seen = free(index);
        seen.fits(needed).then_some(Choice { index, seen })
    })
}

/// The node at place `draw x n / 2^64` of the `n` nodes with room, which is
/// uniform to within n / 2^64.
#[expect(clippy::cast_possible_truncation, reason = "below n, which is a usize")]
pub(super) fn drawn(
    needed: Resources,
    nodes: impl Iterator<Item = (u32, Free)> + Clone,
    draw: u64,
) -> Option<Choice> {
    let mut with_room = nodes.filter(|(_, seen)| seen.fits(needed));
    let n = with_room.clone().count();
    let place = ((u128::from(draw) * n as u128) >> 64) as usize;
    // Other threads may fill nodes between the two passes: then there may be
    // no such place, and the caller looks again.
    with_room.nth(place).map(|(index, seen)| Choice { index, seen })
}
