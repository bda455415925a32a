//! loom: releases of what nobody holds, against everything else.
//!
//! A surplus release is refused or ends the request of another; either way one
//! order of all steps explains it, and the two levels agree at rest.

use super::world::Function::{F, G};
use super::world::Op::{AccountLimit, Acquire, Release, Reserve};
use super::world::{EXACT, Early, Op, Start, World, model, model_with, twin};
use crate::concurrency::gate::{ONE, Word};
use crate::sync::Ordering;

const MODES: [Option<u32>; 3] = [None, Some(0), Some(1)];

/// Between pool and reservation, a function's own units are on the way.
const OWN_EARLY: Early = Early { own: true, units: 0 };

const fn start(account_limit: u32, reserved: Option<u32>, held: [u32; 2]) -> Start {
    Start { account_limit, reserved, held }
}

#[test]
fn loom_surplus_release_against_release() {
    for reserved in MODES {
        for held in 0..=1 {
            let start = start(2, reserved, [held, 0]);
            model(start, &[&[Release(F)], &[Release(F)]], EXACT);
            model(start, &[&[Release(F)], &[Release(F), Release(F)]], EXACT);
            model(start, &[&[Release(F)], &[Release(F)], &[Release(F)]], EXACT);
        }
    }
}

#[test]
fn loom_surplus_release_against_acquire() {
    const ACQUIRES: [&[Op]; 3] = [&[Acquire(F)], &[Acquire(F), Release(F)], &[Acquire(G)]];
    for reserved in MODES {
        for script in ACQUIRES {
            model(start(1, reserved, [0, 0]), &[&[Release(F)], script], EXACT);
        }
        let two = [&[Release(F)] as &[_], &[Release(F)], &[Acquire(F)]];
        model(start(1, reserved, [0, 0]), &two, EXACT);
    }
}

#[test]
fn loom_surplus_release_against_a_change_of_limits() {
    const CHANGES: [&[Op]; 5] = [
        &[Reserve(None)],
        &[Reserve(Some(0))],
        &[Reserve(Some(1))],
        &[Reserve(Some(1)), Reserve(None)],
        &[AccountLimit(1)],
    ];
    for reserved in MODES {
        for change in CHANGES {
            model(start(2, reserved, [0, 0]), &[&[Release(F)], change], EXACT);
            model(start(2, reserved, [0, 0]), &[&[Release(F), Acquire(F)], change], OWN_EARLY);
            model(start(2, reserved, [1, 0]), &[&[Release(F), Release(F)], change], EXACT);
        }
    }
}

/// Subtracts first, and takes that back where nothing was in flight.
fn subtract_then_look(world: &World) -> bool {
    let gate = &world.gates[0];
    let before = Word(gate.word.fetch_sub(ONE, Ordering::AcqRel));
    if before.in_flight() == 0 {
        gate.word.fetch_add(ONE, Ordering::AcqRel);
        return false;
    }
    if before.charged() > 0 {
        world.account.give_back(1);
    }
    true
}

// In between, another surplus release finds units.
twin!(
    loom_twin_of_subtract_then_look_against_release,
    loom_broken_subtract_then_look_against_release,
    start(2, None, [0, 0]),
    &[Release(F)],
    &[&[Release(F)]],
    EXACT,
    "gave back 1 units of 0",
    subtract_then_look
);

// In between, a reservation that is free looks full.
twin!(
    loom_twin_of_subtract_then_look_against_acquire,
    loom_broken_subtract_then_look_against_acquire,
    start(1, Some(1), [0, 0]),
    &[Release(F)],
    &[&[Acquire(F)]],
    EXACT,
    "no order explains",
    subtract_then_look
);

// In between, a switch moves what was never at the account.
twin!(
    loom_twin_of_subtract_then_look_against_a_switch,
    loom_broken_subtract_then_look_against_a_switch,
    start(2, None, [0, 0]),
    &[Release(F)],
    &[&[Reserve(Some(1))]],
    EXACT,
    "gave back more than was taken",
    subtract_then_look
);
