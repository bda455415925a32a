//! Where an instance runs: nodes, their free room, and the strategies that
//! choose among them.
//!
//! A [`Fleet`] holds the nodes. [`Fleet::place`] chooses a node by a
//! [`Strategy`] and takes the room in one step; [`Fleet::release`] gives the
//! room back once the instance has stopped. Where nothing has room the
//! [`Refusal`] says why: how many nodes were short of what, and how much the
//! best of them had left.
//!
//! | file | subject |
//! |---|---|
//! | `capacity` | the protocol: the atomic words of all nodes |
//! | `word` | the bit layout of those words, plain arithmetic |
//! | `strategy` | which node a strategy chooses, a pure function of what it is shown |
//! | `lanes` | the exact choice, four nodes at a time |
//! | `index`, `class`, `search` | the hints that lead to room in a large fleet, what they mean, the way through them |
//! | `fleet` | the public type, which joins these |
//! | `node`, `reservation`, `refusal` | what goes in and what comes out |
//! | `json` | packing and consolidation in JSON (feature `json`) |
//! | `gpu` | nodes with GPUs: a fleet and policies of their own |
//!
//! A fleet knows CPU, memory and zones. With the `alloc` feature, `view` places
//! tasks by all rules of Amazon ECS, `constraint` reads its cluster query
//! language, `score` has the scores of other schedulers, `pack` packs what is
//! known beforehand, and `consolidate` says which nodes can be freed.
//!
//! All of it works on `&self` from any number of threads, never blocks and
//! never allocates after construction. A node takes 16 bytes, and 32 more in a
//! fleet for more than 256 ([`words`]).
//!
//! ```
//! use core::num::NonZeroU32;
//! use warmstow_core::placement::{Fleet, NodeSpec, Strategy};
//! use warmstow_core::resources::{Resource, Resources};
//!
//! # #[cfg(feature = "alloc")] {
//! let fleet = Fleet::new(2, NonZeroU32::MIN, 0)?;
//! let small = fleet.add_node(NodeSpec::new(Resources::new(1_024, 2_048), 0))?;
//! fleet.add_node(NodeSpec::new(Resources::new(4_096, 8_192), 1))?;
//!
//! // Binpack takes the node with the least memory left that still fits.
//! let instance = Resources::new(512, 1_024);
//! let room = fleet.place(instance, Strategy::Binpack(Resource::Memory))?;
//! assert_eq!(room.node(), small);
//!
//! // The instance runs, then stops: its room comes back.
//! fleet.release(room)?;
//! assert_eq!(fleet.node(small).unwrap().free, Resources::new(1_024, 2_048));
//!
//! // No node has that much memory left, and the refusal says so.
//! let refusal =
//!     fleet.place(Resources::new(512, 9_000), Strategy::Random).unwrap_err();
//! assert_eq!(refusal.resource, Resource::Memory);
//! assert_eq!((refusal.short_of_memory, refusal.nodes), (2, 2));
//! assert_eq!(refusal.largest_free.memory_mib, 8_192);
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod capacity;
mod class;
#[cfg(feature = "alloc")]
pub mod consolidate;
#[cfg(feature = "alloc")]
pub mod constraint;
mod fleet;
#[cfg(feature = "alloc")]
pub mod gpu;
mod index;
#[cfg(feature = "json")]
mod json;
mod lanes;
mod node;
#[cfg(feature = "alloc")]
pub mod pack;
mod refusal;
mod reservation;
#[cfg(feature = "alloc")]
pub mod score;
mod search;
mod strategy;
#[cfg(test)]
mod tests;
#[cfg(feature = "alloc")]
pub mod view;
mod word;

pub use capacity::{MAX_NODES, words};
pub use fleet::{FitError, Fleet, FleetError};
#[cfg(feature = "json")]
pub use json::ReadError;
pub use node::{MAX_ZONES, NodeError, NodeSpec, NodeView};
pub use refusal::Refusal;
pub use reservation::{ReleaseError, Reservation, ReserveError};
pub use strategy::{SpreadBy, Strategy, UnknownStrategy};
pub use word::MAX_INSTANCES;
