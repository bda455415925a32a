//! The shapes of pods to expect, and how often each.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::pod::Pod;

/// A mix of shapes, each with a weight: how many pods of it were counted.
///
/// What a policy that looks ahead expects. Taken from a trace, from what ran
/// yesterday, or from the arrivals so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mix {
    shapes: Vec<(Pod, u64)>,
    total: u64,
}

impl Mix {
    /// The share of all pods that [`Mix::typical`] keeps, percent: the setting
    /// of the published runs.
    pub const TYPICAL_PERCENT: u64 = 95;

    /// Every shape of `pods`, the most frequent first.
    pub fn new(pods: impl IntoIterator<Item = Pod>) -> Self {
        let mut counts = BTreeMap::new();
        for pod in pods {
            *counts.entry(pod).or_insert(0) += 1;
        }
        let mut shapes: Vec<(Pod, u64)> = counts.into_iter().collect();
        shapes.sort_by_key(|(pod, count)| Reverse((*count, *pod)));
        let total = shapes.iter().map(|(_, count)| count).sum();
        Self { shapes, total }
    }

    /// The most frequent shapes of `pods`: as many as make up
    /// [`TYPICAL_PERCENT`](Self::TYPICAL_PERCENT) of them. Memory is left out
    /// of account, as in the published runs.
    pub fn typical(pods: impl IntoIterator<Item = Pod>) -> Self {
        let mut mix = Self::new(pods.into_iter().map(|pod| Pod { memory_mib: 0, ..pod }));
        let mut kept = 0;
        let wanted = mix.total * Self::TYPICAL_PERCENT;
        mix.shapes.retain(|(_, count)| {
            let keep = kept * 100 < wanted;
            kept += if keep { *count } else { 0 };
            keep
        });
        mix.total = kept;
        mix
    }

    /// The shapes with their weights, the heaviest first.
    pub fn shapes(&self) -> &[(Pod, u64)] {
        &self.shapes
    }

    /// The sum of the weights.
    pub const fn total(&self) -> u64 {
        self.total
    }
}
