//! Where a task runs, by the rules of Amazon ECS: the control plane's view of
//! a cluster's container instances.
//!
//! A [`View`] holds the nodes and what runs on them. A [`PlacementRequest`] is
//! what a task needs, its constraints and its strategies; [`View::prepare`]
//! registers one, and from then on [`View::place`] names the node, or every
//! node's reasons why not. [`View::commit`] takes the room, [`View::release`]
//! gives it back. The order is the guide's (Amazon ECS Developer Guide,
//! "Amazon ECS task placement"): what has room and the attributes, then the
//! constraints, then the strategies in order, each among the ties of the one
//! before, then the node with the lowest index.
//!
//! Unlike a [`Fleet`](super::Fleet), which many threads share and which knows
//! CPU and memory, a view has one owner, knows everything that Amazon ECS
//! places by, and gives exact answers. A second owner plans on its own view and
//! commits here: [`View::commit`] checks the room again.
//!
//! | file | subject |
//! |---|---|
//! | `node`, `attributes`, `ports` | what a node is |
//! | `task` | what a task needs, and what a request is |
//! | `chain` | strategies |
//! | `reason` | why not, node by node, and which came closest |
//! | `fit` | whether a node may take a task |
//! | `why` | the node chosen, and why that one |
//! | `table`, `groups`, `rooms` | what is kept of nodes, tasks and groups |
//! | `order`, `tree`, `index` | strategies as numbers, the least of many, the choice |
//! | `preempt` | tasks that make way, tasks that run together |
//! | `engine`, `placing`, `holds` | the public type: nodes, requests, room |
//! | `json` | nodes, requests and answers as text |
//!
//! ```
//! use warmstow_core::placement::constraint::Constraint;
//! use warmstow_core::placement::view::{NodeInfo, PlacementRequest, TaskRequirements, View};
//!
//! let mut view = View::new(0);
//! for zone in ["us-east-1a", "us-east-1b"] {
//!     view.add_node(NodeInfo::new(2_048, 7_985).zone(zone).attribute("disk", "ssd"))?;
//! }
//!
//! let task = TaskRequirements::new(256, 512).tcp_port(8_080);
//! let request = PlacementRequest::new("service:web", task)
//!     .constraint(Constraint::member_of("attribute:disk == ssd")?);
//! let web = view.prepare(request)?;
//!
//! // Zone by zone, as services are by default.
//! let (first, _) = view.assign(web)?;
//! let (second, _) = view.assign(web)?;
//! assert_ne!(first.node, second.node);
//!
//! // Port 8080 is taken on both.
//! let error = view.assign(web).unwrap_err();
//! let closest = error.unplaced().and_then(|unplaced| unplaced.closest()).unwrap();
//! assert_eq!(closest.reasons[0].code(), "RESOURCE:PORTS");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod attributes;
mod chain;
mod engine;
mod error;
mod fit;
mod groups;
mod holds;
mod index;
#[cfg(feature = "json")]
mod json;
mod node;
mod order;
mod placing;
mod ports;
mod preempt;
mod reason;
mod rooms;
mod skew;
mod table;
mod task;
#[cfg(all(test, not(loom)))]
mod tests;
mod tree;
mod why;

pub(super) use attributes::is_attribute_name;
pub use attributes::{
    AVAILABILITY_ZONE, AttributeError, Attributes, CPU_ARCHITECTURE, INSTANCE_TYPE, MAX_ATTRIBUTE,
    OS_TYPE,
};
pub use chain::{Chain, ChainError, MAX_STRATEGIES, SpreadOver, Step};
pub use engine::View;
pub use error::{CommitError, NodeInfoError, PlaceError, RequestError, Stale};
pub use holds::HoldView;
pub use node::{NodeInfo, NodeState};
pub use ports::{MAX_PORTS, PortSet, Protocol};
pub use preempt::{GangError, Preemption};
pub use reason::{Closest, Reason, ServiceEvent, Unplaced};
pub use task::{AttributeRequirement, PlacementRequest, TaskRequirements};
/// The most nodes of a view.
pub const MAX_NODES: u32 = (1 << order::INDEX_BITS) - 1;
pub use why::{Because, Placed};
