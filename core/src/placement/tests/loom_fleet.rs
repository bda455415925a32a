//! A fleet under loom: place, release and add_node against each other, and the
//! exactness of a refusal. A broken twin beside each shows that loom would
//! notice.

use loom::sync::Arc;
use loom::sync::atomic::Ordering;
use loom::thread;

use super::loom_model::{both, model};
use super::{ONE, SmallFleet, choose, fleet, fleet_of, node};
use crate::id::NodeId;
use crate::placement::capacity::{ONE_RELEASE, Published};
use crate::placement::strategy::Choice;
use crate::placement::word::{Free, Spec};
use crate::placement::{Reservation, SpreadBy, Strategy};
use crate::resources::Resource;

const BY_CPU: Strategy = Strategy::Binpack(Resource::Cpu);

/// Places [`ONE`]: the index of the node, or how many nodes had no room.
type Place = fn(&SmallFleet) -> Result<u32, u32>;
/// Gives one of the node with that index back.
type Release = fn(&SmallFleet, u32);
/// Takes one of the node with that index: whether it had room.
type Reserve = fn(&SmallFleet, u32) -> bool;
/// Adds a `node(1)`: its index.
type Add = fn(&SmallFleet) -> u32;

fn id(fleet: &SmallFleet, index: u32) -> NodeId {
    NodeId::new(index, fleet.generation())
}

fn place_by(fleet: &SmallFleet, strategy: Strategy) -> Result<u32, u32> {
    let placed = fleet.place(ONE, strategy);
    placed.map(|room| room.node().index()).map_err(|refusal| refusal.nodes)
}

fn place(fleet: &SmallFleet) -> Result<u32, u32> {
    place_by(fleet, BY_CPU)
}

fn release(fleet: &SmallFleet, index: u32) {
    fleet.release(Reservation::from_parts(id(fleet, index), ONE)).unwrap();
}

fn reserve(fleet: &SmallFleet, index: u32) -> bool {
    fleet.reserve(id(fleet, index), ONE).is_ok()
}

fn add(fleet: &SmallFleet) -> u32 {
    fleet.add_node(node(1)).unwrap().index()
}

fn instances(fleet: &SmallFleet) -> Vec<u32> {
    fleet.nodes().map(|view| view.instances).collect()
}

fn two_places_in_one_room(place: Place) {
    model(move |touches| {
        let (fleet, theirs, mine) = both(
            touches,
            fleet_of(1, 1),
            move |fleet, _| place(fleet),
            move |fleet, _| place(fleet),
        );
        assert!(theirs.is_ok() != mine.is_ok(), "one room given to none or to two");
        assert_eq!(instances(&fleet), [1]);
    });
}

/// Both want the first node; whoever comes second takes the other.
fn two_places_in_two_rooms(place: Place) {
    model(move |touches| {
        let (fleet, theirs, mine) = both(
            touches,
            fleet_of(2, 1),
            move |fleet, _| place(fleet),
            move |fleet, _| place(fleet),
        );
        let mut indexes = [theirs, mine];
        indexes.sort();
        assert_eq!(indexes, [Ok(0), Ok(1)], "refused though there was room");
        assert_eq!(instances(&fleet), [1, 1]);
    });
}

fn a_place_and_a_release(place: Place, release: Release) {
    model(move |touches| {
        let fleet = fleet_of(1, 1);
        assert!(reserve(&fleet, 0));
        let (fleet, (), placed) =
            both(touches, fleet, move |fleet, _| release(fleet, 0), move |fleet, _| place(fleet));
        assert_eq!(instances(&fleet), [u32::from(placed.is_ok())], "room lost or minted");
        assert!(placed.is_ok() || place(&fleet) == Ok(0), "released, but no room");
    });
}

/// An instance leaves node 0 and another comes to node 1 while one is placed:
/// at every instant one of the two nodes has room.
fn a_place_and_a_move(place: Place, release: Release, reserve: Reserve) {
    model(move |touches| {
        let fleet = fleet_of(2, 1);
        assert!(self::reserve(&fleet, 0));
        // The move on this thread: it can then be interrupted twice.
        let (_, placed, _) = both(
            touches,
            fleet,
            move |fleet, _| place(fleet),
            move |fleet, touch| {
                release(fleet, 0);
                touch.all(fleet);
                reserve(fleet, 1)
            },
        );
        assert!(placed.is_ok(), "refused though there was always room");
    });
}

/// The same with a new node in the place of the release.
fn a_place_and_a_move_to_a_new_node(place: Place) {
    model(move |touches| {
        let fleet = fleet(2);
        add(&fleet);
        let (_, placed, _) = both(
            touches,
            fleet,
            move |fleet, _| place(fleet),
            move |fleet, touch| {
                add(fleet);
                touch.all(fleet);
                reserve(fleet, 0)
            },
        );
        assert!(placed.is_ok(), "refused though there was always room");
    });
}

