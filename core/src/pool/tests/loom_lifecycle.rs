//! The end of an instance's life under loom: drain, fail and reap against
//! requests and against each other. One caller is told to stop an instance;
//! twins without one step of the protocol tell no one, or two.

use super::conservation::check_at_rest;
use super::fixture::{
    SECOND, Shared, active, at, drain, ends_once, idle, mark, model, pool_of, reap, release, spawn,
    starting, told, unhold,
};
use crate::id::SlotId;
use crate::pool::leaf::{ONE_INSERTION, members};
use crate::pool::slot::{self, Slot, State};
use crate::pool::{Reaped, Seat};
use crate::sync::Ordering;

type Release = fn(&Shared, Seat) -> Option<SlotId>;
type Drain = fn(&Shared, SlotId) -> Option<SlotId>;
type Reap = fn(&Shared, SlotId) -> Reaped;

fn fail(pool: &Shared, held: Seat) -> Option<SlotId> {
    pool.fail(at(1), held).unwrap()
}

// --- Drain against a release --------------------------------------------------------

fn drain_against_release(drain: Drain, release: Release) {
    model(move || {
        let pool = pool_of(1, 1);
        let held = active(&pool);
        let other = spawn(&pool, move |pool| release(pool, held.seat));
        let mine = drain(&pool, held.slot);
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_drain_release() {
    drain_against_release(drain, release);
}

#[test]
fn loom_drain_fail() {
    drain_against_release(drain, fail);
}

/// The release with `put_back` replaced.
fn release_by(pool: &Shared, held: Seat, put_back: impl Fn(u32, usize, u32)) -> Option<SlotId> {
    let instance = pool.slot_of(&held).unwrap().index();
    let state = slot::read(pool.slot_word(instance)).state;
    unhold(pool, &held);
    let (leaf, bit) = pool.leaf_and_bit(held.index());
    if state != State::Active {
        return pool.collect(instance, leaf, bit);
    }
    put_back(instance, leaf, bit);
    None
}

#[test]
#[should_panic(expected = "one stop is reported")]
fn loom_broken_release_without_recheck() {
    drain_against_release(drain, |pool, held| {
        release_by(pool, held, |_, leaf, bit| pool.idle().insert(leaf, bit))
    });
}

#[test]
#[should_panic(expected = "one stop is reported")]
fn loom_broken_insert_without_acquire() {
    drain_against_release(drain, |pool, held| {
        release_by(pool, held, |instance, leaf, bit| {
            let add = ONE_INSERTION + u64::from(bit);
            // ORDERING: Release only: the fault.
            pool.idle_leaf(leaf).fetch_add(add, Ordering::Release);
            if slot::read(pool.slot_word(instance)).state != State::Active {
                let got = pool.idle().withdraw(leaf, bit);
                pool.settle(instance, leaf, got);
            }
        })
    });
}

fn drain_that_withdraws_first(pool: &Shared, slot: SlotId) -> Option<SlotId> {
    let got = pool.idle().withdraw(0, 1);
    mark(pool, slot);
    pool.settle(slot.index(), 0, got);
    pool.report(slot.index(), slot.generation().get())
}

#[test]
#[should_panic(expected = "one stop is reported")]
fn loom_broken_drain_that_withdraws_before_it_marks() {
    drain_against_release(drain_that_withdraws_first, release);
}

fn drain_without_release(pool: &Shared, slot: SlotId) -> Option<SlotId> {
    mark(pool, slot);
    // ORDERING: Acquire only: the fault.
    let before = pool.idle_leaf(0).fetch_and(!1, Ordering::Acquire);
    pool.settle(slot.index(), 0, members(before) & 1);
    pool.report(slot.index(), slot.generation().get())
}

#[test]
#[should_panic(expected = "one stop is reported")]
fn loom_broken_withdrawal_without_release() {
    drain_against_release(drain_without_release, release);
}

// --- Drain and fail against the others -------------------------------------------------

#[test]
fn loom_drain_claim() {
    model(|| {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        let other =
            spawn(&pool, |pool| pool.claim(at(1)).and_then(|claim| release(pool, claim.seat)));
        let mine = drain(&pool, slot);
        assert_eq!(pool.claim(at(2)), None, "no request after a drain");
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_drain_drain() {
    model(|| {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        let other = spawn(&pool, move |pool| drain(pool, slot));
        let mine = drain(&pool, slot);
        assert_eq!(pool.claim(at(2)), None, "no request after a drain, whoever began it");
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

type Started = fn(&Shared, &Seat);

/// The seats that a start opens while the instance is drained are collected.
fn drain_against_started(started: Started) {
    model(move || {
        let pool = pool_of(1, 3);
        let first = starting(&pool);
        let slot = first.slot;
        let other = spawn(&pool, move |pool| {
            started(pool, &first.seat);
            release(pool, first.seat)
        });
        let mine = drain(&pool, slot);
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_drain_started() {
    drain_against_started(|pool, held| pool.started(held).unwrap());
}

#[test]
#[should_panic(expected = "one stop is reported")]
fn loom_broken_started_without_recheck() {
    drain_against_started(|pool, held| {
        let active = slot::update(pool.slot_word(0), |seen| {
            (seen.state == State::Starting).then_some(Slot { state: State::Active, ..seen })
        });
        if active.is_ok() {
            pool.idle().insert(0, 0b10);
            pool.idle().insert(1, 0b01);
        }
        assert_eq!(held.index(), 0);
    });
}

/// The last requests of a draining instance end together.
fn two_last_releases(release: Release, other_release: Release) {
    model(move || {
        let pool = pool_of(1, 2);
        let first = active(&pool);
        let second = pool.claim(at(0)).unwrap();
        assert_eq!(pool.drain(first.slot), Ok(None));
        let other = spawn(&pool, move |pool| other_release(pool, second.seat));
        let mine = release(&pool, first.seat);
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_two_last_releases() {
    two_last_releases(release, release);
    two_last_releases(release, fail);
}

/// Transition 5 by check-then-act.
fn release_and_report_by_store(pool: &Shared, held: Seat) -> Option<SlotId> {
    unhold(pool, &held);
    pool.settle(0, 0, pool.leaf_and_bit(held.index()).1);
    let seen = slot::read(pool.slot_word(0));
    (seen.state == State::Drained).then(|| {
        let stopping = Slot { state: State::Stopping, ..seen };
        // ORDERING: Release; the fault is that it is a store.
        pool.slot_word(0).store(stopping.pack(), Ordering::Release);
        pool.slot_id(0, stopping)
    })
}

#[test]
#[should_panic(expected = "one stop is reported")]
fn loom_broken_report_by_load_and_store() {
    two_last_releases(release_and_report_by_store, release_and_report_by_store);
}

#[test]
fn loom_fail_fail() {
    model(|| {
        let pool = pool_of(1, 2);
        let first = active(&pool);
        let second = pool.claim(at(0)).unwrap();
        let other = spawn(&pool, |pool| fail(pool, second.seat));
        let mine = fail(&pool, first.seat);
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_fail_claim() {
    model(|| {
        let pool = pool_of(1, 2);
        let first = active(&pool);
        let other =
            spawn(&pool, |pool| pool.claim(at(1)).and_then(|claim| release(pool, claim.seat)));
        let mine = fail(&pool, first.seat);
        assert_eq!(pool.claim(at(2)), None, "no request after a failure");
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_drain_release_of_an_instance_in_two_leaves() {
    model(|| {
        let pool = pool_of(1, 3);
        let first = active(&pool);
        let other = spawn(&pool, |pool| release(pool, first.seat));
        let mine = drain(&pool, first.slot);
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

// --- Reap ----------------------------------------------------------------------------

/// An expired instance is claimed and given back at the moment of the reap:
/// either it is reaped, or it has been used and stays.
fn reap_against_a_request(concurrency: u32, reap: Reap) {
    model(move || {
        let pool = pool_of(1, concurrency);
        let slot = idle(&pool);
        let other = spawn(&pool, |pool| match pool.claim(at(1)) {
            Some(claim) => {
                let state = slot::read(pool.slot_word(0)).state;
                assert_eq!(state, State::Active, "reaped under a request");
                assert_eq!(pool.release(at(1), claim.seat), Ok(None));
                true
            }
            None => false,
        });
        let reaped = reap(&pool, slot);
        let used = other.join().unwrap();
        assert!(!(used && reaped == Reaped::Stop), "reaped though it was just used");
        assert!(used || reaped == Reaped::Stop, "neither used nor reaped");
        check_at_rest(&pool, 0);
        assert_eq!(pool.claim(at(2)).is_some(), used);
    });
}

#[test]
fn loom_reap_against_a_request() {
    reap_against_a_request(1, reap);
}

#[test]
fn loom_reap_against_a_request_in_two_leaves() {
    reap_against_a_request(3, reap);
}

fn stop(pool: &Shared) -> Reaped {
    let stopping = slot::update(pool.slot_word(0), |seen| {
        (seen.state == State::Active).then_some(Slot { state: State::Stopping, ..seen })
    });
    if stopping.is_ok() { Reaped::Stop } else { Reaped::Busy }
}

#[test]
#[should_panic(expected = "just used")]
fn loom_broken_reap_without_a_second_look_at_the_last_use() {
    reap_against_a_request(1, |pool, slot| {
        let expired = at(1) >= pool.last_used(slot.index()).after(SECOND);
        if expired && pool.claim_whole(slot.index()) { stop(pool) } else { Reaped::Busy }
    });
}

#[test]
#[should_panic(expected = "reaped")]
fn loom_broken_reap_that_claims_one_seat_of_two() {
    reap_against_a_request(2, |pool, slot| {
        let expired = at(1) >= pool.last_used(slot.index()).after(SECOND);
        if expired && pool.idle().withdraw(0, 1) != 0 { stop(pool) } else { Reaped::Busy }
    });
}

#[test]
fn loom_reap_release() {
    model(|| {
        let pool = pool_of(1, 2);
        let held = active(&pool);
        let other = spawn(&pool, |pool| pool.release(at(0), held.seat));
        let reaped = reap(&pool, held.slot);
        assert_eq!(other.join().unwrap(), Ok(None));
        check_at_rest(&pool, 0);
        assert_eq!(pool.claim(at(2)).is_none(), reaped == Reaped::Stop);
    });
}

#[test]
fn loom_reap_reap() {
    model(|| {
        let pool = pool_of(1, 3);
        let slot = idle(&pool);
        let other = spawn(&pool, move |pool| told(reap(pool, slot), slot));
        let mine = told(reap(&pool, slot), slot);
        let both = [mine, other.join().unwrap()];
        if both == [None, None] {
            // Each met the other half way, gave way, and left it in service.
            check_at_rest(&pool, 0);
            assert_eq!(reap(&pool, slot), Reaped::Stop);
        } else {
            ends_once(&pool, both);
        }
    });
}

fn drain_against_reap(concurrency: u32) {
    model(move || {
        let pool = pool_of(1, concurrency);
        let slot = idle(&pool);
        let other = spawn(&pool, move |pool| drain(pool, slot));
        let mine = told(reap(&pool, slot), slot);
        ends_once(&pool, [mine, other.join().unwrap()]);
    });
}

#[test]
fn loom_drain_reap() {
    drain_against_reap(1);
}

#[test]
fn loom_drain_reap_of_an_instance_in_two_leaves() {
    drain_against_reap(3);
}

#[test]
fn loom_drain_reap_claim() {
    model(|| {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        let drainer = spawn(&pool, move |pool| drain(pool, slot));
        let request =
            spawn(&pool, |pool| pool.claim(at(1)).and_then(|claim| release(pool, claim.seat)));
        let mine = told(reap(&pool, slot), slot);
        ends_once(&pool, [mine, drainer.join().unwrap(), request.join().unwrap()]);
    });
}
