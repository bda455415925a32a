//! Random: any node with room, any GPU with room.

use super::{Policy, Scored, Ties};
use crate::placement::gpu::{Pod, Room};

/// Any node with room, each as likely as the others; the same of the GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Random;

impl Policy for Random {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        Scored { score: 0, gpu: room.tightest_gpu(pod) }
    }

    fn ties(&self) -> Ties {
        Ties::Random
    }
}
