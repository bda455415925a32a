//! loom: requests against every change of limits.

use super::world::Function::{F, G};
use super::world::Op::{AccountLimit, Acquire, Release, Reserve};
use super::world::{EXACT, Early, Op, Start, model, starts};

const TARGETS: [&[Op]; 4] =
    [&[Reserve(None)], &[Reserve(Some(0))], &[Reserve(Some(1))], &[Reserve(Some(2))]];

/// Requests of the function whose reservation changes.
const OWN: [&[Op]; 4] =
    [&[Acquire(F)], &[Release(F)], &[Release(F), Acquire(F)], &[Acquire(F), Release(F)]];

/// Requests of another function.
const OTHERS: [&[Op]; 3] = [&[Acquire(G)], &[Release(G)], &[Release(G), Acquire(G)]];

/// Between pool and reservation, a function's own units are on the way.
const OWN_EARLY: Early = Early { own: true, units: 0 };

/// Beside that, as many units as there are other calls on the function.
const fn beside(calls: u32) -> Early {
    Early { own: true, units: calls }
}

/// Can every `Release` of the script find its unit?
fn holds(start: Start, script: &[Op]) -> bool {
    script.first() != Some(&Release(F)) || start.held[0] > 0
}

fn holds_other(start: Start, script: &[Op]) -> bool {
    script.first() != Some(&Release(G)) || start.held[1] > 0
}

/// `own` scripts beside each change from `from` to another of `TARGETS`.
fn change(from: &[Option<u32>], scripts: &[&'static [Op]], early: impl Fn(Op) -> Early) {
    for account_limit in [2, 3] {
        for start in starts(account_limit, from) {
            for target in TARGETS {
                for script in scripts {
                    if holds(start, script) && holds_other(start, script) {
                        model(start, &[target, script], early(target[0]));
                    }
                }
            }
        }
    }
}

#[test]
fn loom_switch_from_pool_beside_others_is_exact() {
    change(&[None], &OTHERS, |_| EXACT);
}

#[test]
fn loom_switch_from_reservation_beside_others_is_exact() {
    change(&[Some(0), Some(1), Some(2)], &OTHERS, |_| EXACT);
}

#[test]
fn loom_switch_from_pool_beside_own() {
    change(&[None], &OWN, |_| OWN_EARLY);
}

#[test]
fn loom_switch_between_reservations_beside_own_is_exact() {
    change(&[Some(0), Some(1), Some(2)], &OWN, |target| {
        if target == Reserve(None) { OWN_EARLY } else { EXACT }
    });
}

#[test]
fn loom_switch_account_limit_is_exact() {
    for start in starts(3, &[None, Some(0), Some(1)]) {
        for target in [&[AccountLimit(1)], &[AccountLimit(2)], &[AccountLimit(4)]] {
            for script in OWN.into_iter().chain(OTHERS) {
                if holds(start, script) && holds_other(start, script) {
                    model(start, &[target, script], EXACT);
                }
            }
        }
    }
}

#[test]
fn loom_switch_there_and_back_beside_own() {
    for held in [[0, 0], [1, 0], [1, 1]] {
        let pool = Start { account_limit: 2, reserved: None, held };
        let reserved = Start { reserved: Some(1), ..pool };
        for script in [OWN[0], OWN[3]] {
            model(pool, &[&[Reserve(Some(1)), Reserve(None)], script], OWN_EARLY);
            model(pool, &[&[Reserve(Some(0)), AccountLimit(1)], script], OWN_EARLY);
            model(reserved, &[&[Reserve(None), Reserve(Some(2))], script], OWN_EARLY);
            model(reserved, &[&[Reserve(Some(0)), Reserve(None)], script], OWN_EARLY);
        }
    }
}

/// Each overlapping call on `F` may cost `G` one unit for a while, not more.
fn beside_both(start: Start, target: &'static [Op]) {
    model(start, &[target, &[Acquire(F)], &[Acquire(G)]], beside(1));
    model(start, &[target, &[Release(F)], &[Acquire(G)]], beside(1));
    model(start, &[target, &[Release(F)], &[Acquire(F)]], beside(0));
    model(start, &[target, &[Release(F), Acquire(F)], &[Acquire(G)]], beside(2));
}

#[test]
fn loom_switch_beside_two_functions_from_pool() {
    for target in [TARGETS[1], TARGETS[2], TARGETS[3]] {
        for account_limit in [2, 3] {
            beside_both(Start { account_limit, reserved: None, held: [1, 0] }, target);
        }
    }
}

#[test]
fn loom_switch_beside_two_functions_from_reservation() {
    for target in [TARGETS[0], TARGETS[1], TARGETS[3]] {
        for account_limit in [2, 3] {
            beside_both(Start { account_limit, reserved: Some(1), held: [1, 0] }, target);
        }
    }
}
