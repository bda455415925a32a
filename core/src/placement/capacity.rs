//! The words of all nodes, and the protocol by which threads change them.
//!
//! # Layout
//!
//! One run of words in the storage, by index of the node, and two words of the
//! ledger itself. The bits of `Free` and `Spec` are drawn in `word`.
//!
//! ```text
//! words[0 .. max]        Free  what is left of node i; 0: not there yet
//! words[max .. 2 * max]  Spec  total and zone of node i; 0: not there yet
//! words[2 * max ..]      the index of a fleet for more than 256 nodes: `index`
//! published              releases 40 | nodes 24
//! draws                  how often Strategy::Random has drawn
//! ```
//!
//! # Who may write what
//!
//! | word | from | to | by |
//! |---|---|---|---|
//! | `Spec` i | 0 | the node | `add`, one CAS; whoever wins owns index i. Never changed again |
//! | `Free` i | 0 | all of `Spec` i, no instance | `finish`, one CAS, by anyone who saw `Spec` i and not yet i + 1 nodes |
//! | `published` | i nodes | i + 1 nodes | `finish`, one CAS, after the line above |
//! | `Free` i | room | less room, one instance more | `reserve`, `commit`, one CAS |
//! | `Free` i | held | more room, one instance less | `give_back`, one CAS |
//! | `published` | releases r | r + 1 | `give_back`, one add, after the line above |
//!
//! Each change is one RMW on one word, so a reservation is all or nothing, a
//! node is never overcommitted, and a refused call has changed nothing. No
//! step waits for another thread: a CAS fails only because another thread's
//! succeeded, and a half-added node is finished by whoever meets it.
//!
//! Whoever changed a `Free` word then brings the hints of the index in line.
//! They only lead to nodes: nothing above depends on them.
//!
//! # Orderings
//!
//! 1. *A published node is whole.* `published` is advanced with Release after
//!    `Spec` and `Free`; every reader of a node first loads `published` with
//!    Acquire and only reads below that number. A helper that did not write the
//!    two words itself has read them before its Release, so by coherence who
//!    reads them after its own Acquire finds them not older; they point to
//!    nothing, so that is all there is to see.
//! 2. *Room comes with what was done before it was given back.* `give_back` is
//!    a Release, the `reserve` or `commit` that takes the room an Acquire; the
//!    RMWs between them continue the release sequence. So a host that removes
//!    an instance's files and then releases it has them gone when the next
//!    instance gets the room.
//! 3. *A refusal is true at one instant.* The refusing thread loads `published`
//!    with Acquire, then every `Free`, then `published` again, and refuses only
//!    if that did not change. Without the second look an instance that moves
//!    from node A to node B, behind the scan and then ahead of it, would hide
//!    room that was always there: A was read before it got its room, B after
//!    it lost it. With it: A's release counted itself before it returned, so
//!    before B was taken; B was taken with Release and read with Acquire, so
//!    the second load sees the count. The first did not, else (rule 1's edge)
//!    the scan had seen A's room; so the two differ. In general every release
//!    that returned before anything the scan has seen is counted in the second
//!    load, so in the first, so in the scan; the others may be put after the
//!    refusal. Room counts from when the release that gives it back returned.
//!
//! # ABA
//!
//! `commit` compares the `Free` word that the plan saw. That word is the whole
//! truth about the node's room, so if it comes back to the same bits the plan
//! is as good as new. `Spec` and the 0 of `Free` never come back: a node with
//! no instance has all of its resources free, and it has some of each. The
//! count of releases comes back after 2^40 releases: a scan would have to take
//! as long as these (12 days at one a microsecond) to miss them.

use core::ops::Range;

use super::class::{Cell, Scale, Shape};
use super::index::{Grid, Index};
use super::lanes::{Lanes, Ranked, Tally, Weights};
use super::search::{BORDER_BLOCKS, Search};
use super::strategy::Choice;
use super::word::{Free, Short, Spec};
use crate::resources::Resources;
#[cfg(feature = "alloc")]
pub(super) use crate::sync::boxed;
pub(super) use crate::sync::{AtomicU64, Storage};
use crate::sync::{Ordering, spin_loop};

