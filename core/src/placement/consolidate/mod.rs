//! Fewer nodes for what runs: which can be freed, by which moves, and how few
//! would do.
//!
//! [`Consolidator`] takes a [`Cluster`] (nodes, the tasks on them, what is
//! protected and what must go on running) and searches for a [`Plan`]: the
//! nodes to free, the cheapest first, the moves in an order in which each can
//! be made, and a lower bound that says how much there is to gain. The host
//! carries the moves out, one after the other: drain the node, and place its
//! tasks where the plan says.
//!
//! | file | subject |
//! |---|---|
//! | `cluster` | what goes in, checked |
//! | `bound` | how few nodes the tasks need at least |
//! | `search` | which nodes to free |
//! | `plan` | what comes out, and its check |

mod bound;
mod cluster;
mod plan;
mod search;
#[cfg(test)]
mod tests;

pub use cluster::{
    Cluster, ClusterError, ClusterNode, ClusterService, ClusterTask, MAX_MEMBERS, MAX_MOVE_COST,
};
pub use plan::{Freed, Move, Plan, PlanFlaw};
pub use search::Consolidator;
