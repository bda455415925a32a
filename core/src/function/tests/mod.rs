//! Tests of the invocation path: its rules, many threads, loom and shuttle.

#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod backlog;
#[cfg(all(loom, feature = "alloc"))]
mod loom_invoke;
#[cfg(all(loom, feature = "alloc"))]
mod loom_parking;
#[cfg(all(loom, feature = "alloc"))]
mod loom_provisioned;
#[cfg(all(loom, feature = "alloc"))]
mod loom_refusal;
#[cfg(all(loom, feature = "alloc"))]
mod loom_settings;
#[cfg(all(loom, feature = "alloc"))]
mod loom_stop;
#[cfg(all(loom, feature = "alloc"))]
mod loom_update;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod network;
#[cfg(all(loom, feature = "alloc"))]
mod platform;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod provisioned;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod rates;
#[cfg(all(shuttle, feature = "alloc"))]
mod shuttle_region;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod spec;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod tenants;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod threads;
#[cfg(all(not(any(loom, shuttle)), feature = "alloc"))]
mod versions;
