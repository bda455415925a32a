//! Placement of instances on a fleet: ours and the peers, behind one trait.
//!
//! The workload fills a half-full fleet until 200 instances in a row find no
//! room. Nodes have 32,000 CPU units and 65,536 MiB; an instance needs 100 to
//! 4,000 units and 128 to 8,192 MiB. The peers are what a scheduler would
//! write today: none of them can be shared by threads.

pub mod ecs;
mod floor;
mod peers;

use core::num::NonZeroU32;

use warmstow_core::placement::{Fleet, NodeSpec, Strategy};
use warmstow_core::resources::Resources;
use warmstow_core::rng::Rng;
use warmstow_core::sync::AtomicU64;

pub use floor::Scan;
pub use peers::{ByMemory, ExactScan, FirstFit, Kube, Nomad};

/// What one node has: 32 vCPU, near enough, and 64 GiB.
pub const NODE: Resources = Resources::new(32_000, 65_536);

/// Failures in a row that end the filling.
const FAILURES: u32 = 200;

/// Something that finds room for instances and takes it.
pub trait Placer {
    /// On nodes with this much free of [`NODE`].
    fn new(free: &[Resources]) -> Self;

    /// Takes room for one instance: the node's number.
    fn place(&mut self, needed: Resources) -> Option<u32>;
}

/// An instance of the workload.
pub fn instance(draws: &mut Rng) -> Resources {
    let mut between = |least: u32, most: u32| {
        let range = u64::from(most - least) + 1;
        least + u32::try_from(draws.below(range)).expect("the ranges are small")
    };
    Resources::new(between(100, 4_000), between(128, 8_192))
}

/// What is free on `nodes` nodes that are each filled to about one half.
pub fn half_full(nodes: u32) -> Vec<Resources> {
    let mut draws = Rng::stream(42, 0);
    let filled = |_| {
        let mut free = NODE;
        for _ in 0..2 + draws.below(11) {
            let held = instance(&mut draws);
            if free.short_of(held).is_none() {
                free.cpu_units -= held.cpu_units;
                free.memory_mib -= held.memory_mib;
            }
        }
        free
    };
    (0..nodes).map(filled).collect()
}

/// What came of a filling.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    /// Instances that were tried.
    pub attempts: u64,
    /// Those that found no room.
    pub failures: u64,
    /// The CPU that is left, of what was free before and what was held.
    pub cpu_left: f64,
    /// The memory that is left, likewise.
    pub memory_left: f64,
}

/// Places instances until 200 in a row fail, or `most` were tried.
pub fn fill<P: Placer>(placer: &mut P, free: &[Resources], most: u64) -> Filled {
    let mut draws = Rng::stream(43, 0);
    let sum = |of: fn(&Resources) -> u32| free.iter().map(|node| f64::from(of(node))).sum::<f64>();
    let before = (sum(|node| node.cpu_units), sum(|node| node.memory_mib));
    let (mut cpu, mut memory) = (0, 0);
    let (mut attempts, mut failures, mut in_a_row) = (0, 0, 0);
    while in_a_row < FAILURES && attempts < most {
        let needed = instance(&mut draws);
        attempts += 1;
        if placer.place(needed).is_some() {
            cpu += u64::from(needed.cpu_units);
            memory += u64::from(needed.memory_mib);
            in_a_row = 0;
        } else {
            failures += 1;
            in_a_row += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage is shown")]
    let left = |placed: u64, before: f64| 100.0 * (1.0 - placed as f64 / before);
    Filled {
        attempts,
        failures,
        cpu_left: left(cpu, before.0),
        memory_left: left(memory, before.1),
    }
}

/// Our fleet on nodes with this much free of [`NODE`].
///
/// # Panics
///
/// Never: the amounts are in range.
pub fn fleet(free: &[Resources]) -> Fleet<Box<[AtomicU64]>> {
    let nodes = u32::try_from(free.len()).expect("a fleet of the benchmarks");
    let fleet = Fleet::new(nodes, NonZeroU32::MIN, 1).expect("the size is in range");
    for (index, free) in free.iter().enumerate() {
        let zone = u8::try_from(index % 3).expect("three zones");
        let node = fleet.add_node(NodeSpec::new(NODE, zone)).expect("the fleet has room");
        let held =
            Resources::new(NODE.cpu_units - free.cpu_units, NODE.memory_mib - free.memory_mib);
        let _held_for_good = fleet.reserve(node, held).expect("the node is empty");
    }
    fleet
}

/// Our fleet, one strategy: [`Strategy::ALL`] by number.
#[derive(Debug)]
pub struct Ours<const STRATEGY: usize>(Fleet<Box<[AtomicU64]>>);

impl<const STRATEGY: usize> Placer for Ours<STRATEGY> {
    fn new(free: &[Resources]) -> Self {
        Self(fleet(free))
    }

    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        let room = self.0.place(needed, Strategy::ALL[STRATEGY]);
        room.ok().map(|room| room.node().index())
    }
}
