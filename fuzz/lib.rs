//! One body for each fuzz target, shared by libFuzzer (`make fuzz`) and by the
//! stable replay of seeds and random inputs (`make fuzz-smoke`).
//!
//! A body turns bytes into a shape and a list of actions, carries the actions
//! out on the real object and on a plain model of it, and compares every
//! answer and every total. It panics at the first difference.

use arbitrary::{Arbitrary, Unstructured};

pub mod limits;
pub mod placement;
pub mod pool;
pub mod region;

/// A body: any bytes are a valid input.
pub type Body = fn(&[u8]);

/// Every target by its name, which is also the name of its folder in `seeds/`.
pub const TARGETS: &[(&str, Body)] = &[
    ("limits", limits::run),
    ("placement", placement::run),
    ("pool", pool::run),
    ("region", region::run),
];

/// The most actions in one input; models are compared after each of them.
const MAX_ACTIONS: usize = 512;

/// The actions that the rest of the input holds.
fn actions<'a, A: Arbitrary<'a>>(input: &mut Unstructured<'a>) -> Vec<A> {
    let mut actions = vec![];
    while !input.is_empty() && actions.len() < MAX_ACTIONS {
        match A::arbitrary(input) {
            Ok(action) => actions.push(action),
            Err(_) => break,
        }
    }
    actions
}

/// An element of a list that an action names by any number.
fn pick<T>(list: &[T], number: u8) -> Option<usize> {
    (!list.is_empty()).then(|| usize::from(number) % list.len())
}
