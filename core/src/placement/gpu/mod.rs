//! Placement of GPUs and of fractions of one: nodes with several GPUs, pods
//! that ask for whole GPUs or for a share of one.
//!
//! A [`GpuFleet`] holds the nodes and a [`Policy`] that says where a pod goes.
//! [`GpuFleet::place`] takes the room in one step and says which GPUs;
//! [`GpuFleet::release`] gives it back; where nothing has room the
//! [`GpuRefusal`] says how many nodes were short of what.
//!
//! | file | subject |
//! |---|---|
//! | `pod`, `node` | what is asked for and what a node has left |
//! | `fleet` | the public type: choose, take, give back |
//! | `scores` | scores kept from one pod to the next of the same shape |
//! | `policy/*` | one policy a file, pure functions of a node and a pod |
//! | `mix` | the shapes of pods to expect, and how often |
//! | `fragmentation` | how much of a node's idle GPUs is out of reach of that mix |
//! | `remainder` | how much is left over when a node is filled with one shape |
//! | `worth`, `simplex` | what a share of a GPU is worth where that mix is to be packed |
//! | `all` | a list of pods placed one by one |
//!
//! The model is that of Weng et al., "Beware of Fragmentation: Scheduling
//! GPU-Sharing Workloads with Fragmentation Gradient Descent" (USENIX ATC'23),
//! and of its simulator: a GPU has 1,000 milli, a pod that wants less than a
//! whole one shares a single GPU, a pod of several takes whole idle ones.
//! Units are milli-CPU (1,000 are one core), MiB and milli-GPU. All arithmetic
//! is on integers: the same calls give the same placements on every target.
//!
//! ```
//! use core::num::NonZeroU32;
//! use warmstow_core::placement::gpu::{BestFit, GpuFleet, GpuNode, Model, Pod};
//!
//! let mut fleet = GpuFleet::new(NonZeroU32::MIN, BestFit, 0);
//! let t4 = Model::new(0)?;
//! let node = fleet.add_node(GpuNode::new(104_000, 524_288, 2, t4)?)?;
//!
//! let share = Pod::new(3_000, 8_192, 1, 300)?;
//! let first = fleet.place(share)?;
//! let second = fleet.place(share)?;
//! assert_eq!((first.node(), first.gpus().collect::<Vec<_>>()), (node, vec![0]));
//! assert_eq!(second.gpus().collect::<Vec<_>>(), [0], "the fuller of the two GPUs");
//!
//! // One GPU is left whole: a pod that wants two is told so.
//! let refusal = fleet.place(Pod::new(8_000, 16_384, 2, 1_000)?).unwrap_err();
//! assert_eq!((refusal.nodes, refusal.short_of_gpu), (1, 1));
//!
//! fleet.release(first)?;
//! fleet.release(second)?;
//! assert_eq!(fleet.node(node).unwrap().gpu_milli(), [1_000, 1_000]);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod all;
mod fleet;
mod fragmentation;
mod mix;
mod node;
mod pod;
mod policy;
mod refusal;
mod remainder;
mod scores;
mod simplex;
#[cfg(all(test, not(loom)))]
mod tests;
mod worth;

pub use all::{Outcome, PlacedAll, PolicyName, UnknownPolicy, place_all};
pub use fleet::{GpuFleet, GpuFleetError, GpuPlacement, GpuReleaseError};
pub use fragmentation::fragmentation;
pub use mix::Mix;
pub use node::{GpuNode, GpuNodeError, Room};
pub use pod::{Model, ModelError, Models, Pod, PodError, WHOLE_GPU};
pub use policy::{
    BestFit, DotProduct, Fgd, Foresight, GpuClustering, GpuPacking, Policy, Random, Scored, Ties,
};
pub use refusal::GpuRefusal;
pub use remainder::remainder;
pub use worth::Worth;

/// The most GPUs of one node.
pub const MAX_GPUS: u8 = 8;