fn an_add_and_a_place(add: Add, place: Place) {
    model(move |touches| {
        let (_, added, placed) =
            both(touches, fleet(1), move |fleet, _| add(fleet), move |fleet, _| place(fleet));
        assert_eq!(added, 0);
        // Either the node is there with its room, or it is not there.
        assert!(matches!(placed, Ok(0) | Err(0)), "half a node seen");
    });
}

fn an_add_and_a_view(add: Add) {
    model(move |touches| {
        let view = |fleet: &SmallFleet| fleet.node(id(fleet, 0));
        let (_, _, view) =
            both(touches, fleet(1), move |fleet, _| add(fleet), move |fleet, _| view(fleet));
        let whole = view.is_none_or(|view| (view.spec, view.free) == (node(1), ONE));
        assert!(whole, "half a node seen");
    });
}

fn two_adds(add: Add) {
    model(move |touches| {
        let (fleet, theirs, mine) =
            both(touches, fleet(2), move |fleet, _| add(fleet), move |fleet, _| add(fleet));
        let mut indexes = [theirs, mine];
        indexes.sort();
        assert_eq!((indexes, fleet.len()), ([0, 1], 2), "a node lost");
        assert_eq!(instances(&fleet), [0, 0]);
    });
}

/// Both change the word of nodes and releases.
fn an_add_and_a_release(add: Add, release: Release) {
    model(move |touches| {
        let fleet = fleet(2);
        self::add(&fleet);
        assert!(reserve(&fleet, 0));
        let (fleet, _, ()) =
            both(touches, fleet, move |fleet, _| add(fleet), move |fleet, _| release(fleet, 0));
        let published = fleet.ledger.published_word().load(Ordering::Acquire);
        assert_eq!(published, ONE_RELEASE + 2, "a release or a node not counted");
        assert_eq!(instances(&fleet), [0, 0]);
    });
}

#[test]
fn loom_place_place() {
    for strategy in [
        |fleet: &SmallFleet| place_by(fleet, BY_CPU),
        |fleet: &SmallFleet| place_by(fleet, Strategy::Spread(SpreadBy::Node)),
        |fleet: &SmallFleet| place_by(fleet, Strategy::Spread(SpreadBy::Zone)),
        |fleet: &SmallFleet| place_by(fleet, Strategy::Random),
    ] {
        two_places_in_one_room(strategy);
        two_places_in_two_rooms(strategy);
    }
}

#[test]
fn loom_place_release() {
    a_place_and_a_release(place, release);
}

#[test]
fn loom_place_move() {
    a_place_and_a_move(place, release, reserve);
    a_place_and_a_move(|fleet| place_by(fleet, Strategy::Random), release, reserve);
}

#[test]
fn loom_place_move_to_a_new_node() {
    a_place_and_a_move_to_a_new_node(place);
}

#[test]
fn loom_add_place() {
    an_add_and_a_place(add, place);
    an_add_and_a_view(add);
}

#[test]
fn loom_add_add() {
    two_adds(add);
}

#[test]
fn loom_add_release() {
    an_add_and_a_release(add, release);
}

#[test]
fn loom_place_place_release() {
    loom::model(|| {
        let fleet = Arc::new(fleet_of(1, 1));
        assert!(reserve(&fleet, 0));
        let threads = [0, 1].map(|_| {
            let fleet = fleet.clone();
            thread::spawn(move || place(&fleet).is_ok())
        });
        release(&fleet, 0);
        let placed = threads.map(|thread| u32::from(thread.join().unwrap()));
        assert_eq!(instances(&fleet), [placed[0] + placed[1]]);
        assert!(placed[0] + placed[1] <= 1, "one room given to two");
    });
}

/// The plan of `place` alone: what it chose, and the nodes it looked at.
fn plan(fleet: &SmallFleet) -> Result<Choice, u32> {
    let nodes = fleet.ledger.published().nodes();
    choose(BY_CPU, ONE, fleet.ledger.scan(nodes), |_| 0, 0).ok_or(nodes)
}

/// Twin: takes what it planned without looking whether it is still there.
fn place_unchecked(fleet: &SmallFleet) -> Result<u32, u32> {
    let choice = plan(fleet)?;
    let left = choice.seen.take(ONE).unwrap();
    fleet.ledger.free_word(choice.index).store(left.to_bits(), Ordering::Release);
    Ok(choice.index)
}

