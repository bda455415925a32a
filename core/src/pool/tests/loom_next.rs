//! The slot after its instance: stopped, begun again, and threads that are slow
//! enough to meet the next instance in it, under loom.

use super::conservation::check_at_rest;
use super::fixture::{
    Shared, active, at, drain, idle, mark, model, pool_of, reap, release, spawn, told, unhold,
};
use crate::id::SlotId;
use crate::pool::SlotError;
use crate::pool::slot::{self, State};
use crate::time::Duration;

type Drain = fn(&Shared, SlotId) -> Option<SlotId>;

#[test]
fn loom_stopped_twice() {
    model(|| {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        assert_eq!(pool.drain(slot), Ok(Some(slot)));
        let other = spawn(&pool, move |pool| pool.stopped(slot));
        let mut both = [pool.stopped(slot), other.join().unwrap()];
        both.sort_by_key(Result::is_err);
        assert_eq!(both, [Ok(7), Err(SlotError::Stale { slot })]);
        check_at_rest(&pool, 0);
    });
}

#[test]
fn loom_stopped_begin() {
    model(|| {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        assert_eq!(pool.drain(slot), Ok(Some(slot)));
        let other = spawn(&pool, move |pool| pool.stopped(slot));
        let next = pool.begin().map(|vacancy| vacancy.start(8));
        assert_eq!(other.join().unwrap(), Ok(7));
        check_at_rest(&pool, 0);
        if let Some(next) = next {
            assert_eq!(next.slot.generation().get(), 2);
            assert_eq!(pool.place(next.slot), Ok(8));
        }
    });
}

/// One thread gives the last seat back, another stops the instance and starts
/// the next in its slot: it sees the seat free, and used by no one.
#[test]
fn loom_the_next_instance_sees_how_the_last_one_ended() {
    model(|| {
        let pool = pool_of(1, 1);
        let held = active(&pool);
        assert_eq!(pool.drain(held.slot), Ok(None));
        let other = spawn(&pool, |pool| release(pool, held.seat));
        let stop = pool.reap(at(0), Duration::MAX).next();
        if let Some(stop) = stop {
            assert_eq!(pool.stopped(stop), Ok(7));
            let next = active(&pool);
            assert_eq!(pool.last_used(0), at(0), "the last use of the one before");
            assert_eq!(pool.release(at(0), next.seat), Ok(None));
        }
        let told = other.join().unwrap();
        assert!(told.is_some() != stop.is_some(), "told once");
        check_at_rest(&pool, 0);
    });
}

/// A drain that is slow between its mark and its withdrawal, while the slot
/// goes on to its next instance: what it withdraws is that one's, and goes back.
fn a_slow_drain_meets_the_next_instance(drain: Drain) {
    model(move || {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        let other = spawn(&pool, move |pool| drain(pool, slot));
        // Settles the seat, if the drain has marked and not yet withdrawn it.
        let ended = pool.claim(at(1)).is_none();
        let stop = pool.reap(at(0), Duration::MAX).next();
        let next = stop.map(|stop| {
            assert!(ended && stop == slot);
            assert_eq!(pool.stopped(stop), Ok(7));
            idle(&pool)
        });
        let told = other.join().unwrap();
        check_at_rest(&pool, 0);
        if let Some(next) = next {
            assert_eq!(told, None);
            assert_eq!(pool.claim(at(1)).map(|claim| claim.slot), Some(next));
        }
    });
}

#[test]
fn loom_a_slow_drain_meets_the_next_instance() {
    a_slow_drain_meets_the_next_instance(drain);
}

#[test]
#[should_panic(expected = "is Slot")]
fn loom_broken_drain_that_drops_what_it_cannot_collect() {
    a_slow_drain_meets_the_next_instance(|pool, slot| {
        mark(pool, slot);
        if pool.idle().withdraw(0, 1) != 0 {
            let collected = slot::update(pool.slot_word(0), |seen| {
                (seen.state == State::Draining).then(|| slot::collect(seen, 1, 1))
            });
            if collected.is_err() {
                return None;
            }
        }
        pool.report(slot.index(), slot.generation().get())
    });
}

/// A reap that found an instance expired, while its slot goes on to the next
/// one, which has expired too: the reap is not of that one.
#[test]
fn loom_a_slow_reap_meets_the_next_instance() {
    model(|| {
        let pool = pool_of(1, 1);
        let slot = idle(&pool);
        let other = spawn(&pool, move |pool| told(reap(pool, slot), slot));
        let stop = drain(&pool, slot);
        let next = stop.map(|stop| {
            assert_eq!(pool.stopped(stop), Ok(7));
            idle(&pool)
        });
        let told = other.join().unwrap();
        assert!(told.is_none() || next.is_none(), "told twice to stop {slot}");
        check_at_rest(&pool, 0);
        let claimed = pool.claim(at(1)).map(|claim| claim.slot);
        assert_eq!(claimed, next, "the next one stays");
    });
}

/// A reap that found an instance drained, while another reports it and the next
/// one in its slot comes to the same point: the reap is not of that one.
#[test]
fn loom_a_slow_report_meets_the_next_instance() {
    model(|| {
        let pool = pool_of(1, 1);
        let held = active(&pool);
        let slot = held.slot;
        assert_eq!(pool.drain(slot), Ok(None));
        unhold(&pool, &held.seat);
        pool.settle(0, 0, 1);
        let other = spawn(&pool, move |pool| told(reap(pool, slot), slot));
        let first = pool.reap(at(0), Duration::MAX).next();
        let second = first.map(|stop| {
            assert_eq!((stop, pool.stopped(stop)), (slot, Ok(7)));
            let next = active(&pool);
            assert_eq!(pool.drain(next.slot), Ok(None));
            release(&pool, next.seat) == Some(next.slot)
        });
        let told = other.join().unwrap();
        assert!(told.is_some() != first.is_some(), "{slot} is reported once");
        assert_ne!(second, Some(false), "each report names its own instance");
        check_at_rest(&pool, 0);
    });
}
