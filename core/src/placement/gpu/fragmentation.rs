//! How much of a node's idle GPUs is out of reach of the pods to expect.

use super::mix::Mix;
use super::node::Room;
use super::pod::Pod;

/// The fragmentation of a node: over the shapes of `mix`, the sum of weight
/// times the milli-GPU left there that a pod of that shape cannot use.
///
/// Divided by [`Mix::total`] it is the expected amount out of reach of the next
/// pod, F_n(M) of Weng et al. (USENIX ATC'23, section 4.2). Out of reach is
/// everything for a pod that does not fit or that asks for no GPU, and else
/// what is left of the GPUs that are too full for it. O(shapes x GPUs).
pub fn fragmentation(room: &Room, mix: &Mix) -> u64 {
    let left = u64::from(room.total_gpu_milli());
    if left == 0 {
        return 0;
    }
    let shapes = mix.shapes().iter();
    shapes.map(|(pod, weight)| weight * out_of_reach(room, pod, left)).sum()
}

/// What of the `left` milli-GPU on a node one pod cannot use.
#[inline]
fn out_of_reach(room: &Room, pod: &Pod, left: u64) -> u64 {
    if pod.gpus() == 0 || !room.fits(pod) {
        return left;
    }
    let small = room.gpu_milli().iter().filter(|gpu| **gpu < pod.gpu_milli());
    small.map(|gpu| u64::from(*gpu)).sum()
}
