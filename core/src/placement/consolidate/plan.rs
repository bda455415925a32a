//! The answer: which nodes are freed, by which moves, in which order.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::cluster::Cluster;

/// A task goes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Move {
    /// The task, by its place.
    pub task: u32,
    /// The node it runs on.
    pub from: u32,
    /// The node it goes to.
    pub to: u32,
}

/// A node that is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Freed {
    /// The node, by its place.
    pub node: u32,
    /// It is empty after so many of the plan's moves.
    pub after_moves: u32,
    /// What the moves of its tasks cost.
    pub cost: u64,
}

/// "You run 14 nodes, the bound is 11, these 3 moves free 2."
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plan {
    /// The nodes that run something now.
    pub nodes_used: u32,
    /// These tasks cannot run on fewer of them.
    pub bound: u32,
    /// The nodes that the plan frees, the cheapest first.
    pub freed: Vec<Freed>,
    /// The moves, node after node. Each can be made when its turn comes, and
    /// the plan may end after any of them.
    pub moves: Vec<Move>,
    /// What all moves cost.
    pub cost: u64,
}

/// What is wrong with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanFlaw {
    /// A move of a task that is not there, may not move, or may not go there.
    Move {
        /// The move, by its place.
        at: usize,
    },
    /// The target has no room when the move is made.
    NoRoom {
        /// The move, by its place.
        at: usize,
    },
    /// A freed node still runs something.
    NotFree {
        /// The node.
        node: u32,
    },
    /// Nodes, costs or bound are not those of the moves.
    Figures,
}

impl fmt::Display for PlanFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Move { at } => write!(f, "move {at} may not be made"),
            Self::NoRoom { at } => write!(f, "move {at} goes where there is no room by then"),
            Self::NotFree { node } => write!(f, "node {node} is said to be free and is not"),
            Self::Figures => f.write_str("the figures are not those of the moves"),
        }
    }
}

impl core::error::Error for PlanFlaw {}

impl Plan {
    /// The nodes that run something once the plan is carried out.
    pub fn nodes_after(&self) -> u32 {
        let freed = u32::try_from(self.freed.len()).unwrap_or(u32::MAX);
        self.nodes_used.saturating_sub(freed)
    }

    /// Carries the plan out, move by move, on nothing but the cluster.
    ///
    /// # Errors
    ///
    /// The first [`PlanFlaw`].
    pub fn verify(&self, cluster: &Cluster) -> Result<(), PlanFlaw> {
        let mut free = cluster.free.clone();
        let mut place: Vec<u32> = cluster.tasks.iter().map(|task| task.node).collect();
        let mut moved = BTreeSet::new();
        let mut cost = 0;
        for (at, step) in self.moves.iter().enumerate() {
            let task = cluster.tasks.get(step.task as usize).ok_or(PlanFlaw::Move { at })?;
            let (from, to) = (step.from as usize, step.to as usize);
            let allowed = to < cluster.nodes.len()
                && from != to
                && place[step.task as usize] == step.from
                && moved.insert(step.task)
                && cluster.may_move(step.task)
                && cluster.may_go(step.task, to)
                && !self.shares(cluster, &place, step.task, step.to);
            if !allowed {
                return Err(PlanFlaw::Move { at });
            }
            for (d, amount) in task.size.iter().enumerate() {
                free[from * cluster.dims + d] += amount;
                let room = &mut free[to * cluster.dims + d];
                *room = room.checked_sub(*amount).ok_or(PlanFlaw::NoRoom { at })?;
            }
            place[step.task as usize] = step.to;
            cost += task.move_cost;
            self.check_freed(&place, at + 1)?;
        }
        let used = u32::try_from(cluster.nodes_used()).unwrap_or(u32::MAX);
        let sound = cost == self.cost
            && used == self.nodes_used
            && self.bound <= self.nodes_after()
            && cost == self.freed.iter().map(|freed| freed.cost).sum::<u64>();
        if sound { Ok(()) } else { Err(PlanFlaw::Figures) }
    }

    /// Whether a task of the same distinct service runs on `node`.
    fn shares(&self, cluster: &Cluster, place: &[u32], task: u32, node: u32) -> bool {
        let Some(service) = cluster.is_distinct(task) else { return false };
        let mut tasks = cluster.tasks.iter().zip(place);
        tasks.any(|(other, at)| *at == node && other.service == Some(service))
    }

    fn check_freed(&self, place: &[u32], moves: usize) -> Result<(), PlanFlaw> {
        let due = self.freed.iter().find(|freed| freed.after_moves as usize == moves);
        match due {
            Some(freed) if place.contains(&freed.node) => {
                Err(PlanFlaw::NotFree { node: freed.node })
            }
            _ => Ok(()),
        }
    }
}
