//! The C ABI of warmstow: one file per object, over `boundary`.
//!
//! The manual of these functions is the header, `include/warmstow.h`, which is
//! generated from the comments here. Types carry their C names, so that a name
//! in the header is found here by a plain search.
//!
//! # Safety
//!
//! Every `unsafe` function asks one thing of its caller, which the header's
//! preamble states for C: each pointer is null or points to as many readable
//! (for results: writable) objects as the call says, which no other thread
//! changes during the call. Handles ask nothing: any bits are safe to pass.
#![expect(non_camel_case_types, reason = "types and enumerators carry their C names")]
#![expect(clippy::missing_safety_doc, reason = "one contract for all, stated above")]

extern crate alloc;

mod boundary;
mod failure;
mod owner;
mod registry;
mod table;

mod actions;
mod aliases;
mod async_queue;
mod autoscale;
mod backlog;
mod consolidate;
mod counters;
mod ecs;
mod front_end;
mod function;
mod instance;
mod invocation;
mod keeper;
mod node;
mod packing;
mod polled_source;
mod provisioned;
mod rates;
mod region;
mod replay;
mod replay_report;
mod scenario;
mod settings;
mod status;
mod tenants;
mod versions;
mod view;
mod view_tasks;

pub use actions::*;
pub use aliases::*;
pub use async_queue::*;
pub use autoscale::*;
pub use backlog::*;
pub use consolidate::*;
pub use counters::*;
pub use ecs::*;
pub use front_end::*;
pub use function::*;
pub use instance::*;
pub use invocation::*;
pub use keeper::*;
pub use node::*;
pub use packing::*;
pub use polled_source::*;
pub use provisioned::*;
pub use rates::*;
pub use region::*;
pub use replay::*;
pub use replay_report::*;
pub use scenario::*;
pub use settings::*;
pub use status::*;
pub use tenants::*;
pub use versions::*;
pub use view::*;
pub use view_tasks::*;
