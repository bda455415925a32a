//! Foresight: fragmentation now, what a node runs out of, what packing loses.

use super::fgd::{best_gpu, points};
use super::{Policy, Scored};
use crate::placement::gpu::fragmentation::fragmentation;
use crate::placement::gpu::remainder::remainder;
use crate::placement::gpu::{Mix, Pod, Room, Worth};

/// What a drop of the remainder counts beside the same drop of fragmentation:
/// one part in so many.
const REMAINDER_PART: u64 = 10;

/// The sigmoid's unit, milli-GPU. Wider than FGD's: coarser steps, so that more
/// nodes count as equal and the first of them fill up.
const SCALE_MILLI: u32 = 1_400;

/// The loss, micro-GPU, that weighs as much as one point of the sigmoid.
const LOSS_OF_A_POINT: u32 = 5_000;

/// A policy of our own, above [`Fgd`](super::Fgd) on the trace that FGD was
/// made for: it looks further than the next pod.
///
/// * Fragmentation, as FGD: can the next pod use what is idle?
/// * [`remainder`]: how far does the node's CPU go, if pods of one shape keep
///   coming? FGD sees a node without CPU only once nothing fits any more.
/// * [`Worth`]: is the gap that this share leaves one that the shares to come
///   can fill? FGD prefers the gap that is useful to the next pod; the packing
///   of the whole mix may want another.
///
/// Like FGD it expects a mix of pods and is told nothing of how much is to come.
/// Scoring a node takes O(GPUs x shapes x GPUs). The three constants above were
/// chosen on seeds other than those that are reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foresight {
    mix: Mix,
    worth: Worth,
}

impl Foresight {
    /// The policy that expects pods like `expected`.
    pub fn new(expected: impl IntoIterator<Item = Pod> + Clone) -> Self {
        let worth = Worth::new(&Mix::new(expected.clone()));
        Self { mix: Mix::typical(expected), worth }
    }

    /// Fragmentation and remainder, in parts of [`REMAINDER_PART`].
    fn out_of_reach(&self, room: &Room) -> i128 {
        let parts = REMAINDER_PART * fragmentation(room, &self.mix) + remainder(room, &self.mix);
        i128::from(parts)
    }
}

impl Policy for Foresight {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        let before = self.out_of_reach(room);
        best_gpu(room, pod, |after, left| {
            let drop = before - self.out_of_reach(after);
            let total = self.mix.total() * REMAINDER_PART;
            let loss = self.worth.loss(left, pod);
            // The nearest whole point; halves up.
            let lost = (loss + LOSS_OF_A_POINT / 2) / LOSS_OF_A_POINT;
            points(drop, total, SCALE_MILLI) - i64::from(lost)
        })
    }
}
