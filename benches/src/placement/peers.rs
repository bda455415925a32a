//! The peers: the scans and the tree that schedulers choose nodes by.

use std::collections::BTreeSet;

use warmstow_core::resources::Resources;

use super::floor::Scan;
use super::{NODE, Placer};

/// Exact best fit: [`Scan`], and the room taken.
#[derive(Debug)]
pub struct ExactScan(Scan);

impl Placer for ExactScan {
    fn new(free: &[Resources]) -> Self {
        Self(Scan::new(free))
    }

    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        let node = self.0.best(needed)?;
        self.0.take(node, needed);
        u32::try_from(node).ok()
    }
}

/// Takes `needed` of node number `node`.
#[inline]
fn take(free: &mut [Resources], node: usize, needed: Resources) -> Option<u32> {
    free[node].cpu_units -= needed.cpu_units;
    free[node].memory_mib -= needed.memory_mib;
    u32::try_from(node).ok()
}

/// What would be left, as a share of a node.
#[inline]
fn shares_left(free: Resources, needed: Resources) -> (f64, f64) {
    let share = |left: u32, of: u32| f64::from(left) / f64::from(of);
    (
        share(free.cpu_units - needed.cpu_units, NODE.cpu_units),
        share(free.memory_mib - needed.memory_mib, NODE.memory_mib),
    )
}

/// The first node with room.
#[derive(Debug)]
pub struct FirstFit(Vec<Resources>);

impl Placer for FirstFit {
    fn new(free: &[Resources]) -> Self {
        Self(free.to_vec())
    }

    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        let node = self.0.iter().position(|free| free.short_of(needed).is_none())?;
        take(&mut self.0, node, needed)
    }
}

/// A tree by free memory: the least that is enough, where CPU is too.
#[derive(Debug)]
pub struct ByMemory {
    tree: BTreeSet<(u32, u32)>,
    cpu: Vec<u32>,
}

impl Placer for ByMemory {
    fn new(free: &[Resources]) -> Self {
        Self {
            tree: (0..).zip(free).map(|(node, free)| (free.memory_mib, node)).collect(),
            cpu: free.iter().map(|free| free.cpu_units).collect(),
        }
    }

    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        let enough = |node: u32| self.cpu[node as usize] >= needed.cpu_units;
        let mut from = self.tree.range((needed.memory_mib, 0)..);
        let (memory, node) = *from.find(|(_, node)| enough(*node))?;
        self.tree.remove(&(memory, node));
        self.cpu[node as usize] -= needed.cpu_units;
        self.tree.insert((memory - needed.memory_mib, node));
        Some(node)
    }
}

/// A scan by the score of Nomad's binpack (BestFit v3, after Google's): 20
/// less ten to the power of each share left, between 0 and 18.
#[derive(Debug)]
pub struct Nomad(Vec<Resources>);

impl Placer for Nomad {
    fn new(free: &[Resources]) -> Self {
        Self(free.to_vec())
    }

    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        let mut best = (f64::MIN, None);
        for (node, free) in self.0.iter().enumerate() {
            if free.short_of(needed).is_some() {
                continue;
            }
            let (cpu, memory) = shares_left(*free, needed);
            let score = (20.0 - (10_f64.powf(cpu) + 10_f64.powf(memory))).clamp(0.0, 18.0);
            if score > best.0 {
                best = (score, Some(node));
            }
        }
        take(&mut self.0, best.1?, needed)
    }
}

/// kube-scheduler's two passes, filter and score (`MostAllocated` and
/// `NodeResourcesBalancedAllocation`, equal weights). `SAMPLED`: its adaptive
/// `percentageOfNodesToScore`, which stops the filter early and begins the next
/// where this one ended.
#[derive(Debug)]
pub struct Kube<const SAMPLED: bool> {
    nodes: Vec<Resources>,
    start: usize,
    feasible: Vec<usize>,
}

impl<const SAMPLED: bool> Kube<SAMPLED> {
    /// How many feasible nodes end the filter.
    fn wanted(&self) -> usize {
        let nodes = self.nodes.len();
        if !SAMPLED || nodes < 100 {
            return nodes;
        }
        let percent = 50_usize.saturating_sub(nodes / 125).max(5);
        (nodes * percent / 100).max(100)
    }

    fn score(free: Resources, needed: Resources) -> f64 {
        let (cpu, memory) = shares_left(free, needed);
        let (cpu, memory) = (1.0 - cpu, 1.0 - memory);
        let mean = f64::midpoint(cpu, memory);
        let spread = f64::midpoint((cpu - mean).powi(2), (memory - mean).powi(2)).sqrt();
        100.0 * (mean + 1.0 - spread)
    }
}

impl<const SAMPLED: bool> Placer for Kube<SAMPLED> {
    fn new(free: &[Resources]) -> Self {
        Self { nodes: free.to_vec(), start: 0, feasible: Vec::with_capacity(free.len()) }
    }

    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        let (count, wanted) = (self.nodes.len(), self.wanted());
        self.feasible.clear();
        let mut seen = 0;
        while seen < count && self.feasible.len() < wanted {
            let node = (self.start + seen) % count;
            seen += 1;
            if self.nodes[node].short_of(needed).is_none() {
                self.feasible.push(node);
            }
        }
        self.start = (self.start + seen) % count;
        let mut best = (f64::MIN, None);
        for &node in &self.feasible {
            let score = Self::score(self.nodes[node], needed);
            if score > best.0 {
                best = (score, Some(node));
            }
        }
        take(&mut self.nodes, best.1?, needed)
    }
}
