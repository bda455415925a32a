//! FGD: the node whose fragmentation grows the least.

use super::{Policy, Scored};
use crate::placement::gpu::fragmentation::fragmentation;
use crate::placement::gpu::{Mix, Pod, Room, WHOLE_GPU};

/// Fragmentation gradient descent (Weng et al., USENIX ATC'23): the node and
/// GPU where the expected idle GPU that the next pod cannot use grows the
/// least, or shrinks the most.
///
/// The score is that of the published runs: a sigmoid of the drop in GPUs,
/// rounded down to whole points of 100. The rounding is part of the policy:
/// nodes that differ by less than some 40 milli are filled in their order.
/// Scoring a node takes O(GPUs x shapes x GPUs).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fgd {
    mix: Mix,
}

impl Fgd {
    /// The policy that expects pods of `mix`; [`Mix::typical`] is the published choice.
    pub const fn new(mix: Mix) -> Self {
        Self { mix }
    }

    /// What is expected.
    pub const fn mix(&self) -> &Mix {
        &self.mix
    }
}

impl Policy for Fgd {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        let before = fragmentation(room, &self.mix);
        best_gpu(room, pod, |after, _| {
            let drop = i128::from(before) - i128::from(fragmentation(after, &self.mix));
            points(drop, self.mix.total(), u32::from(WHOLE_GPU))
        })
    }
}

/// The GPU with the highest score, the first of equals; `score` is shown the
/// room that would be left and what the shared GPU has now.
///
/// GPUs with as much left are alike, so each amount is looked at once.
pub(super) fn best_gpu(room: &Room, pod: &Pod, score: impl Fn(&Room, u16) -> i64) -> Scored {
    if !pod.is_shared() {
        return Scored { score: score(&room.after(pod, 0), 0), gpu: 0 };
    }
    let left = room.gpu_milli();
    let mut best: Option<Scored> = None;
    for (index, gpu) in (0..left.len()).zip(0_u8..) {
        if left[index] < pod.gpu_milli() || left[..index].contains(&left[index]) {
            continue;
        }
        let score = score(&room.after(pod, gpu), left[index]);
        if best.is_none_or(|best| score > best.score) {
            best = Some(Scored { score, gpu });
        }
    }
    best.unwrap_or(Scored { score: i64::MIN, gpu: 0 })
}

/// `100 / (1 + exp(-x))` rounded down, where `x` is `drop / total` milli-GPU
/// in units of `scale_milli`.
pub(super) fn points(drop: i128, total: u64, scale_milli: u32) -> i64 {
    let drop = drop * 1_000_000;
    let unit = i128::from(total.max(1)) * i128::from(scale_milli);
    let below = |amount: i128| STEPS.partition_point(|step| i128::from(*step) * unit <= amount);
    #[expect(clippy::cast_possible_wrap, reason = "at most 49")]
    if drop >= 0 { 50 + below(drop) as i64 } else { 49 - below(-drop) as i64 }
}

/// Where the sigmoid reaches 51, 52, ... 99 of 100, in micro-GPU, rounded up:
/// `10^6 x ln(k / (100 - k))`. It is symmetric about 0, where it is 50, and no
/// step is a whole number, so the table does for drops below 0 too.
const STEPS: [u32; 49] = [
    40_006, 80_043, 120_145, 160_343, 200_671, 241_163, 281_852, 322_774, 363_966, 405_466,
    447_313, 489_549, 532_217, 575_365, 619_040, 663_295, 708_186, 753_772, 800_120, 847_298,
    895_385, 944_462, 994_623, 1_045_969, 1_098_613, 1_152_680, 1_208_312, 1_265_667, 1_324_926,
    1_386_295, 1_450_011, 1_516_348, 1_585_628, 1_658_229, 1_734_602, 1_815_290, 1_900_959,
    1_992_431, 2_090_742, 2_197_225, 2_313_635, 2_442_348, 2_586_690, 2_751_536, 2_944_439,
    3_178_054, 3_476_099, 3_891_821, 4_595_120,
];

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn points_are_the_sigmoid_rounded_down() {
        for milli in (-6_000_i32..6_000).step_by(if cfg!(miri) { 499 } else { 1 }) {
            let exact = 100.0 / (1.0 + (-f64::from(milli) / 1_000.0).exp());
            #[expect(clippy::cast_possible_truncation, reason = "0 to 100, rounded down")]
            let expected = exact as i64;
            assert_eq!(points(i128::from(milli) * 7, 7, 1_000), expected.min(99), "{milli}");
            assert_eq!(points(i128::from(milli) * 14, 7, 2_000), expected.min(99), "{milli}");
        }
    }
}
