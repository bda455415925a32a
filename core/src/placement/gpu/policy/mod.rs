//! Policies: which of the nodes with room a pod goes to.

mod best_fit;
mod clustering;
mod dot_product;
mod fgd;
mod foresight;
mod packing;
mod random;

pub use best_fit::BestFit;
pub use clustering::GpuClustering;
pub use dot_product::DotProduct;
pub use fgd::Fgd;
pub use foresight::Foresight;
pub use packing::GpuPacking;
pub use random::Random;

use super::node::Room;
use super::pod::Pod;

/// The scale of the scores of the published policies: 0 to 100, whole numbers.
///
/// Their rounding matters: nodes with equal scores are filled in their order.
const MAX_SCORE: i64 = 100;

/// The most CPU of one node in the published runs, for comparing with GPU.
const MAX_CPU_MILLI: i64 = 128_000;

/// The most GPU of one node.
const MAX_GPU_MILLI: i64 = 8_000;

/// How good a node is for a pod, and which GPU a share would go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scored {
    /// The node with the highest score gets the pod.
    pub score: i64,
    /// The GPU that a pod shares; without meaning for other pods.
    pub gpu: u8,
}

/// Which of several nodes with the highest score gets the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ties {
    /// The one that was registered first.
    First,
    /// Any, each as likely as the others, and any of its GPUs with room.
    Random,
}

/// A rule that says where pods go.
///
/// The score is a pure function of the room on a node and the shape of a pod,
/// so that it can be kept until the room on the node changes.
pub trait Policy {
    /// How good a node is for `pod`; asked only where it fits.
    fn score(&self, room: &Room, pod: &Pod) -> Scored;

    /// Whom to prefer among nodes of equal score.
    fn ties(&self) -> Ties {
        Ties::First
    }
}

impl<P: Policy + ?Sized> Policy for &P {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        (**self).score(room, pod)
    }

    fn ties(&self) -> Ties {
        (**self).ties()
    }
}

impl<P: Policy + ?Sized> Policy for alloc::boxed::Box<P> {
    fn score(&self, room: &Room, pod: &Pod) -> Scored {
        (**self).score(room, pod)
    }

    fn ties(&self) -> Ties {
        (**self).ties()
    }
}
