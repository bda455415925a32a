//! A fleet of nodes with GPUs: choose, take, give back.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use super::node::{GpuNode, Room};
use super::pod::Pod;
use super::policy::{Policy, Scored, Ties};
use super::refusal::GpuRefusal;
use super::scores::Scores;
use crate::id::NodeId;
use crate::rng::Rng;

/// Nodes with GPUs, and the policy that chooses among them.
///
/// One owner, `&mut self`: decisions come one after the other. The same calls
/// give the same answers; the seed serves [`Ties::Random`] alone. Placing costs
/// O(nodes) and one score for each node that changed since the last pod of that
/// shape.
#[derive(Clone, Debug)]
pub struct GpuFleet<P> {
    generation: NonZeroU32,
    policy: P,
    rooms: Vec<Room>,
    scores: Scores,
    rng: Rng,
}

impl<P: Policy> GpuFleet<P> {
    /// The most nodes of one fleet.
    pub const MAX_NODES: u32 = 1 << 20;

    /// A fleet without nodes. `generation` marks its handles: give each fleet
    /// its own, and the handle of another is refused.
    pub const fn new(generation: NonZeroU32, policy: P, seed: u64) -> Self {
        let scores = Scores::new();
        Self { generation, policy, rooms: Vec::new(), scores, rng: Rng::new(seed) }
    }

    /// Adds an idle node. Among equals the one added first is chosen first.
    ///
    /// # Errors
    ///
    /// [`GpuFleetError::Full`] at [`Self::MAX_NODES`].
    pub fn add_node(&mut self, node: GpuNode) -> Result<NodeId, GpuFleetError> {
        let index = u32::try_from(self.rooms.len()).unwrap_or(u32::MAX);
        if index >= Self::MAX_NODES {
            return Err(GpuFleetError::Full { max_nodes: Self::MAX_NODES });
        }
        self.rooms.push(Room::new(node));
        self.scores.add_node();
        Ok(NodeId::new(index, self.generation))
    }

    /// What is left of a node; `None` for a handle that is not of this fleet.
    pub fn node(&self, node: NodeId) -> Option<&Room> {
        self.rooms.get(self.index(node)?)
    }

    /// What is left of each node, in the order in which they were added.
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// The policy.
    pub const fn policy(&self) -> &P {
        &self.policy
    }

    /// Goes on with another policy: what runs stays where it is.
    pub fn set_policy(&mut self, policy: P) {
        self.policy = policy;
        self.scores.forget();
    }

    /// Takes room for `pod` on the node that the policy prefers.
    ///
    /// # Errors
    ///
    /// [`GpuRefusal`] where no node has room; nothing changed.
    pub fn place(&mut self, pod: Pod) -> Result<GpuPlacement, GpuRefusal> {
        let Some((node, gpu)) = self.choose(&pod) else {
            return Err(GpuRefusal::explain(pod, self.rooms.iter()));
        };
        let room = &mut self.rooms[node];
        let mask = room.mask(&pod, gpu);
        debug_assert!(room.fits(&pod) && u32::from(pod.gpus()) == mask.count_ones());
        room.take(&pod, mask);
        self.scores.changed(node);
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_NODES")]
        let node = NodeId::new(node as u32, self.generation);
        Ok(GpuPlacement { node, pod, mask })
    }

    /// The node for `pod` and, where it shares one, the GPU.
    fn choose(&mut self, pod: &Pod) -> Option<(usize, u8)> {
        let (rooms, policy) = (&self.rooms, &self.policy);
        if policy.ties() == Ties::Random {
            return self.draw(pod);
        }
        let score = |node: usize| rooms[node].fits(pod).then(|| policy.score(&rooms[node], pod));
        let scores = self.scores.of(pod, score);
        let mut best: Option<(usize, Scored)> = None;
        for (node, scored) in scores.iter().enumerate() {
            let Some(scored) = scored else { continue };
            if best.is_none_or(|(_, best)| scored.score > best.score) {
                best = Some((node, *scored));
            }
        }
        best.map(|(node, scored)| (node, scored.gpu))
    }

