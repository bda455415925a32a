//! What a pool refuses: handles that are stale, foreign or used twice, and
//! calls that come too early or too late. A refusal changes nothing.

use core::num::NonZeroU32;

use alloc::string::ToString;

use super::conservation::check_at_rest;
use super::spec::{KEEP_ALIVE, Lent, at, cold, idle, pool, shape, starting, words};
use crate::id::SlotId;
use crate::pool::slot::{self, MAX_GENERATION, Slot, State};
use crate::pool::{Pool, PoolConfig, PoolConfigError, Reaped, Seat, SeatError, SlotError};
use crate::sync::{AtomicU64, Ordering};

/// Every word of the pool, so that "changes nothing" is meant literally.
fn picture(words: &[AtomicU64]) -> alloc::vec::Vec<u64> {
    // ORDERING: Relaxed: one thread.
    words.iter().map(|word| word.load(Ordering::Relaxed)).collect()
}

fn pool_and_words(config: PoolConfig) -> (Lent, &'static [AtomicU64]) {
    let words = words(config.words());
    (Pool::new_in(words, config).unwrap(), words)
}

/// Every call that takes a seat refuses this one.
fn refuses_seat(pool: &Lent, words: &[AtomicU64], bits: u64, what: &str) {
    let seat = || Seat::from_bits(bits).unwrap();
    let (before, tally) = (picture(words), pool.tally());
    assert_eq!(pool.started(&seat()), Err(SeatError::Stale), "started: {what}");
    assert_eq!(pool.slot_of(&seat()), Err(SeatError::Stale), "slot_of: {what}");
    assert_eq!(pool.release(at(9), seat()), Err(SeatError::Stale), "release: {what}");
    assert_eq!(pool.fail(at(9), seat()), Err(SeatError::Stale), "fail: {what}");
    assert_eq!((picture(words), pool.tally()), (before, tally), "{what}");
}

/// Every call that takes a slot refuses this one.
fn refuses_slot(pool: &Lent, words: &[AtomicU64], slot: SlotId, what: &str) {
    let (before, tally) = (picture(words), pool.tally());
    let stale = SlotError::Stale { slot };
    assert_eq!(pool.drain(slot), Err(stale), "drain: {what}");
    assert_eq!(pool.reap_one(at(9_999), KEEP_ALIVE, slot), Err(stale), "reap_one: {what}");
    assert_eq!(pool.stopped(slot), Err(stale), "stopped: {what}");
    assert_eq!(pool.place(slot), Err(stale), "place: {what}");
    assert_eq!((picture(words), pool.tally()), (before, tally), "{what}");
}

#[test]
fn a_seat_given_back_is_stale() {
    let (pool, words) = pool_and_words(shape(2, 3));
    let first = cold(&pool);
    let bits = first.seat.into_bits();
    assert_eq!(pool.release(at(1), Seat::from_bits(bits).unwrap()), Ok(None));
    refuses_seat(&pool, words, bits, "given back");
    let again = pool.claim(at(2)).unwrap();
    refuses_seat(&pool, words, bits, "given back, and the seat is held by another");
    assert_eq!(pool.fail(at(3), again.seat), Ok(Some(first.slot)));
    refuses_seat(&pool, words, bits, "of an instance that stops");
    pool.stopped(first.slot).unwrap();
    refuses_seat(&pool, words, bits, "of an instance that has stopped");
    let next = cold(&pool);
    assert_eq!(next.slot.index(), first.slot.index());
    refuses_seat(&pool, words, bits, "of the instance before in the same slot");
}

#[test]
fn a_seat_of_no_instance_of_this_pool_is_stale() {
    // Three seats of a stride of four: the fourth index is no seat.
    let (pool, words) = pool_and_words(shape(2, 3));
    let held = cold(&pool).seat.into_bits();
    let seat = |index: u64, sequence: u64| index << 40 | sequence << 1 | 1;
    assert_eq!(held, seat(0, 1));
    for (bits, what) in [
        (seat(0, 2), "a sequence to come"),
        (seat(1, 0), "sequence 0"),
        (seat(1, 1), "a free seat"),
        (seat(3, 1), "between two instances"),
        (seat(4, 1), "of a vacant slot"),
        (seat(8, 1), "past the last instance"),
        (u64::MAX, "all ones"),
    ] {
        refuses_seat(&pool, words, bits, what);
    }
    assert_eq!(Seat::from_bits(0), None);
}

#[test]
fn a_slot_that_has_stopped_is_stale() {
    let (pool, words) = pool_and_words(PoolConfig::new(2));
    let slot = idle(&pool, 1)[0];
    assert_eq!(pool.drain(slot), Ok(Some(slot)));
    pool.stopped(slot).unwrap();
    refuses_slot(&pool, words, slot, "stopped");
    let held = cold(&pool);
    refuses_slot(&pool, words, slot, "of the generation before");
    let generation = NonZeroU32::new(held.slot.generation().get() + 1).unwrap();
    refuses_slot(&pool, words, SlotId::new(0, generation), "of a generation to come");
    refuses_slot(&pool, words, SlotId::new(1, NonZeroU32::MIN), "vacant, never started");
    refuses_slot(&pool, words, SlotId::new(2, NonZeroU32::MIN), "past the last instance");
    refuses_slot(&pool, words, SlotId::new(u32::MAX, NonZeroU32::MAX), "all ones");
}

