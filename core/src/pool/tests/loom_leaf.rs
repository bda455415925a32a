//! The leaf's permits under loom: each pair of take, park, steal and unpark.
//! Beside each, a twin without one part of the protocol, which loom must catch.

use alloc::sync::Arc;
use alloc::vec::Vec;

use loom::thread::JoinHandle;

use super::fixture::{model, spawn_touching};
use crate::pool::leaf::{self, ONE_INSERTION, Taken};
use crate::sync::{AtomicU64, Ordering};

const ONE_PERMIT: u64 = 1 << 16;
const OPEN: u64 = 1 << 23;

/// A leaf, the mode word above it (0: open), and a word that only the holder
/// of a permit touches.
struct World {
    leaf: AtomicU64,
    mode: AtomicU64,
    held: AtomicU64,
}

impl World {
    /// An open leaf with so many permits.
    fn with(permits: u64) -> Arc<Self> {
        Self::of(OPEN | (permits * ONE_PERMIT))
    }

    /// A leaf that was never opened.
    fn shut() -> Arc<Self> {
        Self::of(0)
    }

    fn of(leaf: u64) -> Arc<Self> {
        Arc::new(Self {
            leaf: AtomicU64::new(leaf),
            mode: AtomicU64::new(0),
            held: AtomicU64::new(0),
        })
    }

    /// What a holder of the permit does: an increment that is lost if the last
    /// holder's did not become visible with it.
    fn use_it(&self) {
        // ORDERING: Relaxed on purpose: the leaf's orderings must publish it.
        let used = self.held.load(Ordering::Relaxed);
        // ORDERING: Relaxed on purpose, as above.
        self.held.store(used + 1, Ordering::Relaxed);
    }

    fn permits(&self) -> u32 {
        // ORDERING: Relaxed: read after the threads were joined.
        leaf::permits(self.leaf.load(Ordering::Relaxed))
    }
}

fn spawn<T: 'static>(
    world: &Arc<World>,
    body: impl FnOnce(&World) -> T + 'static,
) -> JoinHandle<T> {
    fn words(world: &World) -> Vec<&AtomicU64> {
        [&world.leaf, &world.mode].into()
    }
    spawn_touching(world, words, |world| body(world))
}

const SHUT: fn() -> bool = || false;
const OURS: fn() -> bool = || true;

fn took(taken: Taken) -> u32 {
    u32::from(taken != Taken::Nothing)
}

// --- One permit -------------------------------------------------------------------

type Take = fn(&AtomicU64) -> Taken;
type Park = fn(&AtomicU64) -> bool;

fn park(leaf: &AtomicU64) -> bool {
    leaf::park_if_open(leaf, 0).is_some()
}

fn one_permit_two_takers(take: Take) {
    model(move || {
        let world = World::with(1);
        let other = spawn(&world, move |world| took(take(&world.leaf)));
        let both = took(take(&world.leaf)) + other.join().unwrap();
        assert_eq!((both, world.permits()), (1, 0), "exactly one gets it");
    });
}

#[test]
fn loom_take_take() {
    one_permit_two_takers(leaf::take);
}

#[test]
#[should_panic(expected = "exactly one gets it")]
fn loom_broken_take_by_load_and_store() {
    one_permit_two_takers(|leaf| {
        // ORDERING: Acquire, pairs with `park`; the fault is the store.
        let seen = leaf.load(Ordering::Acquire);
        if leaf::permits(seen) == 0 {
            return Taken::Nothing;
        }
        // ORDERING: Release; the fault is that it is a store.
        leaf.store(seen - ONE_PERMIT, Ordering::Release);
        Taken::Permit
    });
}

/// A permit is used, parked, taken and used by another thread.
fn who_takes_sees_what_the_last_did(park: Park, take: Take) {
    model(move || {
        let world = World::with(0);
        let other = spawn(&world, move |world| {
            world.use_it();
            assert!(park(&world.leaf));
        });
        let got = took(take(&world.leaf));
        if got == 1 {
            world.use_it();
        }
        other.join().unwrap();
        // ORDERING: Relaxed: read after the thread was joined.
        let used = world.held.load(Ordering::Relaxed);
        assert_eq!(used, 1 + u64::from(got), "a use was lost");
        assert_eq!(world.permits() + got, 1);
    });
}