/// The most nodes of one fleet: 1,048,576. Their words take 16 MiB.
pub const MAX_NODES: u32 = 1 << 20;

const WORDS_PER_NODE: usize = 2;
const NODES_BITS: u32 = 24;
const NODES_MASK: u64 = (1 << NODES_BITS) - 1;
/// One release, in `published`. The releases are the high bits, so that they
/// wrap without a carry into the nodes.
pub(super) const ONE_RELEASE: u64 = 1 << NODES_BITS;

const _: () = assert!((MAX_NODES as u64) < NODES_MASK);

/// How many words a [`Fleet`](super::Fleet) of `max_nodes` needs: two each, 16
/// bytes a node, and above 256 nodes an index. That takes 32 bytes a node, to
/// which come 65 KiB (97 KiB above 65,536 nodes), or 32 KiB in all up to 1,024.
///
/// ```
/// use core::num::NonZeroU32;
/// use warmstow_core::placement::{Fleet, words};
/// use warmstow_core::sync::AtomicU64;
///
/// // Eight nodes without an allocator.
/// let storage: heapless::Vec<AtomicU64, { words(8) }> =
///     (0..words(8)).map(|_| AtomicU64::new(0)).collect();
/// let fleet = Fleet::new_in(storage, NonZeroU32::MIN, 0)?;
/// assert_eq!(fleet.max_nodes(), 8);
/// # Ok::<(), warmstow_core::placement::FleetError>(())
/// ```
pub const fn words(max_nodes: u32) -> usize {
    words_of(Shape::FLEET, max_nodes)
}

pub(super) const fn words_of(shape: Shape, max_nodes: u32) -> usize {
    let nodes = (max_nodes as usize).saturating_mul(WORDS_PER_NODE);
    match Grid::new(shape, max_nodes) {
        Some(grid) => nodes.saturating_add(grid.words()),
        None => nodes,
    }
}

/// The most nodes whose words are at most `words`.
fn nodes_in(shape: Shape, words: usize) -> u32 {
    let most = u32::try_from(words / WORDS_PER_NODE).unwrap_or(u32::MAX);
    // Bisection: each node more takes more words.
    let (mut fits, mut beyond) = (0, u64::from(most) + 1);
    while beyond - fits > 1 {
        let middle = (fits + beyond) / 2;
        let fewer = u32::try_from(middle).is_ok_and(|nodes| words_of(shape, nodes) <= words);
        if fewer { fits = middle } else { beyond = middle }
    }
    u32::try_from(fits).unwrap_or(u32::MAX)
}

/// The words of a fleet.
pub(super) struct Ledger<W> {
    words: W,
    max_nodes: u32,
    shape: Shape,
    grid: Option<Grid>,
    lanes: Lanes,
    shared: Shared,
}

/// Written by many threads, so kept off the cache line of what is only read.
#[repr(align(64))]
struct Shared {
    published: AtomicU64,
    draws: AtomicU64,
}

/// One state of the `published` word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Published(pub(super) u64);

impl Published {
    #[inline]
    pub(super) const fn nodes(self) -> u32 {
        (self.0 & NODES_MASK) as u32
    }
}

impl<W: Storage> Ledger<W> {
    /// An empty ledger in `words`, whatever they held. `Err` gives the number
    /// of nodes back that is above [`MAX_NODES`].
    pub(super) fn new(words: W) -> Result<Self, usize> {
        Self::with(Shape::FLEET, Lanes::detect(), words)
    }

    pub(super) fn with(shape: Shape, lanes: Lanes, words: W) -> Result<Self, usize> {
        let max_nodes = nodes_in(shape, words.words().len());
        if max_nodes > MAX_NODES {
            return Err(max_nodes as usize);
        }
        for word in words.words() {
            // ORDERING: Relaxed: no other thread has the ledger yet; whatever
            // hands it to one orders this before.
            word.store(0, Ordering::Relaxed);
        }
        let grid = Grid::new(shape, max_nodes);
        let shared = Shared { published: AtomicU64::new(0), draws: AtomicU64::new(0) };
        Ok(Self { words, max_nodes, shape, grid, lanes, shared })
    }

