//! Two threads on one fleet under loom, with the interleavings that loom
//! would not look for by itself.
//!
//! loom (0.7) tries another order of two steps only where the *last* access to
//! a word, before a write to it, was by the other thread. A thread that loads a
//! word and then changes it by CAS hides the other thread's earlier load
//! behind its own, so an order in which the other loads in between may never
//! be tried. A `touch`, a fetch_add of zero ahead of the operation, shows loom
//! the conflict. It changes no value and orders nothing (Relaxed), but the
//! thread that touches a word cannot read a stale value of it afterwards:
//! therefore every model runs with the touches of no thread, of one, and of
//! both.

use loom::sync::Arc;
use loom::sync::atomic::Ordering;
use loom::thread;

use super::SmallFleet;

/// Which of the two threads touch.
#[derive(Clone, Copy)]
pub(super) struct Touches {
    theirs: bool,
    mine: bool,
}

/// One thread's touches, for bodies of several steps.
#[derive(Clone, Copy)]
pub(super) struct Touch(bool);

impl Touch {
    /// Shows loom that the next operation may change any word of `fleet`.
    pub(super) fn all(self, fleet: &SmallFleet) {
        if !self.0 {
            return;
        }
        for index in 0..fleet.max_nodes() {
            fleet.ledger.free_word(index).fetch_add(0, Ordering::Relaxed);
            fleet.ledger.spec_word(index).fetch_add(0, Ordering::Relaxed);
        }
        fleet.ledger.published_word().fetch_add(0, Ordering::Relaxed);
    }
}

/// Checks every interleaving of `body`, once for each choice of touches.
pub(super) fn model(body: impl Fn(Touches) + Copy + Send + Sync + 'static) {
    for theirs in [false, true] {
        for mine in [false, true] {
            loom::model(move || body(Touches { theirs, mine }));
        }
    }
}

/// Runs `other` on a second thread while this one runs `mine`.
pub(super) fn both<A: 'static, B>(
    touches: Touches,
    fleet: SmallFleet,
    other: impl FnOnce(&SmallFleet, Touch) -> A + 'static,
    mine: impl FnOnce(&SmallFleet, Touch) -> B,
) -> (Arc<SmallFleet>, A, B) {
    let fleet = Arc::new(fleet);
    let thread = thread::spawn({
        let fleet = fleet.clone();
        move || {
            Touch(touches.theirs).all(&fleet);
            other(&fleet, Touch(touches.theirs))
        }
    });
    Touch(touches.mine).all(&fleet);
    let mine = mine(&fleet, Touch(touches.mine));
    let theirs = thread.join().unwrap();
    (fleet, theirs, mine)
}
