//! The least that any exact choice pays: one pass over the amounts.

use warmstow_core::resources::Resources;

use super::{NODE, Placer};

/// Nodes whose least is found together; a loop of this length is unrolled.
const RUN: usize = 256;

/// What is free on each node, each resource in an array of its own: the layout
/// that a vector unit reads fastest, and that no two threads can share.
#[derive(Debug)]
pub struct Scan {
    cpu: Vec<u32>,
    memory: Vec<u32>,
}

impl Placer for Scan {
    fn new(free: &[Resources]) -> Self {
        let column = |of: fn(&Resources) -> u32| {
            let mut column: Vec<u32> = free.iter().map(of).collect();
            column.resize(free.len().next_multiple_of(RUN), 0);
            column
        };
        Self { cpu: column(|free| free.cpu_units), memory: column(|free| free.memory_mib) }
    }

    /// The run with the best node, nothing taken.
    #[inline]
    fn place(&mut self, needed: Resources) -> Option<u32> {
        self.best_run(needed).map(|(_, run)| run)
    }
}

impl Scan {
    /// The least key, and the number of its run of nodes.
    #[inline]
    fn best_run(&self, needed: Resources) -> Option<(u32, u32)> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { best_run_avx2(&self.cpu, &self.memory, needed) };
        }
        best_run(&self.cpu, &self.memory, needed)
    }

    /// The best node: the smallest of the larger leftovers.
    #[inline]
    pub(super) fn best(&self, needed: Resources) -> Option<usize> {
        let (least, run) = self.best_run(needed)?;
        let start = run as usize * RUN;
        let nodes = self.cpu[start..].iter().zip(&self.memory[start..]);
        let mut keys = nodes.map(|(cpu, memory)| key(*cpu, *memory, needed));
        keys.position(|key| key == least).map(|at| start + at)
    }

    #[inline]
    pub(super) fn take(&mut self, node: usize, needed: Resources) {
        self.cpu[node] -= needed.cpu_units;
        self.memory[node] -= needed.memory_mib;
    }
}

const _: () = assert!(NODE.memory_mib / NODE.cpu_units == 2, "CPU counts twice");

/// The larger leftover; all ones where there is no room.
#[inline]
fn key(cpu: u32, memory: u32, needed: Resources) -> u32 {
    let cpu = cpu.wrapping_sub(needed.cpu_units);
    let memory = memory.wrapping_sub(needed.memory_mib);
    let short = ((cpu | memory).cast_signed() >> 31).cast_unsigned();
    cpu.wrapping_mul(2).max(memory) | short
}

#[inline]
fn best_run(cpu: &[u32], memory: &[u32], needed: Resources) -> Option<(u32, u32)> {
    let mut best = (u32::MAX, None);
    for (run, (cpu, memory)) in (0..).zip(cpu.chunks_exact(RUN).zip(memory.chunks_exact(RUN))) {
        let keys = cpu.iter().zip(memory).map(|(cpu, memory)| key(*cpu, *memory, needed));
        let least = keys.fold(u32::MAX, u32::min);
        if least < best.0 {
            best = (least, Some(run));
        }
    }
    best.1.map(|run| (best.0, run))
}

/// [`best_run`], for which the compiler may use AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn best_run_avx2(cpu: &[u32], memory: &[u32], needed: Resources) -> Option<(u32, u32)> {
    best_run(cpu, memory, needed)
}
