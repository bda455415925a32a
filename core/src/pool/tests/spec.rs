//! The pool's specification: which instance serves, which starts, which stops.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::conservation::check_at_rest;
use crate::id::SlotId;
use crate::pool::{Claim, Pick, Pool, PoolConfig, Reaped, Seat, Tally};
use crate::sync::AtomicU64;
use crate::time::{Duration, Instant};

/// Over lent words, so that these tests run without an allocator's forms too.
pub(super) type Lent = Pool<&'static [AtomicU64]>;

pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(600);

pub(super) fn at(second: u64) -> Instant {
    Instant::from_secs(second)
}

pub(super) fn words(count: usize) -> &'static [AtomicU64] {
    let words: Vec<_> = (0..count).map(|_| AtomicU64::new(u64::MAX)).collect();
    Box::leak(words.into_boxed_slice())
}

pub(super) fn pool(config: PoolConfig) -> Lent {
    Pool::new_in(words(config.words()), config).unwrap()
}

pub(super) fn shape(instances: u32, concurrency: u32) -> PoolConfig {
    PoolConfig { instance_concurrency: concurrency, ..PoolConfig::new(instances) }
}

/// A cold start whose instance has not initialised; place 7.
pub(super) fn starting(pool: &Lent) -> Claim {
    pool.begin().unwrap().start(7)
}

/// A cold start whose instance has initialised.
pub(super) fn cold(pool: &Lent) -> Claim {
    let claim = starting(pool);
    pool.started(&claim.seat).unwrap();
    claim
}

/// `count` instances in service without a request, last used at 0.
pub(super) fn idle(pool: &Lent, count: usize) -> Vec<SlotId> {
    let held: Vec<_> = (0..count).map(|_| cold(pool)).collect();
    let slots = held.iter().map(|claim| claim.slot).collect();
    for claim in held {
        assert_eq!(pool.release(at(0), claim.seat), Ok(None));
    }
    slots
}

fn warm(pool: &Lent) -> Option<u32> {
    pool.claim(at(9)).map(|claim| claim.slot.index())
}

// --- Which instance serves ------------------------------------------------------

#[test]
fn packed_takes_the_lowest_free_instance() {
    let pool = pool(PoolConfig::new(70));
    idle(&pool, 70);
    let mut held: Vec<_> = (0..70).map(|_| pool.claim(at(1)).unwrap()).collect();
    assert!(held.iter().map(|claim| claim.slot.index()).eq(0..70));
    assert_eq!(warm(&pool), None);
    for last in [3, 64, 40] {
        let claim = held.swap_remove(last);
        pool.release(at(2), claim.seat).unwrap();
    }
    assert_eq!(
        [warm(&pool), warm(&pool), warm(&pool), warm(&pool)],
        [Some(3), Some(40), Some(64), None]
    );
}

/// Three instances, given back in the order 1, 2, 0 with a tie of 1 and 2.
fn given_back_in_order(pick: Pick) -> [Option<u32>; 4] {
    let pool = pool(PoolConfig { pick, ..PoolConfig::new(3) });
    let [zero, one, two] = [cold(&pool), cold(&pool), cold(&pool)];
    pool.release(at(5), one.seat).unwrap();
    pool.release(at(5), two.seat).unwrap();
    pool.release(at(8), zero.seat).unwrap();
    [warm(&pool), warm(&pool), warm(&pool), warm(&pool)]
}

#[test]
fn most_recent_takes_the_last_used_and_ties_go_to_the_lowest() {
    assert_eq!(given_back_in_order(Pick::MostRecent), [Some(0), Some(1), Some(2), None]);
}

#[test]
fn least_recent_takes_the_longest_unused_and_ties_go_to_the_lowest() {
    assert_eq!(given_back_in_order(Pick::LeastRecent), [Some(1), Some(2), Some(0), None]);
}

#[test]
fn an_instance_inherits_no_use_from_the_one_before_it_in_its_slot() {
    let pool = pool(PoolConfig { pick: Pick::LeastRecent, ..shape(2, 2) });
    let [first, second] = [cold(&pool), cold(&pool)];
    pool.release(at(1), second.seat).unwrap();
    assert_eq!(pool.fail(at(100), first.seat), Ok(Some(first.slot)));
    pool.stopped(first.slot).unwrap();
    let third = cold(&pool);
    assert_eq!(third.slot.index(), first.slot.index());
    assert_eq!(warm(&pool), Some(third.slot.index()), "no request of it has ended yet");
}