    #[inline]
    pub(super) const fn max_nodes(&self) -> u32 {
        self.max_nodes
    }

    /// The number of nodes and of releases so far.
    #[inline]
    pub(super) fn published(&self) -> Published {
        // ORDERING: Acquire, pairs with the Release in finish (rule 1) and in
        // give_back (rule 3: a release counted here is seen by the scan).
        Published(self.shared.published.load(Ordering::Acquire))
    }

    /// Whether no node was added and no release returned since `before`.
    #[inline]
    pub(super) fn unchanged_since(&self, before: Published) -> bool {
        // ORDERING: Relaxed: ordered after the scan by the scan's Acquire
        // loads, which pair with the Release in commit and reserve (rule 3).
        self.shared.published.load(Ordering::Relaxed) == before.0
    }

    /// Adds a node; `None` where there are `max_nodes`. Lock-free: O(1) plus
    /// the nodes that other threads add meanwhile.
    pub(super) fn add(&self, spec: Spec) -> Option<u32> {
        loop {
            let index = self.published().nodes();
            if index == self.max_nodes {
                return None;
            }
            match self.claim_index(index, spec) {
                Ok(()) => {
                    self.finish(index, spec);
                    return Some(index);
                }
                Err(other) => self.finish(index, other),
            }
            spin_loop();
        }
    }

    /// First step of `add`: makes `index` the node `spec`. `Err` names the
    /// node that has it.
    pub(super) fn claim_index(&self, index: u32, spec: Spec) -> Result<(), Spec> {
        let word = self.spec_word(index);
        // ORDERING: Relaxed: a helper that fails here has read the winner's word
        // (rule 1).
        match word.compare_exchange(0, spec.to_bits(), Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(other) => Err(Spec::from_bits(other)),
        }
    }

    /// The other steps of `add`, which any thread may take.
    fn finish(&self, index: u32, spec: Spec) {
        let empty = Free::all_of(spec).to_bits();
        // A failure means that another thread was here first, perhaps long
        // ago: `Free` is never 0 again, so this cannot undo a reservation.
        // ORDERING: Relaxed, as in claim_index.
        let _ =
            self.free_word(index).compare_exchange(0, empty, Ordering::Relaxed, Ordering::Relaxed);
        let mut seen = self.published();
        if seen.nodes() == index
            && let Some(index_of) = self.index()
        {
            // Before it is published, the node is where `empty` says.
            let cell = index_of.scale.cell(spec.total());
            index_of.grid.set(index_of.words, cell, self.shape.block(index));
        }
        while seen.nodes() == index {
            // ORDERING: Release, pairs with the Acquire in published (rule 1).
            // Relaxed on failure: it decides only whether to try again.
            match self.shared.published.compare_exchange(
                seen.0,
                seen.0 + 1,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => seen = Published(now),
            }
        }
    }

    /// The first `nodes` nodes with what is left of each, each read once: to
    /// choose by, not to refuse by. The caller has `nodes` from
    /// [`Ledger::published`].
    #[inline]
    pub(super) fn scan(&self, nodes: u32) -> impl Iterator<Item = (u32, Free)> + Clone {
        let words = &self.words.words()[..nodes as usize];
        (0_u32..).zip(words).map(|(index, word)| {
            // ORDERING: Relaxed: the CAS that takes a node compares its word.
            (index, Free::from_bits(word.load(Ordering::Relaxed)))
        })
    }

    /// What the first `nodes` nodes come to, each read once.
    pub(super) fn tally(&self, nodes: u32, needed: Resources) -> Tally {
        let words = &self.words.words()[..nodes as usize];
        // ORDERING: Acquire, pairs with the Release in reserve and commit (rule 3).
        self.lanes.tally(words, needed, |word| word.load(Ordering::Acquire))
    }

    /// What is left of node `index`, which is below the published number.
    #[inline]
    pub(super) fn free(&self, index: u32) -> Free {
        // ORDERING: Acquire, as in tally.
        Free::from_bits(self.free_word(index).load(Ordering::Acquire))
    }

