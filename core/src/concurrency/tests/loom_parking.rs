//! loom: opening a leaf under two mode words against closing one of them.
//!
//! The leaf is a word of the test: its low bit is a permit, the rest counts
//! changes (`pool/leaf.rs` has the real one and its models).

use alloc::sync::Arc;

use loom::thread;

use crate::concurrency::parking::{Load, Mode, Parking};
use crate::sync::{AtomicU64, Ordering, model};

/// A function's word, the account's, a leaf under both, and what the limit is.
struct World {
    function: Parking,
    account: Parking,
    leaf: AtomicU64,
    limit: AtomicU64,
}

impl World {
    fn new() -> Self {
        let open = || {
            let parking = Parking::held();
            parking.resume();
            parking
        };
        let word = || AtomicU64::new(0);
        let world = Self { function: open(), account: open(), leaf: word(), limit: word() };
        // Another function of the chunk has parked before.
        assert!(world.account.open(0, Load::Low));
        world
    }

    fn words(&self) -> [&AtomicU64; 3] {
        [&self.function.word, &self.account.word, &self.leaf]
    }

    /// Parks a permit in the leaf; whether it could.
    fn park(&self, may_open: impl Fn(&Self) -> bool) -> bool {
        // ORDERING: Acquire, as `pool/leaf.rs`.
        let mut seen = self.leaf.load(Ordering::Acquire);
        while may_open(self) {
            // ORDERING: AcqRel, as `pool/leaf.rs`.
            match self.leaf.compare_exchange(seen, seen | 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Visits the leaf; whether there was a permit.
    fn visit(&self) -> bool {
        // ORDERING: AcqRel, as `pool/leaf.rs`.
        self.leaf
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |seen| Some((seen & !1) + 2))
            .is_ok_and(|before| before & 1 == 1)
    }

    /// Closes the account and visits what was opened; whether it found one.
    fn close_account(&self, opened: fn(&Parking) -> u32) -> (Mode, bool) {
        let mode = self.account.close();
        let found = mode.chunks() & 1 == 1 && opened(&self.function) & 1 == 1 && self.visit();
        (mode, found)
    }
}

fn race<A: 'static>(
    theirs: impl FnOnce(&World) -> A + Clone + Send + Sync + 'static,
    mine: impl FnOnce(&World, thread::JoinHandle<A>) + Clone + Send + Sync + 'static,
) {
    model::model(2, move |touches| {
        let world = Arc::new(World::new());
        let (theirs, mine) = (theirs.clone(), mine.clone());
        let there = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                touches.of(1).all(world.words());
                theirs(&world)
            })
        };
        touches.of(0).all(world.words());
        mine(&world, there);
    });
}

fn may_open(world: &World) -> bool {
    world.function.open(0, Load::Low) && world.account.open(0, Load::Middle)
}

/// What was parked when the account was closed is found, and nothing is parked
/// later: also by a thread that opens the function's chunk at that moment.
fn opening_against_closing(
    may_open: impl Fn(&World) -> bool + Copy + Send + Sync + 'static,
    opened: fn(&Parking) -> u32,
) {
    race(
        move |world| world.park(may_open),
        move |world, there| {
            let (_, found) = world.close_account(opened);
            assert_eq!(there.join().unwrap(), found, "parked behind the closer's back");
        },
    );
}

#[test]
fn loom_parking_opening_against_closing() {
    opening_against_closing(may_open, Parking::opened);
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_parking_broken_opened_chunks_by_a_load() {
    opening_against_closing(may_open, |parking| parking.mode().chunks());
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_parking_broken_opening_without_a_chunk() {
    // ORDERING: Acquire, as `Parking::mode`; the fault is that it only looks.
    let is_open = |parking: &Parking| parking.word.load(Ordering::Acquire) >> 32 & 3 == 0;
    opening_against_closing(
        move |world| is_open(&world.function) && is_open(&world.account),
        Parking::opened,
    );
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_parking_broken_account_looked_at_before_the_function() {
    opening_against_closing(
        |world| world.account.open(0, Load::Low) && world.function.open(0, Load::Low),
        Parking::opened,
    );
}

/// The function's own word: closed by a refusal under its reservation.
#[test]
fn loom_parking_opening_against_closing_of_the_function() {
    // Not at a low load, which would reopen.
    let may_open =
        |world: &World| world.function.open(0, Load::Middle) && world.account.open(0, Load::Middle);
    race(
        move |world| world.park(may_open),
        |world, there| {
            let mode = world.function.close();
            let found = mode.chunks() & 1 == 1 && world.visit();
            assert_eq!(there.join().unwrap(), found, "parked behind the closer's back");
        },
    );
}

/// Two close at once: whoever settles has visited all.
#[test]
fn loom_parking_a_settled_limit_has_nothing_parked() {
    race(
        |world| {
            world.park(may_open);
            let (mode, found) = world.close_account(Parking::opened);
            if !found {
                world.account.settle(mode);
            }
            found
        },
        |world, there| {
            let (mode, found) = world.close_account(Parking::opened);
            if !found {
                world.account.settle(mode);
            }
            let closed = world.account.mode().is_closed();
            let theirs = there.join().unwrap();
            assert!(!(found && theirs), "one permit, found twice");
            // ORDERING: Relaxed: read after the thread was joined.
            let parked = world.leaf.load(Ordering::Relaxed) & 1 == 1;
            let closed = closed || world.account.mode().is_closed();
            assert!(!(closed && parked), "settled beside a permit");
        },
    );
}

/// Who opens after a hold has ended sees what was set under it.
fn a_hold_publishes(resume: fn(&World)) {
    race(
        move |world| {
            world.account.hold();
            // ORDERING: Relaxed on purpose: the resumption must publish it.
            world.limit.store(1, Ordering::Relaxed);
            resume(world);
        },
        |world, there| {
            let open = world.account.open(0, Load::Low);
            // ORDERING: Relaxed on purpose, as above.
            let limit = world.limit.load(Ordering::Relaxed);
            there.join().unwrap();
            assert!(open || world.account.open(0, Load::Low), "resumed");
            // The chunk is forgotten by the resumption that came after it.
            let resumed_before = open && world.account.mode().chunks() & 1 == 1;
            assert!(!resumed_before || limit == 1, "opened under the limits of before");
        },
    );
}

#[test]
fn loom_parking_a_hold_publishes_what_was_set_under_it() {
    a_hold_publishes(|world| world.account.resume());
}

#[test]
#[should_panic(expected = "opened under the limits of before")]
fn loom_parking_broken_resumption_relaxed() {
    a_hold_publishes(|world| {
        let held = world.account.mode();
        // ORDERING: Relaxed: the fault.
        world.account.word.swap(held.resumed(), Ordering::Relaxed);
    });
}
