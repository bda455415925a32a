//! How much of a node's idle GPUs is left over when it is filled with one shape.

use super::MAX_GPUS;
use super::mix::Mix;
use super::node::Room;
use super::pod::{Pod, WHOLE_GPU};

/// The remainder of a node: over the shapes of `mix`, the sum of weight times
/// the milli-GPU still idle once as many pods of that shape run there as fit.
///
/// Where [`fragmentation`](super::fragmentation) asks whether the next pod
/// fits, this asks how far CPU and memory go: a node with eight idle GPUs and
/// the CPU for one more pod is not fragmented and yet has seven GPUs to spare.
/// Shapes without GPUs or for other models say nothing and are left out. A GPU
/// that holds as many shares as it can counts as used: what is lost there is
/// the matter of [`Worth`](super::Worth). O(shapes x GPUs).
pub fn remainder(room: &Room, mix: &Mix) -> u64 {
    let left = room.total_gpu_milli();
    if left == 0 {
        return 0;
    }
    let whole = u32::from(room.gpus_with(WHOLE_GPU));
    let mut gpus = room.gpu_milli;
    gpus.sort_unstable_by(|a, b| b.cmp(a));
    let usable = |pod: &Pod| {
        let copies = copies(room, pod);
        if pod.is_shared() {
            shared(&gpus, u32::from(pod.gpu_milli), copies)
        } else {
            let pods = (whole / u32::from(pod.gpus)).min(copies);
            pods * pod.total_gpu_milli()
        }
    };
    let shapes = mix.shapes().iter();
    let shapes = shapes.filter(|(pod, _)| pod.gpus > 0 && room.is_accessible_to(pod));
    shapes.map(|(pod, weight)| weight * u64::from(left - usable(pod))).sum()
}

/// How many pods of that shape the CPU and memory left do for.
#[inline]
fn copies(room: &Room, pod: &Pod) -> u32 {
    let by_cpu = room.cpu_milli.checked_div(pod.cpu_milli).unwrap_or(u32::MAX);
    let by_memory = room.memory_mib.checked_div(pod.memory_mib).unwrap_or(u32::MAX);
    by_cpu.min(by_memory)
}

/// The milli-GPU that up to `copies` shares of `share` milli use, the emptiest
/// GPU first.
#[inline]
fn shared(gpus: &[u16; MAX_GPUS as usize], share: u32, mut copies: u32) -> u32 {
    let mut used = 0;
    for left in gpus.iter().map(|left| u32::from(*left)) {
        let fit = left / share;
        if fit == 0 || copies == 0 {
            break;
        }
        used += if fit <= copies { left } else { copies * share };
        copies -= fit.min(copies);
    }
    used
}
