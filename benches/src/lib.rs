//! What `make bench` measures: warmstow, its parts, the peers and the floors,
//! behind one trait, and the means to measure and report them.
//!
//! * [`Subject`] is the work, [`visit_all`] the list of those who do it.
//! * [`harness`] measures cells of many threads, which criterion cannot.

#![expect(clippy::std_instead_of_alloc, reason = "a program for hosts")]

mod floor;
pub mod growth;
pub mod harness;
mod ours;
pub mod packing;
pub mod peers;
pub mod placement;
mod queues;
pub mod report;
pub mod results;
mod roster;
mod subject;

pub use floor::Floor;
pub use harness::{Cell, Pressure};
pub use ours::{LimitsAlone, PoolAlone, WholeRegion};
pub use queues::{BinaryHeapPeer, OurQueue, QuadHeapPeer, TimeQueue};
pub use roster::{FLOOR, Kind, OURS, Visitor, visit_all};
pub use subject::{Subject, World};
