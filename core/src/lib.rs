//! The scheduling core that platforms link to run functions and containers.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod cost;
pub mod id;
#[cfg(feature = "sim")]
mod math;
pub mod pool;
pub mod resources;
pub mod rng;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sync;
pub mod time;
