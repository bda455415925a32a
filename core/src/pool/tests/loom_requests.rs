//! Requests under loom: each pair of claim, begin, started, release; what they
//! publish; that "none" is exact; and twins without one step of the protocol.

use alloc::boxed::Box;

use super::conservation::check_at_rest;
use super::fixture::{Shared, active, at, idle, model, pool_of, spawn, starting};
use crate::pool::slot::{self, Slot, State};
use crate::pool::{Claim, Seat, SeatError, Vacancy, seat};
use crate::sync::{AtomicU64, Ordering};

type Words = Box<[AtomicU64]>;

// --- Claims and releases --------------------------------------------------------

#[test]
fn loom_one_idle_seat_two_claims() {
    model(|| {
        let pool = pool_of(1, 1);
        idle(&pool);
        let other = spawn(&pool, |pool| pool.claim(at(1)).is_some());
        let mine = pool.claim(at(1)).is_some();
        assert!(mine != other.join().unwrap(), "exactly one gets it");
        check_at_rest(&pool, 0);
    });
}

#[test]
fn loom_two_idle_instances_two_claims() {
    model(|| {
        let pool = pool_of(3, 1);
        let held = [active(&pool), active(&pool), active(&pool)];
        let [first, middle, last] = held.map(|claim| claim.seat);
        pool.release(at(0), first).unwrap();
        pool.release(at(0), last).unwrap();
        let other = spawn(&pool, |pool| pool.claim(at(1)).map(|claim| claim.slot));
        let mine = pool.claim(at(1)).map(|claim| claim.slot);
        let other = other.join().unwrap();
        assert!(mine.is_some() && other.is_some() && mine != other, "{mine:?} {other:?}");
        check_at_rest(&pool, 0);
        drop(middle);
    });
}

/// What the last request left at its instance, the next one sees.
#[test]
fn loom_release_claim_publishes_the_last_use() {
    model(|| {
        let pool = pool_of(1, 1);
        let held = active(&pool);
        let other = spawn(&pool, |pool| pool.release(at(5), held.seat));
        let claim = pool.claim(at(6));
        if let Some(claim) = &claim {
            assert_eq!(pool.last_used(claim.slot.index()), at(5), "the last use was lost");
        }
        assert_eq!(other.join().unwrap(), Ok(None));
        check_at_rest(&pool, 0);
        assert!(claim.is_some() || pool.claim(at(7)).is_some(), "the seat was lost");
    });
}

/// While one request moves from seat to seat, taking the new one before it
/// gives up the old, of two seats one is always free.
#[test]
fn loom_a_claim_finds_the_free_one_of_two() {
    model(|| {
        let pool = pool_of(3, 1);
        let held = [active(&pool), active(&pool), active(&pool)];
        let [first, middle, last] = held.map(|claim| claim.seat);
        pool.release(at(0), last).unwrap();
        let other = spawn(&pool, |pool| {
            pool.release(at(1), first).unwrap();
            pool.claim(at(1)).is_some()
        });
        assert!(pool.claim(at(1)).is_some(), "of two seats at most one was held");
        assert!(other.join().unwrap(), "of two seats at most one was held");
        check_at_rest(&pool, 0);
        drop(middle);
    });
}

/// Instances of three seats, which straddle two leaves.
#[test]
fn loom_claims_and_a_release_of_one_instance() {
    model(|| {
        let pool = pool_of(1, 3);
        let first = active(&pool);
        let second = pool.claim(at(0)).unwrap();
        let other = spawn(&pool, |pool| {
            pool.release(at(1), first.seat).unwrap();
            pool.claim(at(1)).is_some()
        });
        assert!(pool.claim(at(1)).is_some());
        assert!(other.join().unwrap());
        check_at_rest(&pool, 0);
        assert_eq!(pool.tally().in_flight, 3);
        drop(second);
    });
}

// --- One lease, two threads -------------------------------------------------------

type GiveBack = fn(&Shared, Seat) -> bool;

/// Two threads give the same lease back: exactly one does.
fn a_lease_is_given_back_once(give_back: GiveBack) {
    model(move || {
        let pool = pool_of(1, 1);
        let bits = active(&pool).seat.into_bits();
        let again = move || Seat::from_bits(bits).unwrap();
        let other = spawn(&pool, move |pool| give_back(pool, again()));
        let mine = give_back(&pool, again());
        let other = other.join().unwrap();
        assert!(mine != other, "given back once: {mine} {other}");
        assert!(pool.claim(at(1)).is_some());
        assert!(!give_back(&pool, again()), "and never again");
    });
}

