//! Tests of the invocation path: its rules, many threads, and loom.

#[cfg(all(test, loom))]
mod loom_invoke;
#[cfg(all(test, not(loom), feature = "alloc"))]
mod spec;
#[cfg(all(test, not(loom), feature = "alloc"))]
mod threads;
