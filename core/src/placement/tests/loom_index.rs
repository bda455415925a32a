//! The hints of the index under loom: none is lost at rest, and whatever they
//! say, no room is given twice and no refusal is wrong. A broken twin beside
//! each shows that loom would notice.

use core::num::NonZeroU32;

use loom::sync::Arc;
use loom::sync::atomic::Ordering;
use loom::thread;

use crate::id::NodeId;
use crate::placement::capacity::{AtomicU64, Ledger, words_of};
use crate::placement::class::{Cell, Shape};
use crate::placement::index::Grid;
use crate::placement::lanes::Lanes;
use crate::placement::{Fleet, NodeSpec, Reservation, Strategy};
use crate::resources::Resources;
use crate::sync::model::{Touch, Touches, long_model, model};

/// One bit a resource, blocks of two nodes, an index however few there are.
const SHAPE: Shape = Shape { class_bits: 1, block_bits: 1, scanned: 0 };
const CELL: Cell = Cell { cpu: 1, memory: 0 };

type Words = heapless::Vec<AtomicU64, 16>;
type Indexed = Fleet<Words>;

fn words(count: usize) -> Words {
    (0..count).map(|_| AtomicU64::new(0)).collect()
}

/// A grid of one leaf a cell, and a word that says whether a node is there.
struct Model {
    grid: Grid,
    words: Words,
    node: AtomicU64,
}

impl Model {
    fn new() -> Self {
        let grid = Grid::new(SHAPE, 2).unwrap();
        Self { grid, words: words(grid.words()), node: AtomicU64::new(0) }
    }

    fn there(&self) -> bool {
        self.node.load(Ordering::Relaxed) != 0
    }

    /// A node comes.
    fn come(&self) {
        self.node.fetch_add(1, Ordering::Release);
        self.grid.set(&self.words, CELL, 0);
    }

    /// A node leaves; `clear` clears its bit.
    fn leave(&self, clear: Clear) {
        self.node.fetch_sub(1, Ordering::Release);
        clear(self);
    }

    fn touch(&self, touch: Touch) {
        touch.all(self.words.iter().chain([&self.node]));
    }

    /// Whether every level leads to the node.
    fn leads(&self) -> bool {
        let lines = (self.grid.row(&self.words, CELL.cpu), self.grid.column(&self.words, 0));
        let found = self.grid.next(&self.words, CELL, 0);
        (lines.0 >> CELL.memory & 1, lines.1 >> CELL.cpu & 1, found) == (1, 1, Some(0))
    }
}

/// Clears the bit of the only block.
type Clear = fn(&Model);

fn clear(model: &Model) {
    model.grid.clear(&model.words, CELL, 0, || model.there());
}

/// One node comes while another leaves the same cell of the same block.
fn a_node_comes_while_one_leaves(clear: Clear) {
    model(2, move |touches: Touches| {
        let shared = Model::new();
        shared.come();
        let shared = Arc::new(shared);
        let coming = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.touch(touches.of(1));
                shared.come();
            }
        });
        shared.touch(touches.of(0));
        shared.leave(clear);
        coming.join().unwrap();
        assert!(shared.leads(), "a hint lost at rest");
    });
}

/// Twin: does not look again.
fn clear_without_second_look(model: &Model) {
    if !model.there() {
        model.grid.clear(&model.words, CELL, 0, || false);
    }
}

/// Twin: looks again at the node, but what it stands for on the levels above is
/// cleared as it was first seen.
fn clear_levels_without_second_look(model: &Model) {
    if model.there() {
        return;
    }
    // The leaf of cell (1, 0) is next to last.
    let leaf = &model.words[model.words.len() - 2];
    leaf.fetch_and(!1, Ordering::AcqRel);
    if model.there() {
        leaf.fetch_or(1, Ordering::AcqRel);
        return;
    }
    model.words[CELL.cpu as usize].fetch_and(!1, Ordering::AcqRel);
}