/// Twin: refuses where the chosen node was taken, without planning anew.
fn place_once(fleet: &SmallFleet) -> Result<u32, u32> {
    let choice = plan(fleet)?;
    let taken = fleet.ledger.commit(choice.index, choice.seen, ONE);
    if taken { Ok(choice.index) } else { Err(1) }
}

/// Twin: refuses after one scan, whatever happened meanwhile.
fn place_without_second_look(fleet: &SmallFleet) -> Result<u32, u32> {
    loop {
        let choice = plan(fleet)?;
        if fleet.ledger.commit(choice.index, choice.seen, ONE) {
            return Ok(choice.index);
        }
    }
}

/// The rule of a refusal in one scan, where [`Fleet::place`] scans once to
/// choose and once to explain: one scan leaves fewer chances to notice that an
/// instance moved, so that two threads are enough to show what each load is
/// for. The twins change the loads.
///
/// [`Fleet::place`]: crate::placement::Fleet::place
fn place_with(
    fleet: &SmallFleet,
    load: impl Fn(&SmallFleet, u32) -> Free,
    unchanged_since: impl Fn(&SmallFleet, Published) -> bool,
) -> Result<u32, u32> {
    loop {
        let before = fleet.ledger.published();
        let indexes = 0..before.nodes();
        let seen: Vec<_> = indexes.map(|index| (index, load(fleet, index))).collect();
        match choose(BY_CPU, ONE, seen.iter().copied(), |_| 0, 0) {
            Some(choice) => {
                if fleet.ledger.commit(choice.index, choice.seen, ONE) {
                    return Ok(choice.index);
                }
            }
            None => {
                if unchanged_since(fleet, before) {
                    return Err(before.nodes());
                }
            }
        }
    }
}

fn place_in_one_scan(fleet: &SmallFleet) -> Result<u32, u32> {
    place_with(fleet, acquire, unchanged_since)
}

fn unchanged_since(fleet: &SmallFleet, before: Published) -> bool {
    fleet.ledger.unchanged_since(before)
}

fn acquire(fleet: &SmallFleet, index: u32) -> Free {
    fleet.ledger.free(index)
}

fn relaxed(fleet: &SmallFleet, index: u32) -> Free {
    Free::from_bits(fleet.ledger.free_word(index).load(Ordering::Relaxed))
}

#[test]
fn loom_place_move_in_one_scan() {
    a_place_and_a_move(place_in_one_scan, release, reserve);
    a_place_and_a_move(place_in_one_scan, release, commit);
    a_place_and_a_move_to_a_new_node(place_in_one_scan);
}

/// An instance moves from node 1 to node 0 while one is reserved on node 0, else
/// on node 1: at every instant one of them has room.
fn two_reserves_and_a_move(reserve: Reserve) {
    model(move |touches| {
        let fleet = fleet_of(2, 1);
        assert!(self::reserve(&fleet, 1));
        let (_, reserved, _) = both(
            touches,
            fleet,
            move |fleet, _| reserve(fleet, 0) || reserve(fleet, 1),
            move |fleet, touch| {
                release(fleet, 1);
                touch.all(fleet);
                self::reserve(fleet, 0)
            },
        );
        assert!(reserved, "refused though there was always room");
    });
}

/// Twin: does not see what was done before the room was taken that it misses.
fn reserve_and_miss_relaxed(fleet: &SmallFleet, index: u32) -> bool {
    let take = |bits| Free::from_bits(bits).take(ONE).ok().map(Free::to_bits);
    fleet.ledger.free_word(index).fetch_update(Ordering::AcqRel, Ordering::Relaxed, take).is_ok()
}

#[test]
fn loom_two_reserves_move() {
    two_reserves_and_a_move(reserve);
}

#[test]
#[should_panic(expected = "refused though there was always room")]
fn loom_broken_relaxed_miss_hides_a_release() {
    two_reserves_and_a_move(reserve_and_miss_relaxed);
}

/// Takes one as [`place`] does, of the node that the test names.
fn commit(fleet: &SmallFleet, index: u32) -> bool {
    let seen = fleet.ledger.free(index);
    seen.fits(ONE) && fleet.ledger.commit(index, seen, ONE)
}

/// Twin: counts itself before there is room.
fn release_counted_early(fleet: &SmallFleet, index: u32) {
    fleet.ledger.count_release();
    assert!(fleet.ledger.add_room(index, ONE));
}

/// Twin: takes room without publishing what the thread did before.
fn reserve_unpublished(fleet: &SmallFleet, index: u32) -> bool {
    let take = |bits| Free::from_bits(bits).take(ONE).ok().map(Free::to_bits);
    fleet.ledger.free_word(index).fetch_update(Ordering::Acquire, Ordering::Relaxed, take).is_ok()
}