#[test]
fn every_seat_of_an_instance_serves_one_request() {
    for concurrency in [1, 2, 3, 32, 33, 64, 1_600] {
        let pool = pool(shape(2, concurrency));
        let [first, second] = [cold(&pool), cold(&pool)];
        let mut held: Vec<_> = core::iter::from_fn(|| pool.claim(at(1))).collect();
        assert_eq!(held.len(), 2 * (concurrency as usize - 1), "concurrency {concurrency}");
        held.extend([first, second]);
        for slot in 0..2 {
            let here = held.iter().filter(|claim| claim.slot.index() == slot).count();
            assert_eq!(here, concurrency as usize);
        }
        check_at_rest(&pool, 0);
        for claim in held {
            assert_eq!(pool.release(at(2), claim.seat), Ok(None));
        }
        check_at_rest(&pool, 0);
        assert_eq!(pool.reap(at(602), KEEP_ALIVE).count(), 2, "concurrency {concurrency}");
        check_at_rest(&pool, 0);
    }
}

#[test]
fn a_pool_of_thousands_finds_its_last_instance() {
    let pool = pool(PoolConfig::new(5_000));
    idle(&pool, 5_000);
    let held: Vec<_> = core::iter::from_fn(|| pool.claim(at(1))).collect();
    assert_eq!(held.len(), 5_000);
    for claim in held.into_iter().rev().take(1) {
        pool.release(at(2), claim.seat).unwrap();
    }
    assert_eq!(warm(&pool), Some(4_999));
}

// --- Which starts ---------------------------------------------------------------

#[test]
fn a_cold_start_holds_its_seat_until_its_request_ends() {
    let pool = pool(shape(1, 2));
    let first = starting(&pool);
    assert_eq!(warm(&pool), None, "it initialises: no seat is open");
    assert_eq!(pool.tally().in_flight, 1);
    pool.started(&first.seat).unwrap();
    assert_eq!(warm(&pool), Some(0), "its second seat is open");
    assert_eq!(warm(&pool), None, "its first is held by the request that started it");
    assert_eq!(pool.slot_of(&first.seat), Ok(first.slot));
}

#[test]
fn vacancies_are_the_lowest_first_and_bounded_by_the_capacity() {
    let pool = pool(PoolConfig::new(33));
    let vacancies: Vec<_> = core::iter::from_fn(|| pool.begin()).collect();
    assert_eq!(vacancies.len(), 33);
    let started: Vec<_> = vacancies.into_iter().map(|vacancy| vacancy.start(0)).collect();
    assert!(started.iter().map(|claim| claim.slot.index()).eq(0..33));
    assert!(pool.begin().is_none());
    assert_eq!(pool.tally().instances, 33);
}

#[test]
fn a_cancelled_vacancy_is_free_again_and_was_no_instance() {
    let pool = pool(PoolConfig::new(1));
    let vacancy = pool.begin().unwrap();
    assert!(pool.begin().is_none());
    check_at_rest(&pool, 1);
    drop(vacancy);
    assert_eq!(pool.tally(), Tally::default());
    assert_eq!(starting(&pool).slot.generation().get(), 1);
}

#[test]
fn a_claim_or_a_vacancy_or_neither() {
    let pool = pool(PoolConfig::new(1));
    let vacancy = pool.claim_or_begin(at(0)).unwrap().unwrap_err();
    let first = vacancy.start(7);
    assert!(pool.claim_or_begin(at(0)).is_none(), "full and busy");
    pool.started(&first.seat).unwrap();
    pool.release(at(1), first.seat).unwrap();
    assert!(pool.claim_or_begin(at(1)).unwrap().is_ok(), "idle");
}

#[test]
fn the_place_comes_back_when_the_instance_has_stopped() {
    let pool = pool(PoolConfig::new(1));
    let first = pool.begin().unwrap().start(crate::pool::MAX_PLACE);
    assert_eq!(pool.place(first.slot), Ok(crate::pool::MAX_PLACE));
    assert_eq!(pool.fail(at(1), first.seat), Ok(Some(first.slot)));
    assert_eq!(pool.stopped(first.slot), Ok(crate::pool::MAX_PLACE));
    let above = pool.begin().unwrap().start(crate::pool::MAX_PLACE + 9);
    assert_eq!(pool.place(above.slot), Ok(8), "what is above the limit is cut off");
}

// --- Which stops ----------------------------------------------------------------

