//! Tests of the invocation path: its rules, many threads, and loom.

#[cfg(all(loom, feature = "alloc"))]
mod loom_invoke;
#[cfg(all(loom, feature = "alloc"))]
mod loom_parking;
#[cfg(all(loom, feature = "alloc"))]
mod loom_refusal;
#[cfg(all(loom, feature = "alloc"))]
mod loom_settings;
#[cfg(all(loom, feature = "alloc"))]
mod loom_stop;
#[cfg(all(loom, feature = "alloc"))]
mod platform;
#[cfg(all(not(loom), feature = "alloc"))]
mod spec;
#[cfg(all(not(loom), feature = "alloc"))]
mod threads;
