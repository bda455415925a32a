//! GPU clustering: pods of one kind together.

use super::{MAX_GPU_MILLI, MAX_SCORE, Policy, Scored};
use crate::placement::gpu::{Pod, Room};

/// Pods that ask for as many GPUs, or that share one, go together.
///
/// Four classes, best first: nodes where only pods of that kind run, nodes
/// where some do, idle nodes, nodes where only others run; within a class the
/// node with the least GPU left. A pod without GPUs finds all nodes equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GpuClustering;

impl Policy for GpuClustering {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        let gpu = room.tightest_gpu(pod);
        if pod.gpus() == 0 {
            return Scored { score: 0, gpu };
        }
        let class = match room.kinds(pod) {
            (0, 0) => 1,
            (0, _) => 0,
            (_, 1) => 3,
            (_, _) => 2,
        };
        let quarter = MAX_SCORE / 4;
        let used = MAX_GPU_MILLI - i64::from(room.total_gpu_milli());
        Scored { score: quarter * class + quarter * used / MAX_GPU_MILLI, gpu }
    }
}
