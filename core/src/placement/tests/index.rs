//! Large fleets: what the index may miss, and what it never may.

use core::num::NonZeroU32;

use super::choose;
use crate::placement::capacity::{AtomicU64, Ledger, boxed, words};
use crate::placement::class::Shape;
use crate::placement::lanes::{Lanes, Weights};
use crate::placement::{Fleet, NodeSpec, Refusal, Reservation, Strategy, word::Free};
use crate::resources::{Resource, Resources};
use crate::rng::Rng;

type Large = Fleet<alloc::boxed::Box<[AtomicU64]>>;

const NODE: Resources = Resources::new(32_000, 65_536);
const OF_ROOM: [Strategy; 3] =
    [Strategy::Balanced, Strategy::Binpack(Resource::Cpu), Strategy::Binpack(Resource::Memory)];

fn large(nodes: u32) -> Large {
    let fleet = Fleet::new(nodes, NonZeroU32::MIN, 0).unwrap();
    for index in 0..nodes {
        fleet.add_node(NodeSpec::new(NODE, u8::try_from(index % 3).unwrap())).unwrap();
    }
    fleet
}

fn instance(draws: &mut Rng) -> Resources {
    let mut between = |least: u32, range| least + u32::try_from(draws.below(range)).unwrap();
    Resources::new(between(100, 3_901), between(128, 8_065))
}

/// The words of every node.
fn frees(fleet: &Large) -> Vec<Free> {
    fleet.ledger.scan(fleet.len()).map(|(_, free)| free).collect()
}

/// Every node has its bits on each level, and a cell without nodes has none
/// that a search would follow twice.
fn assert_hinted(fleet: &Large) {
    let index = fleet.ledger.index().unwrap();
    for (number, free) in fleet.ledger.scan(fleet.len()) {
        let (cell, block) = (index.scale.cell_of(free), Shape::FLEET.block(number));
        let row = index.grid.row(index.words, cell.cpu);
        let column = index.grid.column(index.words, cell.memory);
        assert_eq!((row >> cell.memory & 1, column >> cell.cpu & 1), (1, 1), "{cell:?}");
        assert_eq!(index.grid.next(index.words, cell, block), Some(block), "{cell:?}");
    }
}

#[test]
fn the_index_knows_every_node_after_any_calls() {
    // 1,100 nodes: more than one leaf, so a top too.
    let fleet = large(1_100);
    let mut draws = Rng::stream(1, 0);
    let mut held: Vec<Reservation> = Vec::new();
    for round in 0..20_000 {
        if draws.below(3) == 0 && !held.is_empty() {
            let at = usize::try_from(draws.below(held.len() as u64)).unwrap();
            fleet.release(held.swap_remove(at)).unwrap();
        } else {
            held.extend(fleet.place(instance(&mut draws), OF_ROOM[round % 3]));
        }
        if round % 1_000 == 0 {
            assert_hinted(&fleet);
        }
    }
    assert_hinted(&fleet);
    held.into_iter().for_each(|room| fleet.release(room).unwrap());
    assert_hinted(&fleet);
    let index = fleet.ledger.index().unwrap();
    let lines: u32 = (0..64).map(|class| index.grid.row(index.words, class).count_ones()).sum();
    assert_eq!(lines, 1, "all nodes are alike, so one cell has all");
}

#[test]
fn a_large_fleet_refuses_only_what_no_node_can_take_and_says_why() {
    let fleet = large(300);
    let mut draws = Rng::stream(2, 0);
    let (mut placed, mut refused) = (0, 0);
    for round in 0..6_000 {
        let needed = instance(&mut draws);
        let before = frees(&fleet);
        match fleet.place(needed, OF_ROOM[round % 3]) {
            Ok(room) => {
                placed += 1;
                assert!(before[room.node().index() as usize].fits(needed));
            }
            Err(refusal) => {
                refused += 1;
                let tally = Lanes::Portable.tally(&before, needed, |free| free.to_bits());
                assert_eq!(Some(refusal), Refusal::explain(needed, tally));
            }
        }
    }
    assert!(placed > 1_000 && refused > 1_000, "{placed} placed, {refused} refused");
}

#[test]
fn random_draws_only_nodes_with_room_and_each_about_as_often() {
    let fleet = large(300);
    // All but every tenth are full: most calls draw several times.
    for view in fleet.nodes().filter(|view| !view.id.index().is_multiple_of(10)) {
        let _held = fleet.reserve(view.id, NODE).unwrap();
    }
    let mut drawn = [0_u32; 300];
    for _ in 0..30_000 {
        let room = fleet.place(instance(&mut Rng::stream(8, 0)), Strategy::Random).unwrap();
        drawn[room.node().index() as usize] += 1;
        fleet.release(room).unwrap();
    }
    let (with_room, full): (Vec<_>, Vec<_>) =
        drawn.iter().enumerate().partition(|(index, _)| index.is_multiple_of(10));
    assert!(full.iter().all(|(_, times)| **times == 0));
    // Chi-squared with 29 degrees of freedom: 66 is passed by one seed in
    // 10,000, and this seed is fixed.
    let squares = with_room.iter().map(|(_, times)| (f64::from(**times) - 1e3).powi(2) / 1e3);
    assert!(squares.sum::<f64>() < 66.0, "{with_room:?}");
}

