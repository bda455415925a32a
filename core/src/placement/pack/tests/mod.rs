//! Tests of packing: the answers, the pieces, and what is refused.

mod pieces;
mod problems;
mod searches;

use alloc::vec;
use alloc::vec::Vec;

use super::{BinKind, Item, Packer, Packing, Problem};

/// Items of one size each, into bins of one kind.
fn simple(capacity: &[i64], sizes: &[&[i64]]) -> Problem {
    let items: Vec<Item> = sizes.iter().map(|size| Item::new(size.to_vec())).collect();
    Problem::new(vec![BinKind::new(capacity.to_vec())], &items).unwrap()
}

/// The best packing of so much work, checked, and whether it is proven.
fn packed(problem: Problem, work: u64) -> (Packing, Packer) {
    let mut packer = Packer::new(problem, 7);
    while packer.work() < work && packer.advance(work / 8 + 1) {}
    let best = packer.best().clone();
    best.verify(packer.problem()).unwrap();
    (best, packer)
}
