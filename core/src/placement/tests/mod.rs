//! Tests of placement: its rules as specifications, its protocol under loom.

#[cfg(not(loom))]
mod capacity;
#[cfg(not(loom))]
mod fleet;
#[cfg(loom)]
mod loom_capacity;
#[cfg(loom)]
mod loom_fleet;
#[cfg(loom)]
mod loom_model;
#[cfg(not(loom))]
mod strategy;
#[cfg(not(loom))]
mod threads;

use core::num::NonZeroU32;

use super::capacity::{AtomicU64, words};
use super::{Fleet, NodeSpec};
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
