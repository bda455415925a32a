//! GPU packing: shared GPUs first, then nodes in use, then idle nodes.

use super::{MAX_SCORE, Policy, Scored};
use crate::placement::gpu::{Pod, Room, WHOLE_GPU};

/// GPUs in use before idle ones, and nodes in use before idle ones.
///
/// Three classes, best first: the pod fits on GPUs that are in use (the fuller
/// the better); it takes idle GPUs of a node in use (the fewer the better); the
/// whole node is idle (the smaller the better). A pod without GPUs finds all
/// nodes equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GpuPacking;

impl Policy for GpuPacking {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        let gpu = room.tightest_gpu(pod);
        if pod.gpus() == 0 {
            return Scored { score: 0, gpu };
        }
        let idle = i64::from(room.gpus_with(WHOLE_GPU));
        if idle == i64::from(room.spec().gpus()) {
            return Scored { score: (MAX_SCORE / 3 - idle).max(idle), gpu };
        }
        if !pod.is_shared() || room.gpu_milli()[usize::from(gpu)] == WHOLE_GPU {
            let taken = i64::from(pod.gpus());
            return Scored { score: (MAX_SCORE / 2 - taken).max(MAX_SCORE / 3), gpu };
        }
        let left_percent = i64::from(room.gpu_milli()[usize::from(gpu)]) / 10;
        Scored { score: (MAX_SCORE - left_percent / 10).max(MAX_SCORE / 2), gpu }
    }
}
