//! The books of the nodes: what instances reserve, over time.
//!
//! Observation only: placement is the region's. Where an instance went comes
//! from the region's answer, and at the end the books must agree with it.

use alloc::vec::Vec;

use super::level::Level;
use super::report::{FleetReport, NodeReport};
use crate::resources::Resources;
use crate::time::Instant;

/// The books of all nodes.
#[derive(Debug, Default)]
pub(super) struct FleetBooks {
    nodes: Vec<NodeBooks>,
    total: [u64; 2],
    pub(super) used: Level,
    pub(super) cpu: Level,
    pub(super) memory: Level,
}

#[derive(Debug)]
struct NodeBooks {
    resources: Resources,
    instances: Level,
    cpu: Level,
    memory: Level,
}

impl FleetBooks {
    pub(super) fn new(nodes: impl Iterator<Item = Resources>) -> Self {
        let none = Level::default();
        let books = |resources| NodeBooks { resources, instances: none, cpu: none, memory: none };
        let nodes: Vec<_> = nodes.map(books).collect();
        let mut total = [0; 2];
        for node in &nodes {
            total[0] += u64::from(node.resources.cpu_units);
            total[1] += u64::from(node.resources.memory_mib);
        }
        Self { nodes, total, ..Self::default() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// An instance that needs `resources` is placed on `node`.
    pub(super) fn place(&mut self, now: Instant, node: u32, resources: Resources) {
        let Some(books) = usize::try_from(node).ok().and_then(|at| self.nodes.get_mut(at)) else {
            return;
        };
        let (cpu, memory) = (u64::from(resources.cpu_units), u64::from(resources.memory_mib));
        if books.instances.value() == 0 {
            self.used.add(now, 1);
        }
        books.instances.add(now, 1);
        books.cpu.add(now, cpu);
        books.memory.add(now, memory);
        self.cpu.add(now, cpu);
        self.memory.add(now, memory);
    }

    /// That instance has stopped.
    pub(super) fn free(&mut self, now: Instant, node: u32, resources: Resources) {
        let Some(books) = usize::try_from(node).ok().and_then(|at| self.nodes.get_mut(at)) else {
            return;
        };
        let (cpu, memory) = (u64::from(resources.cpu_units), u64::from(resources.memory_mib));
        books.instances.remove(now, 1);
        books.cpu.remove(now, cpu);
        books.memory.remove(now, memory);
        self.cpu.remove(now, cpu);
        self.memory.remove(now, memory);
        if books.instances.value() == 0 {
            self.used.remove(now, 1);
        }
    }

    /// Of the whole fleet: `share` of CPU units or MiB, 0 to 1.
    pub(super) fn cpu_share(&self, share: f64) -> f64 {
        ratio(share, self.total[0])
    }

    /// See [`Self::cpu_share`].
    pub(super) fn memory_share(&self, share: f64) -> f64 {
        ratio(share, self.total[1])
    }

    /// The memory of each node and the integral of what is reserved of it.
    pub(super) fn memory_integrals(&self, now: Instant) -> impl Iterator<Item = (u64, u128)> {
        self.nodes
            .iter()
            .map(move |node| (u64::from(node.resources.memory_mib), node.memory.integral(now)))
    }

    /// What is reserved of each node now, and by how many instances.
    pub(super) fn reserved(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.nodes
            .iter()
            .map(|node| (node.cpu.value(), node.memory.value(), node.instances.value()))
    }

    pub(super) fn report(&self, end: Instant) -> Option<FleetReport> {
        if self.is_empty() {
            return None;
        }
        let per_node = |node: &NodeBooks| NodeReport {
            mean_instances: node.instances.mean(end),
            peak_instances: node.instances.peak(),
            mean_cpu_share: ratio(node.cpu.mean(end), u64::from(node.resources.cpu_units)),
            mean_memory_share: ratio(node.memory.mean(end), u64::from(node.resources.memory_mib)),
        };
        Some(FleetReport {
            nodes: u32::try_from(self.nodes.len()).unwrap_or(u32::MAX),
            mean_nodes_used: self.used.mean(end),
            peak_nodes_used: self.used.peak(),
            mean_cpu_share: self.cpu_share(self.cpu.mean(end)),
            mean_memory_share: self.memory_share(self.memory.mean(end)),
            per_node: self.nodes.iter().map(per_node).collect(),
        })
    }
}

/// `amount` of `total`; 0 of nothing.
pub(super) fn ratio(amount: f64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { amount / total as f64 }
}
