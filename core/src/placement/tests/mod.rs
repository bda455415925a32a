//! Tests of placement: its rules as specifications, its protocol under loom.

#[cfg(not(loom))]
mod capacity;
#[cfg(not(loom))]
mod fleet;
#[cfg(all(not(loom), feature = "alloc"))]
mod index;
#[cfg(not(loom))]
mod lanes;
#[cfg(loom)]
mod loom_capacity;
#[cfg(loom)]
mod loom_fleet;
#[cfg(loom)]
mod loom_index;
#[cfg(loom)]
mod loom_model;
#[cfg(not(loom))]
mod strategy;
#[cfg(not(loom))]
mod threads;

use core::num::NonZeroU32;

use super::capacity::{AtomicU64, words};
use super::lanes::Ranked;
use super::strategy::{Choice, drawn, fewest_in_zone};
use super::word::Free;
use super::{Fleet, NodeSpec, Strategy};
use crate::resources::Resources;

/// What an instance needs in these tests: two of them fill a `node(2)`.
const ONE: Resources = Resources::new(1, 1);

/// A node with room for `instances` of [`ONE`].
fn node(instances: u32) -> NodeSpec {
    NodeSpec::new(Resources::new(instances, instances), 0)
}

/// The fixed-capacity form, for at most eight nodes.
type SmallFleet = Fleet<heapless::Vec<AtomicU64, { words(8) }>>;

/// A fleet for at most `max_nodes`, none yet.
fn fleet(max_nodes: u32) -> SmallFleet {
    let storage = (0..words(max_nodes)).map(|_| AtomicU64::new(0)).collect();
    Fleet::new_in(storage, NonZeroU32::MIN, 0).unwrap()
}

/// A fleet of `nodes`, each with room for `instances` of [`ONE`].
fn fleet_of(nodes: u32, instances: u32) -> SmallFleet {
    let fleet = fleet(nodes);
    for _ in 0..nodes {
        fleet.add_node(node(instances)).unwrap();
    }
    fleet
}

/// What a strategy measures resources by in these tests.
const UNIT: Resources = Resources::new(8, 8);

/// The node that `strategy` names among `nodes`, each looked at.
fn choose(
    strategy: Strategy,
    needed: Resources,
    nodes: impl Iterator<Item = (u32, Free)> + Clone,
    zone: impl Fn(u32) -> u8,
    draw: u64,
) -> Option<Choice> {
    match strategy.weights(UNIT) {
        Some(weights) => nodes
            .map(|(index, seen)| (Ranked::of(seen, index, needed, weights), Choice { index, seen }))
            .filter(|(rank, _)| !rank.is_none())
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, choice)| choice),
        None if strategy == Strategy::Random => drawn(needed, nodes, draw),
        None => fewest_in_zone(needed, nodes, zone),
    }
}
