//! Dot product: the pod and the room point in different directions.

use super::{MAX_CPU_MILLI, MAX_GPU_MILLI, MAX_SCORE, Policy, Scored};
use crate::placement::gpu::{Pod, Room};

/// The node whose room has the smallest dot product with what the pod asks for,
/// CPU and GPU as shares of the largest node: as in Tetris (Grandl et al.,
/// SIGCOMM'14) but the smallest, as in the published runs, so that little
/// is left. A shared GPU is the tightest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DotProduct;

impl Policy for DotProduct {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        let product = |a: u32, b: u32| i128::from(a) * i128::from(b);
        let cpu = product(room.cpu_milli(), pod.cpu_milli());
        let gpu = product(room.total_gpu_milli(), pod.total_gpu_milli());
        // Over the common denominator of both squares, times two dimensions.
        let (cpu_unit, gpu_unit) = (i128::from(MAX_CPU_MILLI), i128::from(MAX_GPU_MILLI));
        let scale = 2 * cpu_unit * cpu_unit * gpu_unit * gpu_unit;
        let product = cpu * gpu_unit * gpu_unit + gpu * cpu_unit * cpu_unit;
        let score = (scale - product) * i128::from(MAX_SCORE) / scale;
        let bound = i128::from(i64::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let score = score.clamp(-bound, bound) as i64;
        Scored { score, gpu: room.tightest_gpu(pod) }
    }
}
