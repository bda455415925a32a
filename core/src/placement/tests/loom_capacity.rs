//! One node under loom: each pair of reserve and release, and what a release
//! makes visible. A broken twin beside each shows that loom would notice.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};

use super::loom_model::{both, model};
use super::{ONE, SmallFleet, fleet_of};
use crate::id::NodeId;
use crate::placement::word::Free;
use crate::placement::{Reservation, Strategy};
use crate::resources::{Resource, Resources};

/// Takes one of the only node: whether it had room.
type Reserve = fn(&SmallFleet) -> bool;
/// Gives one of the only node back: whether it was held.
type Release = fn(&SmallFleet) -> bool;

fn only_node(fleet: &SmallFleet) -> NodeId {
    NodeId::new(0, fleet.generation())
}

fn reserve(fleet: &SmallFleet) -> bool {
    fleet.reserve(only_node(fleet), ONE).is_ok()
}

fn release(fleet: &SmallFleet) -> bool {
    fleet.release(Reservation::from_parts(only_node(fleet), ONE)).is_ok()
}

/// A fleet of one node of that size, `held` instances on it.
fn one_node(instances: u32, held: u32) -> SmallFleet {
    let fleet = fleet_of(1, instances);
    (0..held).for_each(|_| assert!(reserve(&fleet)));
    fleet
}

fn assert_left(fleet: &SmallFleet, left: u32, instances: u32) {
    let view = fleet.node(only_node(fleet)).unwrap();
    assert_eq!(
        (view.free, view.instances),
        (Resources::new(left, left), instances),
        "room lost or minted"
    );
}

fn two_reserves_of_one_room(reserve: Reserve) {
    model(move |touches| {
        let fleet = one_node(1, 0);
        let (fleet, theirs, mine) =
            both(touches, fleet, move |fleet, _| reserve(fleet), move |fleet, _| reserve(fleet));
        assert!(theirs != mine, "one room given to none or to two");
        assert_left(&fleet, 0, 1);
    });
}

fn a_reserve_and_a_release(reserve: Reserve, release: Release) {
    model(move |touches| {
        let fleet = one_node(2, 1);
        let (fleet, released, reserved) =
            both(touches, fleet, move |fleet, _| release(fleet), move |fleet, _| reserve(fleet));
        assert!(released && reserved, "refused though there was room");
        assert_left(&fleet, 1, 1);
    });
}

fn two_releases(release: Release) {
    model(move |touches| {
        let fleet = one_node(2, 2);
        let (fleet, theirs, mine) =
            both(touches, fleet, move |fleet, _| release(fleet), move |fleet, _| release(fleet));
        assert!(theirs && mine, "refused though it was held");
        assert_left(&fleet, 2, 0);
    });
}

fn two_releases_of_one_instance(release: Release) {
    model(move |touches| {
        let fleet = one_node(2, 1);
        let (fleet, theirs, mine) =
            both(touches, fleet, move |fleet, _| release(fleet), move |fleet, _| release(fleet));
        assert!(theirs != mine, "one instance given back twice or never");
        assert_left(&fleet, 2, 0);
    });
}

/// The thread that gets the room sees what was done before it was released.
fn room_comes_with_what_was_done_before(reserve: Reserve, release: Release) {
    model(move |touches| {
        let fleet = one_node(1, 1);
        let files = Arc::new(AtomicU64::new(1));
        let theirs = files.clone();
        let stop = move |fleet: &SmallFleet, _| {
            theirs.store(0, Ordering::Relaxed);
            release(fleet)
        };
        let start =
            move |fleet: &SmallFleet, _| reserve(fleet).then(|| files.load(Ordering::Relaxed));
        let (_, _, seen) = both(touches, fleet, stop, start);
        assert_ne!(seen, Some(1), "the room came with the last instance's files");
    });
}

/// The same where the node looks as it did when the thread planned, because
/// another instance came and went meanwhile.
fn room_comes_with_what_was_done_since_the_plan(reserve: Reserve) {
    model(move |touches| {
        let fleet = one_node(1, 0);
        let files = Arc::new(AtomicU64::new(0));
        let theirs = files.clone();
        let come_and_go = move |fleet: &SmallFleet, _| {
            let came = self::reserve(fleet);
            if came {
                theirs.store(1, Ordering::Relaxed);
                assert!(release(fleet));
            }
            came
        };
        let start =
            move |fleet: &SmallFleet, _| reserve(fleet).then(|| files.load(Ordering::Relaxed));
        let (_, came, seen) = both(touches, fleet, come_and_go, start);
        assert!(!came || seen != Some(0), "the room came without the last instance's files");
    });
}

#[test]
fn loom_reserve_reserve() {
    two_reserves_of_one_room(reserve);
}

#[test]
fn loom_reserve_release() {
    a_reserve_and_a_release(reserve, release);
}

#[test]
fn loom_release_release() {
    two_releases(release);
    two_releases_of_one_instance(release);
}

