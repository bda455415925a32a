//! What requests cost: a meter of what is billed and dated price tables.
//!
//! The meter adds whole nanoseconds and MiB, so its sums are exact and do not
//! depend on the order of requests. Prices are plain numbers with the day and
//! the page they come from: replace them with your own.

mod meter;
mod prices;

pub use meter::{Cost, Meter};
pub use prices::{Architecture, PriceError, PriceTable, Rate, UnknownArchitecture};