#[test]
fn loom_double_release() {
    a_lease_is_given_back_once(|pool, seat| pool.release(at(1), seat).is_ok());
}

/// `seat::give_back` by check-then-act.
fn give_back_by_store(pool: &Shared, held: Seat) -> bool {
    let Ok(slot) = pool.slot_of(&held) else { return false };
    let word = pool.seat_word(held.index());
    // ORDERING: Relaxed, as the real one; the fault is that it stores.
    let seen = word.load(Ordering::Relaxed);
    if seat::held(word, &held).is_none() {
        return false;
    }
    // ORDERING: Relaxed, as the real one; the fault is that it stores.
    word.store(seen & !1, Ordering::Relaxed);
    // Not `insert`: its assertion would catch the fault before the test does.
    let (leaf, bit) = pool.leaf_and_bit(held.index());
    pool.idle().withdraw(leaf, bit);
    pool.idle().insert(leaf, bit);
    if slot::read(pool.slot_word(slot.index())).state != State::Active {
        pool.recheck(slot.index(), leaf, bit);
    }
    true
}

#[test]
#[should_panic(expected = "given back once")]
fn loom_broken_give_back_by_load_and_store() {
    a_lease_is_given_back_once(give_back_by_store);
}

#[test]
fn loom_release_against_fail_of_one_lease() {
    model(|| {
        let pool = pool_of(1, 1);
        let bits = active(&pool).seat.into_bits();
        let other = spawn(&pool, move |pool| pool.fail(at(1), Seat::from_bits(bits).unwrap()));
        let mine = pool.release(at(1), Seat::from_bits(bits).unwrap());
        let other = other.join().unwrap();
        match (mine, other) {
            (Ok(None), Err(SeatError::Stale)) => assert_eq!(pool.tally().idle_instances, 1),
            (Err(SeatError::Stale), Ok(Some(slot))) => assert_eq!(pool.stopped(slot), Ok(7)),
            both => panic!("exactly one ends the request: {both:?}"),
        }
        check_at_rest(&pool, 0);
    });
}

/// One thread reports the start, another fails the same lease.
#[test]
fn loom_started_against_fail_of_one_lease() {
    model(|| {
        let pool = pool_of(1, 2);
        let bits = starting(&pool).seat.into_bits();
        let other = spawn(&pool, move |pool| {
            let slot = pool.fail(at(1), Seat::from_bits(bits).unwrap()).unwrap();
            if let Some(slot) = slot {
                pool.stopped(slot).unwrap();
                // The same slot again: the report must not reach this instance.
                return (Some(slot), Some(starting(pool)));
            }
            (slot, None)
        });
        let _started = pool.started(&Seat::from_bits(bits).unwrap());
        let (told, next) = other.join().unwrap();
        if let Some(next) = next {
            assert_eq!(pool.claim(at(2)), None, "the next instance has not started");
            assert_eq!(pool.fail(at(2), next.seat), Ok(Some(next.slot)));
        } else {
            let left = pool.reap(at(0), crate::time::Duration::MAX).count();
            assert_eq!((told, left), (None, 1), "the stop is reported");
        }
        check_at_rest(&pool, 0);
    });
}

// --- Cold starts ------------------------------------------------------------------

/// The other seats of an instance open when it has started, not before.
#[test]
fn loom_started_against_claim() {
    model(|| {
        let pool = pool_of(1, 3);
        let first = starting(&pool);
        let other = spawn(&pool, move |pool| pool.started(&first.seat));
        let claim = pool.claim(at(1));
        if let Some(Claim { slot, .. }) = &claim {
            assert_eq!(slot::read(pool.slot_word(slot.index())).state, State::Active);
        }
        assert_eq!(other.join().unwrap(), Ok(()));
        check_at_rest(&pool, 0);
        assert_eq!(pool.tally().requests, 1 + u64::from(claim.is_some()));
    });
}

#[test]
fn loom_begin_begin() {
    model(|| {
        let pool = pool_of(2, 1);
        let other = spawn(&pool, |pool| starting(pool).slot);
        let mine = starting(&pool).slot;
        assert!(mine != other.join().unwrap());
        assert!(pool.begin().is_none());
        check_at_rest(&pool, 0);
    });
}

