//! Best fit: the node with the least CPU and GPU left over.

use super::{MAX_CPU_MILLI, MAX_GPU_MILLI, MAX_SCORE, Policy, Scored};
use crate::placement::gpu::{Pod, Room};

/// The node on which the least is left over: half of the score is CPU and half
/// is GPU, each as a share of the largest node. A shared GPU is the tightest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BestFit;

impl Policy for BestFit {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        let cpu = i64::from(room.cpu_milli()) - i64::from(pod.cpu_milli());
        let gpu = i64::from(room.total_gpu_milli()) - i64::from(pod.total_gpu_milli());
        let scale = MAX_CPU_MILLI * MAX_GPU_MILLI * 2;
        let left_over = cpu * MAX_GPU_MILLI + gpu * MAX_CPU_MILLI;
        // Rounds down for a node within the largest, as the published one does.
        let score = (scale - left_over) * MAX_SCORE / scale;
        Scored { score, gpu: room.tightest_gpu(pod) }
    }
}