    /// A node drawn from those with the highest score, and any GPU with room there.
    fn draw(&mut self, pod: &Pod) -> Option<(usize, u8)> {
        let mut equals = Vec::new();
        let mut highest = i64::MIN;
        for (node, room) in self.rooms.iter().enumerate().filter(|(_, room)| room.fits(pod)) {
            let score = self.policy.score(room, pod).score;
            if score > highest {
                highest = score;
                equals.clear();
            }
            if score == highest {
                equals.push(node);
            }
        }
        let node = *equals.get(self.below(equals.len()))?;
        let gpus = (0_u8..).zip(self.rooms[node].gpu_milli());
        let gpus: Vec<u8> =
            gpus.filter(|(_, left)| **left >= pod.gpu_milli()).map(|(gpu, _)| gpu).collect();
        let drawn = self.below(gpus.len());
        Some((node, gpus.get(drawn).copied().unwrap_or(0)))
    }

    #[expect(clippy::cast_possible_truncation, reason = "below n, which is a usize")]
    fn below(&mut self, n: usize) -> usize {
        self.rng.below(n as u64) as usize
    }

    /// Gives back the room of a pod that has ended.
    ///
    /// # Errors
    ///
    /// [`GpuReleaseError`] where the placement is not of this fleet or the node
    /// cannot hold that much; nothing changed.
    pub fn release(&mut self, placement: GpuPlacement) -> Result<(), GpuReleaseError> {
        let GpuPlacement { node, pod, mask } = placement;
        let index = self.index(node).ok_or(GpuReleaseError::Stale(node))?;
        let room = self.rooms.get_mut(index).ok_or(GpuReleaseError::Stale(node))?;
        room.give(&pod, mask).ok_or(GpuReleaseError::NotHeld { node })?;
        self.scores.changed(index);
        Ok(())
    }

    fn index(&self, node: NodeId) -> Option<usize> {
        (node.generation() == self.generation).then_some(node.index() as usize)
    }
}

/// Room that one pod holds, until it is given to [`GpuFleet::release`].
///
/// Neither copied nor cloned, so that room is given back once. Dropping one
/// does not give the room back: only the host knows when the pod has ended.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the room stays taken until the placement is released"]
pub struct GpuPlacement {
    node: NodeId,
    pod: Pod,
    mask: u8,
}

impl GpuPlacement {
    /// The node.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// What is held there.
    pub const fn pod(&self) -> Pod {
        self.pod
    }

    /// The GPUs by number, from the lowest.
    pub fn gpus(&self) -> impl Iterator<Item = u8> + use<> {
        let mask = self.mask;
        (0..u8::BITS).zip(0_u8..).filter(move |(bit, _)| mask >> bit & 1 == 1).map(|(_, gpu)| gpu)
    }
}

/// Why a node was not added; the fleet is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GpuFleetError {
    /// The fleet has as many nodes as it can.
    Full {
        /// How many.
        max_nodes: u32,
    },
}

impl fmt::Display for GpuFleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { max_nodes } => {
                write!(f, "the fleet has {max_nodes} nodes, the most it can")
            }
        }
    }
}

impl core::error::Error for GpuFleetError {}

/// Why room was not given back; the fleet is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuReleaseError {
    /// No node of this fleet has that handle.
    Stale(NodeId),
    /// The node's pods do not hold that much.
    NotHeld {
        /// The node.
        node: NodeId,
    },
}

impl fmt::Display for GpuReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Stale(node) => write!(f, "node {node} is not of this fleet"),
            Self::NotHeld { node } => {
                write!(f, "more given back than the pods on node {node} hold")
            }
        }
    }
}

impl core::error::Error for GpuReleaseError {}
