//! The scheduling core that platforms link to run functions and containers.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod id;
pub mod pool;
pub mod resources;
pub mod sync;
pub mod time;
