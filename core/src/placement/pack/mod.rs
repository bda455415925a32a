//! Offline packing: all items are known, and are to go into as few bins as
//! possible, or the cheapest.
//!
//! Vectors of up to [`MAX_DIMENSIONS`] amounts; bins of several
//! [kinds](BinKind) with capacity, cost and count; items that may
//! [choose](Item::choices) among several sizes, and that may be kept from some
//! kinds. [`Packer`] searches for as long as the host lets it, and proves a
//! lower bound meanwhile.
//!
//! ```text
//! greedy     first fit, best fit, bin-centric        one pass each
//!   v
//! tight      exact cover by bins that are full       three to a bin, no slack
//! eject      dissolve a bin, force its units in      all problems
//! columns    linear program of bins: bound, dives    one kind, one size an item
//! ruin       empty some bins, repack, right-size     kinds that differ, choices
//!   ^-- in turns, each turn twice as long as the one before
//! ```
//!
//! Placing one by one as requests come is [`Fleet`](super::Fleet)'s.

mod bound;
mod columns;
mod eject;
mod greedy;
mod packer;
mod packing;
mod price;
mod problem;
mod ruin;
mod simplex;
mod state;
#[cfg(test)]
mod tests;
mod tight;

pub use packer::Packer;
pub use packing::{Flaw, Packing, UsedBin};
pub use problem::{
    BinKind, Item, MAX_AMOUNT, MAX_BINS, MAX_CHOICES, MAX_COST, MAX_DIMENSIONS, MAX_ITEMS,
    MAX_KINDS, Problem, ProblemError,
};