#[test]
fn an_instance_idle_for_exactly_its_keep_alive_expires() {
    let pool = pool(PoolConfig::new(1));
    let slot = idle(&pool, 1)[0];
    let just_before = Instant::from_nanos(at(600).as_nanos() - 1);
    assert_eq!(pool.reap(just_before, KEEP_ALIVE).count(), 0);
    assert_eq!(pool.reap_one(just_before, KEEP_ALIVE, slot), Ok(Reaped::Until(at(600))));
    assert!(pool.reap(at(600), KEEP_ALIVE).eq([slot]));
    assert_eq!(pool.reap_one(at(600), KEEP_ALIVE, slot), Ok(Reaped::Busy), "already told");
    assert_eq!(warm(&pool), None);
    assert_eq!(pool.stopped(slot), Ok(7));
    check_at_rest(&pool, 0);
}

#[test]
fn the_idle_clock_starts_at_the_end_of_the_last_request() {
    let pool = pool(shape(1, 2));
    let first = cold(&pool);
    let second = pool.claim(at(1)).unwrap();
    pool.release(at(50), second.seat).unwrap();
    assert_eq!(pool.reap_one(at(9_999), KEEP_ALIVE, first.slot), Ok(Reaped::Busy));
    pool.release(at(40), first.seat).unwrap();
    let reaped = pool.reap_one(at(60), KEEP_ALIVE, first.slot);
    assert_eq!(reaped, Ok(Reaped::Until(at(650))), "the later of the two");
}

#[test]
fn time_that_runs_backwards_is_clamped_and_counted() {
    for concurrency in [1, 2] {
        let pool = pool(shape(1, concurrency));
        let first = cold(&pool);
        pool.release(at(100), first.seat).unwrap();
        let again = pool.claim(at(3)).unwrap();
        pool.release(at(3), again.seat).unwrap();
        let reaped = pool.reap_one(at(2), KEEP_ALIVE, first.slot);
        assert_eq!(reaped, Ok(Reaped::Until(at(700))), "concurrency {concurrency}");
        assert_eq!(pool.tally().clock_regressions, 1);
    }
}

#[test]
fn a_reap_takes_one_instance_at_each_step() {
    let pool = pool(PoolConfig::new(3));
    let slots = idle(&pool, 3);
    let mut reap = pool.reap(at(600), KEEP_ALIVE);
    assert_eq!(reap.next(), Some(slots[0]));
    let claim = pool.claim(at(600)).unwrap();
    assert_eq!(claim.slot, slots[1], "not yet taken, it stays in service");
    assert_eq!(reap.next(), Some(slots[2]));
    assert_eq!(reap.next(), None);
}

#[test]
fn a_drained_instance_stops_after_its_last_request() {
    let pool = pool(shape(1, 3));
    let first = cold(&pool);
    let second = pool.claim(at(1)).unwrap();
    assert_eq!(pool.drain(first.slot), Ok(None));
    assert_eq!(pool.drain(first.slot), Ok(None), "twice changes nothing");
    assert_eq!(warm(&pool), None, "it gets no more requests");
    assert_eq!(pool.reap_one(at(9_999), KEEP_ALIVE, first.slot), Ok(Reaped::Busy));
    assert_eq!(pool.release(at(2), first.seat), Ok(None));
    check_at_rest(&pool, 0);
    assert_eq!(pool.release(at(3), second.seat), Ok(Some(second.slot)));
    assert_eq!(pool.stopped(second.slot), Ok(7));
    check_at_rest(&pool, 0);
}

#[test]
fn an_idle_instance_is_drained_at_once() {
    for concurrency in [1, 33] {
        let pool = pool(shape(1, concurrency));
        let slot = idle(&pool, 1)[0];
        assert_eq!(pool.drain(slot), Ok(Some(slot)));
        assert_eq!(pool.stopped(slot), Ok(7));
        check_at_rest(&pool, 0);
    }
}

#[test]
fn an_instance_drained_while_it_starts_serves_the_request_it_has() {
    let pool = pool(shape(1, 33));
    let first = starting(&pool);
    assert_eq!(pool.drain(first.slot), Ok(None));
    assert_eq!(pool.started(&first.seat), Ok(()), "no error");
    assert_eq!(warm(&pool), None, "its other seats stay shut");
    check_at_rest(&pool, 0);
    assert_eq!(pool.release(at(1), first.seat), Ok(Some(first.slot)));
    check_at_rest(&pool, 0);
}

#[test]
fn a_failed_start_stops_the_instance() {
    for concurrency in [1, 2] {
        let pool = pool(shape(1, concurrency));
        let first = starting(&pool);
        assert_eq!(pool.fail(at(1), first.seat), Ok(Some(first.slot)));
        assert_eq!(pool.stopped(first.slot), Ok(7));
        check_at_rest(&pool, 0);
    }
}