/// Twin: the number of nodes is published before the node.
fn add_published_early(fleet: &SmallFleet) -> u32 {
    let spec = Spec::new(node(1));
    fleet.ledger.published_word().fetch_add(1, Ordering::Release);
    fleet.ledger.claim_index(0, spec).unwrap();
    fleet.ledger.free_word(0).store(Free::all_of(spec).to_bits(), Ordering::Release);
    0
}

/// Twin: every word is written with Relaxed.
fn add_relaxed(fleet: &SmallFleet) -> u32 {
    let spec = Spec::new(node(1));
    fleet.ledger.spec_word(0).store(spec.to_bits(), Ordering::Relaxed);
    fleet.ledger.free_word(0).store(Free::all_of(spec).to_bits(), Ordering::Relaxed);
    fleet.ledger.published_word().fetch_add(1, Ordering::Relaxed);
    0
}

/// Twin: the index is looked at, then written, by whoever comes.
fn add_unclaimed(fleet: &SmallFleet) -> u32 {
    let spec = Spec::new(node(1));
    let index = fleet.len();
    fleet.ledger.spec_word(index).store(spec.to_bits(), Ordering::Release);
    fleet.ledger.free_word(index).store(Free::all_of(spec).to_bits(), Ordering::Release);
    fleet.ledger.published_word().fetch_add(1, Ordering::Release);
    index
}

/// Twin: the word of nodes and releases is read and written in two steps.
fn add_in_two_steps(fleet: &SmallFleet) -> u32 {
    let spec = Spec::new(node(1));
    let seen = fleet.ledger.published_word().load(Ordering::Acquire);
    let index = fleet.len();
    fleet.ledger.claim_index(index, spec).unwrap();
    fleet.ledger.free_word(index).store(Free::all_of(spec).to_bits(), Ordering::Release);
    fleet.ledger.published_word().store(seen + 1, Ordering::Release);
    index
}

#[test]
#[should_panic(expected = "one room given to none or to two")]
fn loom_broken_place_unchecked_overcommits() {
    two_places_in_one_room(place_unchecked);
}

#[test]
#[should_panic(expected = "refused though there was room")]
fn loom_broken_place_once_refuses_on_a_conflict() {
    two_places_in_two_rooms(place_once);
}

#[test]
#[should_panic(expected = "room lost or minted")]
fn loom_broken_place_unchecked_loses_a_release() {
    // The node holds one of two, so that the plan and the release overlap.
    model(|touches| {
        let fleet = fleet_of(1, 2);
        assert!(reserve(&fleet, 0));
        let (fleet, (), placed) =
            both(touches, fleet, |fleet, _| release(fleet, 0), |fleet, _| place_unchecked(fleet));
        assert_eq!(instances(&fleet), [u32::from(placed.is_ok())], "room lost or minted");
    });
}

#[test]
#[should_panic(expected = "refused though there was always room")]
fn loom_broken_place_without_second_look_misses_a_move() {
    a_place_and_a_move(place_without_second_look, release, reserve);
}

#[test]
#[should_panic(expected = "refused though there was always room")]
fn loom_broken_place_that_ignores_new_nodes_misses_a_move() {
    let place: Place = |fleet| {
        place_with(fleet, acquire, |fleet, before| {
            fleet.ledger.published().0 / ONE_RELEASE == before.0 / ONE_RELEASE
        })
    };
    a_place_and_a_move_to_a_new_node(place);
}

#[test]
#[should_panic(expected = "refused though there was always room")]
fn loom_broken_relaxed_scan_misses_a_move() {
    let place: Place = |fleet| place_with(fleet, relaxed, unchanged_since);
    a_place_and_a_move(place, release, reserve);
}

#[test]
#[should_panic(expected = "refused though there was always room")]
fn loom_broken_unpublished_reserve_hides_a_release() {
    a_place_and_a_move(place, release, reserve_unpublished);
}

#[test]
#[should_panic(expected = "refused though there was always room")]
fn loom_broken_release_counted_early_hides_its_room() {
    a_place_and_a_move(place_in_one_scan, release_counted_early, reserve);
}

#[test]
#[should_panic(expected = "half a node seen")]
fn loom_broken_add_published_early_shows_half_a_node() {
    an_add_and_a_place(add_published_early, place);
}

#[test]
#[should_panic(expected = "half a node seen")]
fn loom_broken_relaxed_add_shows_half_a_node() {
    an_add_and_a_view(add_relaxed);
}

#[test]
#[should_panic(expected = "a node lost")]
fn loom_broken_add_unclaimed_loses_a_node() {
    two_adds(add_unclaimed);
}

#[test]
#[should_panic(expected = "a release or a node not counted")]
fn loom_broken_add_in_two_steps_loses_a_release() {
    an_add_and_a_release(add_in_two_steps, release);
}