    /// The node `index`, which is below the published number.
    #[inline]
    pub(super) fn spec(&self, index: u32) -> Spec {
        // ORDERING: Relaxed: the word was final before the Release in finish
        // that the caller's Acquire load of `published` pairs with (rule 1).
        Spec::from_bits(self.spec_word(index).load(Ordering::Relaxed))
    }

    /// Takes `needed` if node `index` is still as it was `seen`.
    ///
    /// `false`: another thread changed it, nothing was taken.
    #[inline]
    pub(super) fn commit(&self, index: u32, seen: Free, needed: Resources) -> bool {
        let Ok(left) = seen.take(needed) else {
            debug_assert!(false, "a strategy chose a node without room");
            return false;
        };
        let word = self.free_word(index);
        // ORDERING: Acquire, pairs with the Release in give_back (rule 2);
        // Release, pairs with the Acquire in scan (rule 3). Relaxed on
        // failure: the caller looks again from the start.
        let taken = word
            .compare_exchange(seen.to_bits(), left.to_bits(), Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        if taken {
            self.moved(index, seen, left);
        }
        taken
    }

    /// Takes `needed` from node `index`; `Err` gives what was left and what
    /// was short. Lock-free: retries only where another thread succeeded.
    #[inline]
    pub(super) fn reserve(&self, index: u32, needed: Resources) -> Result<(), (Free, Short)> {
        let word = self.free_word(index);
        let mut seen = self.free(index);
        loop {
            let left = seen.take(needed).map_err(|short| (seen, short))?;
            // ORDERING: AcqRel, as in commit; Acquire on failure, as in free.
            match word.compare_exchange(
                seen.to_bits(),
                left.to_bits(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    self.moved(index, seen, left);
                    return Ok(());
                }
                Err(now) => seen = Free::from_bits(now),
            }
        }
    }

    /// Gives `amount` of one instance back to node `index`; `false` where its
    /// instances do not hold that much. Lock-free as `reserve`.
    #[inline]
    #[must_use]
    pub(super) fn give_back(&self, index: u32, amount: Resources) -> bool {
        if !self.add_room(index, amount) {
            return false;
        }
        self.count_release();
        true
    }

    /// First step of `give_back`.
    #[inline]
    pub(super) fn add_room(&self, index: u32, amount: Resources) -> bool {
        let total = self.spec(index).total();
        let word = self.free_word(index);
        // ORDERING: Relaxed: a guess at the word that the CAS checks.
        let mut seen = Free::from_bits(word.load(Ordering::Relaxed));
        loop {
            let Some(more) = seen.give(amount, total) else {
                return false;
            };
            // ORDERING: Release, pairs with the Acquire in reserve and commit
            // (rule 2). Relaxed on failure: a better guess.
            match word.compare_exchange(
                seen.to_bits(),
                more.to_bits(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.moved(index, seen, more);
                    return true;
                }
                Err(now) => seen = Free::from_bits(now),
            }
        }
    }

    /// Last step of `give_back`: from here on the room counts.
    #[inline]
    pub(super) fn count_release(&self) {
        // ORDERING: Release, pairs with the Acquire in published: who sees the
        // count sees the room (rule 3).
        self.shared.published.fetch_add(ONE_RELEASE, Ordering::Release);
    }

    /// Brings the hints about node `index` in line with its change.
    #[inline]
    fn moved(&self, index: u32, from: Free, to: Free) {
        if let Some(index_of) = self.index() {
            let (from, to) = (index_of.scale.cell_of(from), index_of.scale.cell_of(to));
            let block = self.shape.block(index);
            index_of.moved(block, from, to, |cell| {
                self.any_in(block, cell, self.max_nodes, index_of.scale)
            });
        }
    }

    /// The index, where the fleet is large enough to have one. The caller has
    /// seen the first node published, or adds it.
    #[inline]
    pub(super) fn index(&self) -> Option<Index<'_>> {
        let grid = self.grid?;
        let words = &self.words.words()[WORDS_PER_NODE * self.max_nodes as usize..];
        Some(Index { grid, scale: Scale::new(self.shape, self.spec(0)), words })
    }

