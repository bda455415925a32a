//! Scores kept from one pod to the next of the same shape.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::pod::Pod;
use super::policy::Scored;

/// The most scores kept, 16 bytes each; what is beyond is worked out anew.
const MAX_KEPT: usize = 1 << 22;

/// For each shape seen, the score of each node as of when it was worked out.
///
/// A node is stamped with the count of changes whenever its room changes; the
/// scores of a shape are stale where the node's stamp is later than the last
/// look at that shape.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    changes: u64,
    stamps: Vec<u64>,
    shapes: BTreeMap<Pod, Kept>,
}

/// The scores of one shape.
#[derive(Clone, Debug)]
struct Kept {
    looked: u64,
    /// `None` where the pod does not fit.
    scores: Vec<Option<Scored>>,
}

impl Scores {
    /// Of no node yet.
    pub(super) const fn new() -> Self {
        Self { changes: 0, stamps: Vec::new(), shapes: BTreeMap::new() }
    }

    /// One more node.
    pub(super) fn add_node(&mut self) {
        self.changes += 1;
        self.stamps.push(self.changes);
    }

    /// The room on that node changed.
    pub(super) fn changed(&mut self, node: usize) {
        self.changes += 1;
        self.stamps[node] = self.changes;
    }

    /// Forgets every score.
    pub(super) fn forget(&mut self) {
        self.shapes.clear();
    }

    /// The score of every node for `pod`, up to date; `score` works one out.
    ///
    /// O(nodes) and a call of `score` for each node that changed since the last
    /// look at this shape.
    pub(super) fn of(
        &mut self,
        pod: &Pod,
        score: impl Fn(usize) -> Option<Scored>,
    ) -> &[Option<Scored>] {
        let nodes = self.stamps.len();
        if !self.shapes.contains_key(pod) && (self.shapes.len() + 1) * nodes > MAX_KEPT {
            self.shapes.clear();
        }
        let empty = || Kept { looked: 0, scores: vec![] };
        let kept = self.shapes.entry(*pod).or_insert_with(empty);
        kept.scores.resize(nodes, None);
        for (node, stamp) in self.stamps.iter().enumerate() {
            if *stamp > kept.looked {
                kept.scores[node] = score(node);
            }
        }
        kept.looked = self.changes;
        &kept.scores
    }
}