#[test]
fn a_failure_lets_the_other_requests_finish_and_the_last_one_reports() {
    let pool = pool(shape(1, 4));
    let first = cold(&pool);
    let second = pool.claim(at(1)).unwrap();
    let third = pool.claim(at(1)).unwrap();
    assert_eq!(pool.fail(at(2), second.seat), Ok(None));
    assert_eq!(warm(&pool), None, "it takes no more requests");
    assert_eq!(pool.fail(at(3), third.seat), Ok(None), "another failure changes nothing");
    check_at_rest(&pool, 0);
    assert_eq!(pool.release(at(4), first.seat), Ok(Some(first.slot)));
}

#[test]
fn a_slot_that_has_stopped_takes_the_next_instance_in_a_new_generation() {
    let pool = pool(PoolConfig::new(1));
    for generation in 1..=3 {
        let slot = idle(&pool, 1)[0];
        assert_eq!((slot.index(), slot.generation().get()), (0, generation));
        assert_eq!(pool.drain(slot), Ok(Some(slot)));
        assert!(pool.begin().is_none(), "it has not stopped yet");
        pool.stopped(slot).unwrap();
    }
    assert_eq!(pool.tally(), Tally { requests: 3, instances_started: 3, ..Tally::default() });
}

#[test]
fn the_longest_keep_alive_never_ends_before_its_time() {
    let pool = pool(PoolConfig::new(1));
    let first = cold(&pool);
    pool.release(Instant::MAX, first.seat).unwrap();
    let reaped = pool.reap_one(Instant::MAX, Duration::MAX, first.slot);
    assert_eq!(reaped, Ok(Reaped::Until(Instant::MAX)));
}

// --- What it counts, where it is kept ----------------------------------------------

#[test]
fn the_tally_counts_requests_instances_and_the_idle() {
    let pool = pool(shape(4, 2));
    let slot = idle(&pool, 1)[0];
    let [busy, starts] = [cold(&pool), starting(&pool)];
    let expected = Tally {
        requests: 3,
        instances_started: 3,
        in_flight: 2,
        instances: 3,
        idle_instances: 1,
        clock_regressions: 0,
    };
    assert_eq!(pool.tally(), expected);
    assert_eq!(pool.drain(slot), Ok(Some(slot)));
    assert_eq!(pool.tally(), Tally { idle_instances: 0, ..expected }, "stopping is an instance");
    drop((busy, starts));
    assert!(alloc::format!("{pool:?}").contains("instances_started: 3"));
}

#[test]
fn a_seat_survives_as_bits() {
    let pool = pool(PoolConfig::new(1));
    let bits = cold(&pool).seat.into_bits();
    assert_eq!(pool.release(at(1), Seat::from_bits(bits).unwrap()), Ok(None));
}

/// A little of everything; what each call answered.
#[cfg(feature = "alloc")]
fn script<W: crate::sync::Storage>(pool: &Pool<W>) -> Vec<alloc::string::String> {
    let mut answers = Vec::new();
    let mut held = Vec::new();
    for step in 0..400_u64 {
        let answer = match step * step % 7 {
            0 | 1 => match pool.claim_or_begin(at(step)) {
                Some(Ok(claim)) => {
                    let answer = alloc::format!("{claim:?}");
                    held.push(claim.seat);
                    answer
                }
                Some(Err(vacancy)) => {
                    let claim = vacancy.start(1);
                    let answer = alloc::format!("{claim:?} {:?}", pool.started(&claim.seat));
                    held.push(claim.seat);
                    answer
                }
                None => "none".into(),
            },
            2 => alloc::format!("{:?}", held.pop().map(|seat| pool.release(at(step), seat))),
            _ if step % 5 == 0 => {
                let stop: Vec<_> = pool.reap(at(step), Duration::from_secs(9)).collect();
                alloc::format!("{:?}", stop.iter().map(|&s| pool.stopped(s)).collect::<Vec<_>>())
            }
            _ => alloc::format!("{:?}", pool.tally()),
        };
        answers.push(answer);
    }
    answers
}

#[cfg(feature = "alloc")]
#[test]
fn heap_fixed_and_lent_storage_give_the_same_answers() {
    const SHAPE: PoolConfig = PoolConfig { instance_concurrency: 3, ..PoolConfig::new(40) };
    let heap = script(&Pool::new(SHAPE).unwrap());
    let fixed: crate::pool::FixedPool<{ SHAPE.words() }> = Pool::fixed(SHAPE).unwrap();
    assert_eq!(script(&fixed), heap);
    let lent = words(SHAPE.words() + 5);
    assert_eq!(script(&Pool::new_in(lent, SHAPE).unwrap()), heap);
    let again = Pool::new_in(lent, SHAPE).unwrap();
    assert_eq!(script(&again), heap, "a new pool overwrites the words");
}