/// Twin: clears without seeing what the last setter saw.
fn clear_relaxed(model: &Model) {
    if model.there() {
        return;
    }
    model.words[model.words.len() - 2].fetch_and(!1, Ordering::Relaxed);
    if model.there() {
        model.grid.set(&model.words, CELL, 0);
    }
}

#[test]
fn loom_index_set_clear() {
    a_node_comes_while_one_leaves(clear);
}

/// A grid of two leaves a cell with a top above them, or of one leaf, and a node
/// in each of two blocks.
struct Blocks {
    grid: Grid,
    words: Words,
    nodes: [AtomicU64; 2],
    blocks: [u32; 2],
}

impl Blocks {
    fn new(max_nodes: u32, blocks: [u32; 2]) -> Self {
        let grid = Grid::new(SHAPE, max_nodes).unwrap();
        let nodes = [AtomicU64::new(0), AtomicU64::new(0)];
        Self { grid, words: words(grid.words()), nodes, blocks }
    }

    fn come(&self, which: usize) {
        self.nodes[which].store(1, Ordering::Release);
        self.grid.set(&self.words, CELL, self.blocks[which]);
    }

    fn leave(&self, which: usize) {
        self.nodes[which].store(0, Ordering::Release);
        let there = || self.nodes[which].load(Ordering::Relaxed) != 0;
        self.grid.clear(&self.words, CELL, self.blocks[which], there);
    }

    /// Whether every level leads to the node of that block.
    fn leads_to(&self, which: usize) -> bool {
        let lines = (self.grid.row(&self.words, CELL.cpu), self.grid.column(&self.words, 0));
        let found = self.grid.next(&self.words, CELL, self.blocks[which]);
        let lines = (lines.0 >> CELL.memory & 1, lines.1 >> CELL.cpu & 1);
        (lines, found) == ((1, 1), Some(self.blocks[which]))
    }
}

/// One node comes into its block while another leaves the same cell in another.
fn a_node_comes_beside_one_that_leaves(max_nodes: u32, blocks: [u32; 2]) {
    model(2, move |touches: Touches| {
        let shared = Blocks::new(max_nodes, blocks);
        shared.come(0);
        let shared = Arc::new(shared);
        let coming = thread::spawn({
            let shared = shared.clone();
            move || {
                touches.of(1).all(&shared.words);
                shared.come(1);
            }
        });
        touches.of(0).all(&shared.words);
        shared.leave(0);
        coming.join().unwrap();
        assert!(shared.leads_to(1), "a hint lost at rest");
    });
}

#[test]
fn loom_index_set_beside_clear_in_one_leaf() {
    a_node_comes_beside_one_that_leaves(4, [0, 1]);
}

#[test]
fn loom_index_set_beside_clear_in_two_leaves() {
    a_node_comes_beside_one_that_leaves(256, [0, 64]);
}

#[test]
fn loom_index_set_beside_clear_under_one_top() {
    a_node_comes_beside_one_that_leaves(256, [64, 65]);
}

#[test]
#[should_panic(expected = "a hint lost at rest")]
fn loom_broken_clear_without_second_look_loses_a_hint() {
    a_node_comes_while_one_leaves(clear_without_second_look);
}

#[test]
#[should_panic(expected = "a hint lost at rest")]
fn loom_broken_levels_without_second_look_lose_a_hint() {
    a_node_comes_while_one_leaves(clear_levels_without_second_look);
}

#[test]
#[should_panic(expected = "a hint lost at rest")]
fn loom_broken_relaxed_clear_loses_a_hint() {
    a_node_comes_while_one_leaves(clear_relaxed);
}

// ---- a fleet with an index ---------------------------------------------------

/// What an instance needs: it takes a node from the upper class to the lower.
const BIG: Resources = Resources::new(600, 600);

