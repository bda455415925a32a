//! A list of pods placed one by one, as a trace or a plan asks for it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use super::fleet::{GpuFleet, GpuFleetError};
use super::mix::Mix;
use super::node::GpuNode;
use super::pod::Pod;
use super::policy::{
    BestFit, DotProduct, Fgd, Foresight, GpuClustering, GpuPacking, Policy, Random,
};
use super::refusal::GpuRefusal;

/// A policy by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyName {
    /// [`Random`].
    Random,
    /// [`DotProduct`].
    DotProduct,
    /// [`GpuClustering`].
    GpuClustering,
    /// [`GpuPacking`].
    GpuPacking,
    /// [`BestFit`].
    BestFit,
    /// [`Fgd`].
    Fgd,
    /// [`Foresight`].
    Foresight,
}

impl PolicyName {
    /// Every policy, weakest first on the published trace.
    pub const ALL: [Self; 7] = [
        Self::Random,
        Self::DotProduct,
        Self::GpuClustering,
        Self::GpuPacking,
        Self::BestFit,
        Self::Fgd,
        Self::Foresight,
    ];

    /// The name in commands and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::DotProduct => "dot-product",
            Self::GpuClustering => "gpu-clustering",
            Self::GpuPacking => "gpu-packing",
            Self::BestFit => "best-fit",
            Self::Fgd => "fgd",
            Self::Foresight => "foresight",
        }
    }

    /// The policy, which expects such pods as `expected` where it looks ahead.
    pub fn policy(self, expected: &[Pod]) -> Box<dyn Policy> {
        match self {
            Self::Random => Box::new(Random),
            Self::DotProduct => Box::new(DotProduct),
            Self::GpuClustering => Box::new(GpuClustering),
            Self::GpuPacking => Box::new(GpuPacking),
            Self::BestFit => Box::new(BestFit),
            Self::Fgd => Box::new(Fgd::new(Mix::typical(expected.iter().copied()))),
            Self::Foresight => Box::new(Foresight::new(expected.iter().copied())),
        }
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPolicy<'a>(pub &'a str);

impl<'a> TryFrom<&'a str> for PolicyName {
    type Error = UnknownPolicy<'a>;

    /// The policy of that [`name`](Self::name).
    fn try_from(name: &'a str) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|policy| policy.name() == name).ok_or(UnknownPolicy(name))
    }
}

impl fmt::Display for UnknownPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no policy for GPUs; one of", self.0)?;
        for (position, policy) in PolicyName::ALL.into_iter().enumerate() {
            write!(f, "{} {policy}", if position == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownPolicy<'_> {}

/// What became of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs.
    Placed {
        /// The position of its node in the list.
        node: u32,
        /// Its GPUs by number.
        gpus: Vec<u8>,
    },
    /// No node had room, and why.
    Refused(GpuRefusal),
}

/// What became of a list of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedAll {
    /// For each pod, in the order of the list.
    pub outcomes: Vec<Outcome>,
    /// The milli-GPU of the pods that run.
    pub placed_gpu_milli: u64,
    /// The milli-GPU of the nodes.
    pub total_gpu_milli: u64,
}

/// Places `pods` one by one on idle `nodes`; a pod that does not fit is passed
/// over. Policies that look ahead expect the mix of `pods` itself. O(pods x
/// nodes) and a score for each change of a node and shape of pod.
///
/// # Errors
///
/// [`GpuFleetError`] for more nodes than a fleet can have.
///
/// ```
/// use warmstow_core::placement::gpu::{GpuNode, Model, Outcome, Pod, PolicyName, place_all};
///
/// let nodes = [GpuNode::new(64_000, 262_144, 2, Model::new(0)?)?];
/// let pods = [Pod::new(4_000, 8_192, 1, 500)?, Pod::new(4_000, 8_192, 2, 1_000)?];
/// let placed = place_all(&nodes, &pods, PolicyName::Fgd, 42)?;
/// assert_eq!(placed.outcomes[0], Outcome::Placed { node: 0, gpus: vec![0] });
/// assert!(matches!(placed.outcomes[1], Outcome::Refused(why) if why.short_of_gpu == 1));
/// assert_eq!((placed.placed_gpu_milli, placed.total_gpu_milli), (500, 2_000));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub fn place_all(
    nodes: &[GpuNode],
    pods: &[Pod],
    policy: PolicyName,
    seed: u64,
) -> Result<PlacedAll, GpuFleetError> {
    let mut fleet = GpuFleet::new(NonZeroU32::MIN, policy.policy(pods), seed);
    let mut total_gpu_milli = 0;
    for node in nodes {
        fleet.add_node(*node)?;
        total_gpu_milli += u64::from(node.gpus()) * u64::from(super::WHOLE_GPU);
    }
    let mut placed_gpu_milli = 0;
    let place = |pod: &Pod| match fleet.place(*pod) {
        Ok(placed) => {
            placed_gpu_milli += u64::from(pod.total_gpu_milli());
            Outcome::Placed { node: placed.node().index(), gpus: placed.gpus().collect() }
        }
        Err(why) => Outcome::Refused(why),
    };
    let outcomes = pods.iter().map(place).collect();
    Ok(PlacedAll { outcomes, placed_gpu_milli, total_gpu_milli })
}
