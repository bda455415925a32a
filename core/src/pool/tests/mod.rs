//! Tests of the pool: its rules, and its protocols under loom.

mod conservation;
#[cfg(loom)]
mod fixture;
#[cfg(loom)]
mod loom_claim_set;
#[cfg(loom)]
mod loom_lifecycle;
#[cfg(loom)]
mod loom_requests;
#[cfg(not(loom))]
mod spec;