#[test]
fn stopped_before_it_was_told_to_stop_is_refused() {
    let (pool, words) = pool_and_words(shape(1, 2));
    let first = starting(&pool);
    let refused = |what: &str| {
        let before = picture(words);
        let slot = first.slot;
        assert_eq!(pool.stopped(slot), Err(SlotError::NotStopping { slot }), "{what}");
        assert_eq!(picture(words), before, "{what}");
    };
    refused("starting");
    pool.started(&first.seat).unwrap();
    refused("in service");
    assert_eq!(pool.drain(first.slot), Ok(None));
    refused("draining");
    assert_eq!(pool.release(at(1), first.seat), Ok(Some(first.slot)));
    assert_eq!(pool.stopped(first.slot), Ok(7));
    let text = pool.stopped(first.slot).unwrap_err().to_string();
    assert_eq!(
        text,
        "stale instance 0v1: it was told to stop, has stopped, or is not of this pool"
    );
}

#[test]
fn an_instance_that_stops_cannot_be_drained_or_reaped_again() {
    let (pool, words) = pool_and_words(PoolConfig::new(1));
    let slot = idle(&pool, 1)[0];
    assert_eq!(pool.drain(slot), Ok(Some(slot)));
    let before = picture(words);
    assert_eq!(pool.drain(slot), Err(SlotError::Stale { slot }));
    assert_eq!(pool.reap_one(at(9_999), KEEP_ALIVE, slot), Ok(Reaped::Busy));
    assert_eq!(pool.reap(at(9_999), KEEP_ALIVE).count(), 0);
    assert_eq!(picture(words), before);
    assert_eq!(pool.place(slot), Ok(7), "it still has its place");
}

#[test]
fn started_twice_is_refused() {
    let (pool, words) = pool_and_words(shape(1, 2));
    let first = cold(&pool);
    let before = picture(words);
    assert_eq!(pool.started(&first.seat), Err(SeatError::AlreadyStarted));
    let second = pool.claim(at(1)).unwrap();
    assert_eq!(pool.started(&second.seat), Err(SeatError::AlreadyStarted), "from a warm seat");
    pool.release(at(1), second.seat).unwrap();
    assert_ne!(picture(words), before, "the warm request came and went");
    check_at_rest(&pool, 0);
}

#[test]
fn a_release_before_the_start_is_refused_and_the_seat_stays_held() {
    let (pool, words) = pool_and_words(shape(1, 2));
    let first = starting(&pool);
    let bits = first.seat.into_bits();
    let seat = || Seat::from_bits(bits).unwrap();
    let before = picture(words);
    assert_eq!(pool.release(at(1), seat()), Err(SeatError::NotStarted));
    assert_eq!(picture(words), before);
    assert_eq!(pool.started(&seat()), Ok(()));
    assert_eq!(pool.release(at(1), seat()), Ok(None));
}

#[test]
fn a_slot_at_its_last_generation_is_retired_for_good() {
    let (pool, words) = pool_and_words(PoolConfig::new(2));
    // ORDERING: Relaxed: one thread.
    pool.slot_word(0).store(Slot::vacant(MAX_GENERATION - 1).pack(), Ordering::Relaxed);
    for _ in 0..2 {
        let slot = idle(&pool, 1)[0];
        assert_eq!((slot.index(), pool.drain(slot)), (0, Ok(Some(slot))));
        assert_eq!(pool.stopped(slot), Ok(7));
        check_at_rest(&pool, 0);
    }
    let retired = SlotId::new(0, NonZeroU32::new(MAX_GENERATION).unwrap());
    assert_eq!(slot::read(pool.slot_word(0)).state, State::Retired);
    refuses_slot(&pool, words, retired, "retired");
    assert_eq!(pool.tally().instances_started, u64::from(MAX_GENERATION));
    assert_eq!(starting(&pool).slot.index(), 1);
    assert!(pool.begin().is_none(), "the retired slot takes no more");
}

#[test]
fn storage_that_is_too_small_is_refused_with_both_numbers() {
    let config = shape(3, 2);
    let needed = config.words();
    let refused = Pool::new_in(words(needed - 1), config).unwrap_err();
    assert_eq!(refused, PoolConfigError::Storage { words: needed - 1, needed });
    assert!(refused.to_string().contains(&needed.to_string()));
    assert!(matches!(crate::pool::FixedPool::<4>::fixed(config), Err(e) if e
        == PoolConfigError::Storage { words: 4, needed }));
    assert!(Pool::new_in(words(needed), config).is_ok());
}

#[test]
fn a_shape_out_of_range_is_refused_before_any_word_is_touched() {
    for config in [shape(0, 1), shape(1, 0), shape(1, 1_601), shape(u32::MAX, 1_600)] {
        assert!(Pool::new_in(words(0), config).is_err(), "{config:?}");
    }
}

#[test]
fn the_largest_requests_of_an_instance_fit_its_slot_word() {
    let pool = pool(shape(1, 1_600));
    let first = cold(&pool);
    let held: alloc::vec::Vec<_> = core::iter::from_fn(|| pool.claim(at(1))).collect();
    assert_eq!(pool.fail(at(2), first.seat), Ok(None));
    let told: alloc::vec::Vec<_> =
        held.into_iter().map(|claim| pool.release(at(3), claim.seat)).collect();
    assert!(told[..1_598].iter().all(|answer| *answer == Ok(None)));
    assert_eq!(told[1_598], Ok(Some(first.slot)));
}