    /// Whether a look at that many nodes is too long.
    #[inline]
    pub(super) const fn is_large(&self, nodes: u32) -> bool {
        nodes > self.shape.scanned
    }

    /// A good one of the first `nodes` nodes: the best where they are few, else
    /// the best of those that the index leads to. `None` where that is none: a
    /// refusal takes more than that. `round` counts the nodes that other
    /// threads took from under the caller, who looks elsewhere then.
    #[inline]
    pub(super) fn find(
        &self,
        nodes: u32,
        needed: Resources,
        weights: Weights,
        round: u32,
    ) -> Option<Choice> {
        let index = self.index().filter(|_| self.is_large(nodes) && weights.are_of_room());
        let Some(index) = index else {
            return self.find_exact(nodes, needed, weights);
        };
        // An odd multiplier: the rounds of one call are spread over all blocks.
        let from = round.wrapping_mul(0x9E37_79B1) % (self.shape.block(nodes - 1) + 1);
        for border_blocks in BORDER_BLOCKS {
            let search = Search { index, needed, weights, from, border_blocks };
            let best = search.run(
                |block| self.least(self.run(block, nodes), needed, weights),
                |block, cell| self.any_in(block, cell, nodes, index.scale),
            );
            if !best.is_none() {
                // Another thread may have changed it: good enough if it fits.
                let choice = Choice { index: best.index(), seen: self.free(best.index()) };
                return choice.seen.fits(needed).then_some(choice);
            }
        }
        None
    }

    /// The best of the first `nodes` nodes, each looked at once; `None` where
    /// none has room, or where that one has changed meanwhile.
    #[inline]
    pub(super) fn find_exact(
        &self,
        nodes: u32,
        needed: Resources,
        weights: Weights,
    ) -> Option<Choice> {
        let best = self.least(0..nodes, needed, weights);
        if best.is_none() {
            return None;
        }
        let (index, seen) = (best.index(), self.free(best.index()));
        (Ranked::of(seen, index, needed, weights) == best).then_some(Choice { index, seen })
    }

    #[inline]
    fn least(&self, run: Range<u32>, needed: Resources, weights: Weights) -> Ranked {
        let words = self.words_of(&run);
        // ORDERING: Relaxed: a guess that the CAS of the chosen node checks.
        let read = |word: &AtomicU64| word.load(Ordering::Relaxed);
        self.lanes.least(run.start, words, needed, weights, read)
    }

    /// Whether one of the nodes of `block` below number `nodes` is in `cell`.
    #[inline]
    fn any_in(&self, block: u32, cell: Cell, nodes: u32, scale: Scale) -> bool {
        let words = self.words_of(&self.run(block, nodes));
        // ORDERING: Relaxed: where it matters, the caller has acquired a word
        // that was changed after the one looked for.
        let read = |word: &AtomicU64| word.load(Ordering::Relaxed);
        self.lanes.any_within(words, scale.bounds(cell), read)
    }

    /// The nodes of `block` below number `nodes`.
    #[inline]
    fn run(&self, block: u32, nodes: u32) -> Range<u32> {
        let start = block << self.shape.block_bits;
        start..nodes.min(start + (1 << self.shape.block_bits))
    }

    /// What is left of the nodes of `run`.
    #[inline]
    fn words_of(&self, run: &Range<u32>) -> &[AtomicU64] {
        &self.words.words()[run.start as usize..run.end as usize]
    }

    /// The number of draws before this one.
    #[inline]
    pub(super) fn next_draw(&self) -> u64 {
        // ORDERING: Relaxed: a count that publishes nothing; each RMW gets
        // its own number.
        self.shared.draws.fetch_add(1, Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn free_word(&self, index: u32) -> &AtomicU64 {
        &self.words.words()[index as usize]
    }

    #[inline]
    pub(super) fn spec_word(&self, index: u32) -> &AtomicU64 {
        &self.words.words()[self.max_nodes as usize + index as usize]
    }

    /// The word of nodes and releases, for the twins of the loom tests.
    #[cfg(all(test, loom))]
    pub(super) fn published_word(&self) -> &AtomicU64 {
        &self.shared.published
    }
}