#[test]
fn up_to_256_nodes_the_choice_is_exact_whatever_the_fleet_was_made_for() {
    for made_for in [256, 2_000] {
        let fleet = Fleet::new(made_for, NonZeroU32::MIN, 0).unwrap();
        (0..256).for_each(|_| assert!(fleet.add_node(NodeSpec::new(NODE, 0)).is_ok()));
        let mut draws = Rng::stream(3, 0);
        for round in 0..3_000 {
            let (needed, rule) = (instance(&mut draws), OF_ROOM[round % 3]);
            let weights = rule.weights(NODE).unwrap();
            let expected = fleet.ledger.find_exact(256, needed, weights).map(|found| found.index);
            let placed = fleet.place(needed, rule).ok().map(|room| room.node().index());
            assert_eq!(placed, expected);
        }
    }
}

#[test]
fn a_node_full_of_instances_does_not_hide_the_others() {
    let fleet = large(300);
    let nothing = Resources::new(0, 0);
    let crowded = fleet.nodes().next().unwrap().id;
    (0..crate::placement::MAX_INSTANCES).for_each(|_| {
        let _held = fleet.reserve(crowded, nothing).unwrap();
    });
    for rule in OF_ROOM {
        let room = fleet.place(Resources::new(1, 1), rule).unwrap();
        assert_ne!(room.node(), crowded);
        fleet.release(room).unwrap();
    }
}

#[test]
fn the_same_calls_give_the_same_nodes_on_both_paths() {
    let ledgers = [Lanes::Portable, Lanes::detect()].map(|lanes| {
        let ledger = Ledger::with(Shape::FLEET, lanes, boxed(words(1_000))).unwrap();
        for _ in 0..1_000 {
            ledger.add(crate::placement::word::Spec::new(NodeSpec::new(NODE, 0))).unwrap();
        }
        ledger
    });
    let mut draws = Rng::stream(4, 0);
    for _ in 0..15_000 {
        let needed = instance(&mut draws);
        let [one, other] = ledgers.each_ref().map(|ledger| {
            let choice = ledger.find(1_000, needed, Weights::shares_of(NODE), 0)?;
            assert!(ledger.commit(choice.index, choice.seen, needed));
            Some(choice)
        });
        assert_eq!(one, other);
    }
}

/// The share of CPU that is left once 200 instances in a row found no room.
fn left(mut place: impl FnMut(Resources) -> bool) -> f64 {
    let mut draws = Rng::stream(6, 0);
    let (mut used, mut in_a_row) = (0_u64, 0);
    while in_a_row < 200 {
        let needed = instance(&mut draws);
        if place(needed) {
            (used, in_a_row) = (used + u64::from(needed.cpu_units), 0);
        } else {
            in_a_row += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let share = used as f64 / (1_000.0 * 32_000.0);
    100.0 * (1.0 - share)
}

#[test]
fn the_index_leaves_no_more_than_three_quarters_of_a_point_above_the_exact_choice() {
    let fleet = large(1_000);
    let indexed = left(|needed| fleet.place(needed, Strategy::Balanced).is_ok());
    let fleet = large(1_000);
    let exact = left(|needed| {
        let weights = Weights::shares_of(NODE);
        let choice = fleet.ledger.find_exact(1_000, needed, weights);
        choice.is_some_and(|choice| fleet.ledger.commit(choice.index, choice.seen, needed))
    });
    assert!(indexed <= exact + 0.75, "{indexed:.2} % left, the exact choice leaves {exact:.2} %");
    assert!(exact > 0.0);
}

#[test]
fn the_exact_choice_is_that_of_a_look_at_each_node() {
    let fleet = large(300);
    let mut draws = Rng::stream(7, 0);
    for round in 0..3_000 {
        let (needed, rule) = (instance(&mut draws), OF_ROOM[round % 3]);
        let nodes = fleet.ledger.scan(300);
        // The tests' own unit is a square: only one amount decides here.
        let expected = match rule {
            Strategy::Balanced => None,
            _ => choose(rule, needed, nodes, |_| 0, 0),
        };
        let found = fleet.ledger.find_exact(300, needed, rule.weights(NODE).unwrap());
        if rule != Strategy::Balanced {
            assert_eq!(found, expected);
        }
        let _held = fleet.place(needed, rule);
    }
}