fn steal(leaf: &AtomicU64) -> Taken {
    if leaf::steal(leaf, OURS) { Taken::Permit } else { Taken::Nothing }
}

/// A permit without its member.
fn take_permit(leaf: &AtomicU64) -> Taken {
    if leaf::take_permit(leaf) { Taken::Permit } else { Taken::Nothing }
}

#[test]
fn loom_take_permit_take_permit() {
    one_permit_two_takers(take_permit);
}

#[test]
fn loom_park_take_permit_publishes() {
    who_takes_sees_what_the_last_did(park, take_permit);
}

/// A permit taken alone against each of the others that take one.
#[test]
fn loom_take_permit_against_the_others() {
    let others: [fn(&AtomicU64) -> u32; 3] =
        [|leaf| took(leaf::take(leaf)), |leaf| took(steal(leaf)), leaf::unpark];
    for other in others {
        model(move || {
            let world = World::with(1);
            let thread = spawn(&world, move |world| other(&world.leaf));
            let both = took(take_permit(&world.leaf)) + thread.join().unwrap();
            assert_eq!((both, world.permits()), (1, 0), "exactly one gets it");
        });
    }
}

/// A permit taken alone leaves the member that came or goes meanwhile.
#[test]
fn loom_take_permit_against_members() {
    model(|| {
        let world = World::with(1);
        leaf::insert(&world.leaf, 0b01);
        let other = spawn(&world, |world| {
            leaf::insert(&world.leaf, 0b10);
            leaf::withdraw(&world.leaf, 0b01)
        });
        assert_eq!(took(take_permit(&world.leaf)), 1);
        assert_eq!(other.join().unwrap(), 0b01);
        assert_eq!(leaf::withdraw(&world.leaf, 0b11), 0b10);
    });
}

#[test]
fn loom_park_take_publishes() {
    who_takes_sees_what_the_last_did(park, leaf::take);
    who_takes_sees_what_the_last_did(|leaf| leaf::park(leaf, 0, SHUT).is_some(), leaf::take);
}

#[test]
#[should_panic(expected = "a use was lost")]
fn loom_broken_park_relaxed() {
    who_takes_sees_what_the_last_did(
        |leaf| {
            // ORDERING: Relaxed: the fault.
            leaf.fetch_add(ONE_PERMIT + ONE_INSERTION, Ordering::Relaxed);
            true
        },
        leaf::take,
    );
}

#[test]
#[should_panic(expected = "a use was lost")]
fn loom_broken_take_without_acquire() {
    who_takes_sees_what_the_last_did(park, |leaf| {
        // ORDERING: Relaxed, as the real one.
        let seen = leaf.load(Ordering::Relaxed);
        let left = seen.wrapping_sub(ONE_PERMIT);
        let any = leaf::permits(seen) > 0
            // ORDERING: Release only: the fault.
            && leaf.compare_exchange(seen, left, Ordering::Release, Ordering::Relaxed).is_ok();
        if any { Taken::Permit } else { Taken::Nothing }
    });
}

// --- Steal and unpark -------------------------------------------------------------

#[test]
fn loom_steal_take() {
    one_permit_two_takers(steal);
    model(|| {
        let world = World::with(1);
        let other = spawn(&world, |world| took(leaf::take(&world.leaf)));
        let both = took(steal(&world.leaf)) + other.join().unwrap();
        assert_eq!((both, world.permits()), (1, 0));
    });
}

/// A permit that is parked while the leaf is shut goes with it or stays away.
#[test]
fn loom_park_steal() {
    model(|| {
        let world = World::with(0);
        let other = spawn(&world, |world| u32::from(leaf::park(&world.leaf, 1, SHUT).is_some()));
        let stolen = took(steal(&world.leaf));
        assert_eq!(stolen, other.join().unwrap(), "parked before it was shut, or not at all");
        assert_eq!(world.permits(), 0);
    });
}

#[test]
fn loom_unpark_against_the_others() {
    model(|| {
        let world = World::with(2);
        let other = spawn(&world, |world| took(leaf::take(&world.leaf)));
        assert_eq!(leaf::unpark(&world.leaf) + other.join().unwrap(), 2);
    });
    model(|| {
        let world = World::with(1);
        let other = spawn(&world, |world| u32::from(park(&world.leaf)));
        let all = leaf::unpark(&world.leaf);
        assert_eq!((all, world.permits()), (1 + other.join().unwrap(), 0));
    });
    model(|| {
        let world = World::with(1);
        let other = spawn(&world, |world| took(steal(&world.leaf)));
        assert_eq!(leaf::unpark(&world.leaf) + other.join().unwrap(), 1);
    });
}