/// A fleet of two nodes for one instance each, with an index.
fn indexed() -> Indexed {
    let ledger = Ledger::with(SHAPE, Lanes::Portable, words(words_of(SHAPE, 2))).unwrap();
    Fleet::of(ledger, NonZeroU32::MIN)
}

fn two_nodes() -> Indexed {
    let fleet = indexed();
    for _ in 0..2 {
        fleet.add_node(NodeSpec::new(Resources::new(1_000, 1_000), 0)).unwrap();
    }
    fleet
}

fn place(fleet: &Indexed) -> Option<u32> {
    fleet.place(BIG, Strategy::Balanced).ok().map(|room| room.node().index())
}

fn release(fleet: &Indexed, index: u32) {
    let node = NodeId::new(index, fleet.generation());
    fleet.release(Reservation::from_parts(node, BIG)).unwrap();
}

fn touch(fleet: &Indexed, touch: Touch) {
    let ledger = &fleet.ledger;
    touch.all((0..2).map(|index| ledger.free_word(index)).chain([ledger.published_word()]));
}

/// Every node is where its hints say.
fn assert_hinted(fleet: &Indexed) {
    let index = fleet.ledger.index().unwrap();
    for (_, free) in fleet.ledger.scan(fleet.len()) {
        let cell = index.scale.cell_of(free);
        assert_eq!(index.grid.row(index.words, cell.cpu) >> cell.memory & 1, 1, "a hint lost");
        assert_eq!(index.grid.next(index.words, cell, 0), Some(0), "a hint lost");
    }
}

fn both<A: 'static, B>(
    touches: Touches,
    fleet: Indexed,
    theirs: impl FnOnce(&Indexed) -> A + 'static,
    mine: impl FnOnce(&Indexed) -> B,
) -> (Arc<Indexed>, A, B) {
    let fleet = Arc::new(fleet);
    let other = thread::spawn({
        let fleet = fleet.clone();
        move || {
            touch(&fleet, touches.of(1));
            theirs(&fleet)
        }
    });
    touch(&fleet, touches.of(0));
    let mine = mine(&fleet);
    (fleet, other.join().unwrap(), mine)
}

#[test]
fn loom_indexed_place_place() {
    long_model(2, |touches| {
        let (fleet, theirs, mine) = both(touches, two_nodes(), place, place);
        let mut placed = [theirs, mine];
        placed.sort();
        assert_eq!(placed, [Some(0), Some(1)], "refused though there was room, or given twice");
        assert_hinted(&fleet);
    });
}

#[test]
fn loom_indexed_place_release() {
    long_model(2, |touches| {
        let fleet = two_nodes();
        assert_eq!((place(&fleet), place(&fleet)), (Some(0), Some(1)));
        let (fleet, (), placed) = both(touches, fleet, |fleet| release(fleet, 1), place);
        assert!(placed.is_none_or(|node| node == 1));
        assert_hinted(&fleet);
        assert!(placed.is_some() || place(&fleet) == Some(1), "released, but no room");
    });
}

/// An instance moves while another is placed: one node has room at each instant.
#[test]
fn loom_indexed_place_move() {
    long_model(2, |touches| {
        let fleet = two_nodes();
        assert_eq!(place(&fleet), Some(0));
        let (fleet, placed, ()) = both(touches, fleet, place, |fleet| {
            release(fleet, 0);
            let node = NodeId::new(1, fleet.generation());
            let _taken = fleet.reserve(node, BIG);
        });
        assert!(placed.is_some(), "refused though there was always room");
        assert_hinted(&fleet);
    });
}

#[test]
fn loom_indexed_add_place() {
    long_model(2, |touches| {
        let add = |fleet: &Indexed| {
            fleet.add_node(NodeSpec::new(Resources::new(1_000, 1_000), 0)).unwrap().index()
        };
        let (fleet, added, placed) = both(touches, indexed(), add, place);
        assert!(added == 0 && placed.is_none_or(|node| node == 0));
        assert_hinted(&fleet);
    });
}
