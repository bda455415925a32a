//! Tests of the pool: its rules, what it refuses, and its protocols under loom.

mod conservation;
#[cfg(all(loom, feature = "alloc"))]
mod fixture;
#[cfg(all(loom, feature = "alloc"))]
mod loom_claim_set;
#[cfg(all(loom, feature = "alloc"))]
mod loom_emptiness;
#[cfg(all(loom, feature = "alloc"))]
mod loom_leaf;
#[cfg(all(loom, feature = "alloc"))]
mod loom_lifecycle;
#[cfg(all(loom, feature = "alloc"))]
mod loom_next;
#[cfg(all(loom, feature = "alloc"))]
mod loom_requests;
#[cfg(not(loom))]
mod refusals;
#[cfg(not(loom))]
mod spec;
#[cfg(all(loom, feature = "alloc"))]
mod twins;