/// Members and permits of one word do not disturb each other.
#[test]
fn loom_take_against_members() {
    model(|| {
        let world = World::with(1);
        let other = spawn(&world, |world| leaf::insert(&world.leaf, 0b10));
        let taken = leaf::take(&world.leaf);
        other.join().unwrap();
        let left = leaf::withdraw(&world.leaf, 0b11);
        let with = taken == Taken::Both(1);
        assert_eq!((with, left), (left == 0, if with { 0 } else { 0b10 }));
    });
    model(|| {
        let world = World::with(1);
        leaf::insert(&world.leaf, 0b01);
        let other = spawn(&world, |world| leaf::withdraw(&world.leaf, 0b01));
        let taken = leaf::take(&world.leaf);
        assert_ne!(other.join().unwrap() == 1, taken == Taken::Both(0), "one owner");
        assert_eq!(took(taken), 1, "the permit does not go with the member");
    });
}

// --- Opening against closing --------------------------------------------------------

type Open = fn(&World) -> bool;
type Shut = fn(&AtomicU64) -> bool;

/// One thread parks in a leaf that it opens, another closes and visits it:
/// what was parked is found, and nothing is parked later.
fn opening_against_closing(open: Open, shut: Shut) {
    model(move || {
        let world = World::shut();
        let other = spawn(&world, open);
        // ORDERING: AcqRel, as `Parking::close`.
        world.mode.fetch_or(1, Ordering::AcqRel);
        let found = shut(&world.leaf);
        assert_eq!(other.join().unwrap(), found, "parked behind the closer's back");
        assert_eq!(world.permits(), 0, "parked behind the closer's back");
    });
}

fn open(world: &World) -> bool {
    // ORDERING: Acquire, as `Parking::open`.
    leaf::park(&world.leaf, 1, || world.mode.load(Ordering::Acquire) == 0).is_some()
}

#[test]
fn loom_opening_against_closing() {
    opening_against_closing(open, |leaf| leaf::steal(leaf, OURS));
    opening_against_closing(open, |leaf| leaf::unpark(leaf) > 0);
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_broken_look_before_the_leaf_is_read() {
    opening_against_closing(
        |world| {
            // ORDERING: Acquire, as `Parking::open`; the fault is its place.
            let open = world.mode.load(Ordering::Acquire) == 0;
            leaf::park(&world.leaf, 1, || open).is_some()
        },
        |leaf| leaf::steal(leaf, OURS),
    );
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_broken_leaf_read_relaxed() {
    opening_against_closing(
        |world| {
            // ORDERING: Relaxed: the fault.
            let seen = world.leaf.load(Ordering::Relaxed);
            // ORDERING: Acquire, as `Parking::open`.
            let open = world.mode.load(Ordering::Acquire) == 0;
            let more = (seen + ONE_INSERTION + ONE_PERMIT) | OPEN | 1;
            // ORDERING: AcqRel, as `park`.
            let parked =
                world.leaf.compare_exchange(seen, more, Ordering::AcqRel, Ordering::Relaxed);
            open && parked.is_ok()
        },
        |leaf| leaf::steal(leaf, OURS),
    );
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_broken_visit_that_leaves_a_shut_leaf_as_it_is() {
    opening_against_closing(open, |leaf| {
        // ORDERING: Acquire, as `steal`; the fault is that nothing is written.
        let seen = leaf.load(Ordering::Acquire);
        seen & OPEN != 0 && leaf::steal(leaf, OURS)
    });
}

#[test]
#[should_panic(expected = "behind the closer's back")]
fn loom_broken_visit_that_does_not_count() {
    opening_against_closing(open, |leaf| {
        // ORDERING: AcqRel, as `steal`; the fault is that a shut leaf stays
        // the same.
        let before = leaf.fetch_and(!OPEN, Ordering::AcqRel);
        // ORDERING: AcqRel, as `steal`.
        leaf::permits(before) > 0 && leaf.fetch_sub(ONE_PERMIT, Ordering::AcqRel) > 0
    });
}
