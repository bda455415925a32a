//! loom: requests against requests, with limits at rest.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::world::Function::{F, G};
use super::world::Op::{Acquire, Release};
use super::world::{EXACT, Op, Start, model, starts};
use crate::concurrency::{Account, Gate, Limits};
use crate::sync::model::{self, Touch};

const SCRIPTS: [&[Op]; 5] = [
    &[Acquire(F)],
    &[Acquire(G)],
    &[Release(F)],
    &[Acquire(F), Release(F)],
    &[Acquire(G), Release(G)],
];

/// Each pair of scripts from each start in which `F` holds what they release.
fn pairs(reserved: &[Option<u32>]) {
    for start in starts(2, reserved).into_iter().filter(|start| start.held[0] == 2) {
        for (index, first) in SCRIPTS.iter().enumerate() {
            for second in &SCRIPTS[index..] {
                model(start, &[first, second], EXACT);
            }
        }
    }
    for start in starts(2, reserved).into_iter().filter(|start| start.held[0] < 2) {
        for first in [SCRIPTS[0], SCRIPTS[3]] {
            for second in [SCRIPTS[0], SCRIPTS[1], SCRIPTS[3], SCRIPTS[4]] {
                model(start, &[first, second], EXACT);
            }
        }
    }
}

#[test]
fn loom_admission_unreserved_is_exact() {
    pairs(&[None]);
}

#[test]
fn loom_admission_reserved_is_exact() {
    pairs(&[Some(0), Some(1), Some(2)]);
}

#[test]
fn loom_admission_three_requests_for_one_unit() {
    for reserved in [None, Some(1)] {
        let start = Start { account_limit: 1, reserved, held: [0, 0] };
        model(start, &[&[Acquire(F)], &[Acquire(F)], &[Acquire(F)]], EXACT);
    }
    let start = Start { account_limit: 2, reserved: None, held: [1, 0] };
    model(start, &[&[Acquire(F)], &[Acquire(G)], &[Release(F)]], EXACT);
}

/// Two requests in turn at a limit of one, on what only the holder may touch.
pub(super) fn hand_over(
    reserved: Option<u32>,
    release: impl Fn(&Gate, &Account) + Copy + Send + Sync + 'static,
) {
    model::model(2, move |touches| {
        let (mut limits, account) = Limits::new(1, 0);
        let gate = Gate::new();
        limits.set_reserved(&account, &gate, reserved).unwrap();
        let shared = Arc::new((account, gate, UnsafeCell::new(0)));
        let request = move |shared: &(Account, Gate, UnsafeCell<u32>), touch: Touch| {
            let (account, gate, cell) = shared;
            touch.all([&account.word, &gate.word]);
            if gate.try_acquire(account).is_ok() {
                cell.with_mut(|_| ());
                release(gate, account);
            }
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || request(&shared, touches.of(1)))
        };
        request(&shared, touches.of(0));
        other.join().unwrap();
    });
}

#[test]
fn loom_admission_hands_over_what_the_last_holder_did() {
    for reserved in [None, Some(1)] {
        hand_over(reserved, |gate, account| gate.release(account).unwrap());
    }
}