#[test]
fn loom_release_is_seen_by_reserve_and_place() {
    room_comes_with_what_was_done_before(reserve, release);
    let place: Reserve = |fleet| fleet.place(ONE, Strategy::Binpack(Resource::Cpu)).is_ok();
    room_comes_with_what_was_done_before(place, release);
    room_comes_with_what_was_done_since_the_plan(reserve);
    room_comes_with_what_was_done_since_the_plan(place);
}

/// Twin: the room is looked at and written in two steps.
fn reserve_in_two_steps(fleet: &SmallFleet) -> bool {
    let word = fleet.ledger.free_word(0);
    match Free::from_bits(word.load(Ordering::Acquire)).take(ONE) {
        Ok(left) => {
            word.store(left.to_bits(), Ordering::Release);
            true
        }
        Err(_) => false,
    }
}

/// Twin: the room is looked at, then taken by an RMW that does not look again.
fn reserve_unchecked(fleet: &SmallFleet) -> bool {
    let word = fleet.ledger.free_word(0);
    let seen = Free::from_bits(word.load(Ordering::Acquire));
    let Ok(left) = seen.take(ONE) else { return false };
    let by = left.to_bits().wrapping_sub(seen.to_bits());
    word.fetch_add(by, Ordering::AcqRel);
    true
}

/// Twin: what is held is looked at and written in two steps.
fn release_in_two_steps(fleet: &SmallFleet) -> bool {
    let word = fleet.ledger.free_word(0);
    let total = fleet.ledger.spec(0).total();
    match Free::from_bits(word.load(Ordering::Acquire)).give(ONE, total) {
        Some(more) => {
            word.store(more.to_bits(), Ordering::Release);
            true
        }
        None => false,
    }
}

/// Twin: what is held is looked at, then given back by an RMW that does not
/// look again.
fn release_unchecked(fleet: &SmallFleet) -> bool {
    let word = fleet.ledger.free_word(0);
    let total = fleet.ledger.spec(0).total();
    let seen = Free::from_bits(word.load(Ordering::Acquire));
    let Some(more) = seen.give(ONE, total) else { return false };
    word.fetch_add(more.to_bits().wrapping_sub(seen.to_bits()), Ordering::AcqRel);
    true
}

/// Twin: one RMW that checks, but publishes nothing.
fn release_relaxed(fleet: &SmallFleet) -> bool {
    let total = fleet.ledger.spec(0).total();
    let give = |bits| Free::from_bits(bits).give(ONE, total).map(Free::to_bits);
    fleet.ledger.free_word(0).fetch_update(Ordering::Relaxed, Ordering::Relaxed, give).is_ok()
}

/// Twin: one RMW that checks, but does not see what was published.
fn reserve_relaxed(fleet: &SmallFleet) -> bool {
    let take = |bits| Free::from_bits(bits).take(ONE).ok().map(Free::to_bits);
    fleet.ledger.free_word(0).fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
}

/// Twin: sees what was published when it planned, but not later.
fn reserve_without_acquire(fleet: &SmallFleet) -> bool {
    let word = fleet.ledger.free_word(0);
    let seen = word.load(Ordering::Acquire);
    let Ok(left) = Free::from_bits(seen).take(ONE) else { return false };
    word.compare_exchange(seen, left.to_bits(), Ordering::Release, Ordering::Relaxed).is_ok()
}

#[test]
#[should_panic(expected = "one room given to none or to two")]
fn loom_broken_reserve_in_two_steps_overcommits() {
    two_reserves_of_one_room(reserve_in_two_steps);
}

#[test]
#[should_panic(expected = "one room given to none or to two")]
fn loom_broken_reserve_unchecked_overcommits() {
    two_reserves_of_one_room(reserve_unchecked);
}

#[test]
#[should_panic(expected = "room lost or minted")]
fn loom_broken_reserve_in_two_steps_loses_a_release() {
    a_reserve_and_a_release(reserve_in_two_steps, release);
}

#[test]
#[should_panic(expected = "room lost or minted")]
fn loom_broken_release_in_two_steps_loses_a_reserve() {
    a_reserve_and_a_release(reserve, release_in_two_steps);
}

#[test]
#[should_panic(expected = "room lost or minted")]
fn loom_broken_release_in_two_steps_loses_a_release() {
    two_releases(release_in_two_steps);
}

#[test]
#[should_panic(expected = "one instance given back twice or never")]
fn loom_broken_release_unchecked_gives_back_twice() {
    two_releases_of_one_instance(release_unchecked);
}

#[test]
#[should_panic(expected = "the room came with the last instance's files")]
fn loom_broken_relaxed_release_hides_what_was_done_before() {
    room_comes_with_what_was_done_before(reserve, release_relaxed);
}

#[test]
#[should_panic(expected = "the room came with the last instance's files")]
fn loom_broken_relaxed_reserve_misses_what_was_done_before() {
    room_comes_with_what_was_done_before(reserve_relaxed, release);
}

#[test]
#[should_panic(expected = "the room came without the last instance's files")]
fn loom_broken_reserve_without_acquire_misses_what_was_done_since() {
    room_comes_with_what_was_done_since_the_plan(reserve_without_acquire);
}