#[test]
fn loom_the_last_vacancy() {
    model(|| {
        let pool = pool_of(1, 1);
        let other = spawn(&pool, |pool| pool.begin().map(|vacancy| vacancy.start(7)));
        let mine = pool.begin().map(|vacancy| vacancy.start(7));
        assert!(mine.is_some() != other.join().unwrap().is_some(), "exactly one");
        check_at_rest(&pool, 0);
    });
}

#[test]
fn loom_begin_against_cancel() {
    model(|| {
        let pool = pool_of(1, 1);
        let vacancy = pool.vacant().claim(0).unwrap();
        let other = spawn(&pool, move |pool| pool.vacate(vacancy));
        let mine = pool.begin();
        other.join().unwrap();
        check_at_rest(&pool, u32::from(mine.is_some()));
    });
}

// --- Neither a seat nor a vacancy ---------------------------------------------------

type ClaimOrBegin = fn(&Shared) -> Option<Result<Claim, Vacancy<'_, Words>>>;

/// A thread frees a seat before it takes the last vacancy, so there is always
/// one of the two.
fn a_seat_or_a_vacancy_is_found(claim_or_begin: ClaimOrBegin) {
    model(move || {
        let pool = pool_of(2, 1);
        let held = active(&pool);
        let other = spawn(&pool, |pool| {
            pool.release(at(1), held.seat).unwrap();
            // What `begin` does, without the borrow that a thread cannot keep.
            pool.vacant().claim(0).ok()
        });
        let mine = claim_or_begin(&pool);
        let other = other.join().unwrap();
        assert!(mine.is_some(), "a seat or a vacancy was there throughout");
        let holding = u32::from(matches!(mine, Some(Err(_)))) + u32::from(other.is_some());
        check_at_rest(&pool, holding);
    });
}

#[test]
fn loom_claim_or_begin_finds_what_moves_between_the_sets() {
    a_seat_or_a_vacancy_is_found(|pool| pool.claim_or_begin(at(1)));
}

#[test]
#[should_panic(expected = "was there throughout")]
fn loom_broken_claim_or_begin_without_the_epoch() {
    a_seat_or_a_vacancy_is_found(|pool| {
        pool.claim(at(1)).map(Ok).or_else(|| pool.begin().map(Err))
    });
}

/// The other way round: a vacancy comes free before the last seat is taken.
#[test]
fn loom_claim_or_begin_against_cancel_and_claim() {
    model(|| {
        let pool = pool_of(2, 1);
        idle(&pool);
        let vacancy = pool.vacant().claim(0).unwrap();
        let other = spawn(&pool, move |pool| {
            pool.vacate(vacancy);
            pool.claim(at(1)).is_some()
        });
        let mine = pool.claim_or_begin(at(1));
        let other = other.join().unwrap();
        assert!(mine.is_some(), "a seat or a vacancy was there throughout");
        assert!(other || matches!(mine, Some(Ok(_))), "the seat went to one of them");
        check_at_rest(&pool, u32::from(matches!(mine, Some(Err(_)))));
    });
}

/// Two requests, one instance at most: one waits for neither, it is refused.
#[test]
fn loom_claim_or_begin_twice() {
    model(|| {
        let pool = pool_of(1, 1);
        let serve = |pool: &Shared| {
            let found = pool.claim_or_begin(at(1))?;
            Some(found.unwrap_or_else(|vacancy| vacancy.start(7)))
        };
        let other = spawn(&pool, move |pool| serve(pool).is_some());
        let mine = serve(&pool).is_some();
        assert!(mine != other.join().unwrap(), "exactly one");
        check_at_rest(&pool, 0);
    });
}

/// A slot word read by someone without a seat is a view: it never decides.
#[test]
fn loom_tally_during_a_start_is_within_bounds() {
    model(|| {
        let pool = pool_of(1, 1);
        let other = spawn(&pool, |pool| starting(pool).slot);
        let seen = pool.tally();
        other.join().unwrap();
        assert!(seen.instances <= 1 && seen.in_flight <= 1 && seen.idle_instances == 0);
        let Slot { generation, state, .. } = slot::read(pool.slot_word(0));
        assert_eq!((generation, state), (1, State::Starting));
    });
}
