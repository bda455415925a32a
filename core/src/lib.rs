//! The scheduling core that platforms link to run functions and containers.
//!
//! Three mechanisms stand behind a function platform (AWS Lambda's model) and
//! a container platform (AWS ECS's model), and this crate is those three:
//!
//! * [`pool`]: an invocation takes an idle instance (warm start) or starts one
//!   (cold start); an instance idle for too long is stopped;
//! * [`concurrency`]: how many requests may run at once, for each function and
//!   for the account, exactly;
//! * [`placement`]: which node has room for a new instance, and why not.
//!
//! [`function`] composes them into the path of an invocation; that module's
//! page is the place to start. `autoscale` (feature `alloc`) decides how much
//! capacity is desired, [`function::keep_alive`] how long an idle instance is worth
//! its memory, and `service` (feature `alloc`) keeps the tasks of a container
//! service running. `trigger` (feature `alloc`) is what calls functions: queues of
//! events, sources that are polled, a front end. [`sim`] (feature `sim`) replays traces in virtual time
//! through the very same objects, and [`cost`] prices the result.
//!
//! # The contract
//!
//! The crate is `no_std` and *sans-IO*: it reads no clock, starts no thread,
//! does no I/O and draws no randomness but from a seed. `now` is an argument;
//! what is to be done (start this instance there, stop that one) is an answer,
//! and the host reports back what happened. The same calls give the same
//! answers, bit for bit, on every target.
//!
//! The data plane takes `&self` from any thread, is lock-free and allocates
//! nothing after construction. The control plane has one owner.
//!
//! # Floor plan
//!
//! ```text
//! id time resources rng math      kernel
//!   ^
//! sync                            the only door to atomics
//!   ^
//! pool  concurrency  placement    three mechanisms, unknown to each other
//!   ^
//! function                        the path of an invocation; region, control
//!   ^
//! autoscale                       desired capacity from metrics
//! service                         desired tasks against observed ones
//! trigger                         events, batches and requests before a function
//! cost, sim                       virtual time drives exactly these objects
//! ```
//!
//! # Features
//!
//! | feature | what for |
//! |---|---|
//! | `alloc` (default) | owned pools and fleets, [`Region`](function::Region) |
//! | `sim` | the simulator |
//! | `serde` | handles, specifications and reports as data |
//! | `json` | task definitions and Amazon ECS's calls in AWS's JSON: [`cluster`] |
//! | `settings` | a region written as one TOML or JSON file: [`settings`] |
//! | `portable-atomic` | that crate's atomics also where the target has its own |
//!
//! Without `alloc`, pools, limits, fleets and [`Function`](function::Function)
//! work in memory of fixed capacity. On targets without 64-bit atomics the
//! crate falls back on `portable-atomic` with critical sections: it works, and
//! is not lock-free there.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;

#[cfg(feature = "alloc")]
pub mod autoscale;
#[cfg(feature = "alloc")]
pub mod cluster;
pub mod concurrency;
pub mod cost;
pub mod function;
pub mod id;
pub mod internals;
#[cfg(feature = "alloc")]
mod math;
pub mod placement;
pub mod pool;
pub mod resources;
pub mod rng;
#[cfg(feature = "alloc")]
pub mod service;
#[cfg(feature = "settings")]
pub mod settings;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sync;
pub mod time;
#[cfg(feature = "alloc")]
pub mod trigger;

/// The quick start of README.md, run as a test.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
