//! Where a pool's words are: which index is in which leaf, and how leaves and
//! records lie in memory.

use super::claim_set::{ClaimSet, hint_words};
use super::leaf::LEAF_BITS;
use super::{Pick, PoolConfig};
use crate::id::Lane;
use crate::sync::AtomicU64;

/// Words in a cache line of 64 bytes; loom has none and pays for each word.
pub(super) const LINE: usize = if cfg!(all(test, loom)) { 1 } else { 8 };

/// A leaf holds 2 to this power indices at the most,
const FULL: u32 = LEAF_BITS.trailing_zeros();
/// and where lanes want more leaves, so many at the least: fewer cost more
/// memory in cache lines than they save in waiting for them.
const SPARSE: u32 = if FULL < 3 { FULL } else { 3 };

/// Leaves are told apart by so many chunks where permits are looked for.
const CHUNKS: usize = 32;

/// How the indices of a claim set are spread over its leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetShape {
    pub(super) leaves: usize,
    /// A leaf holds 2 to this power indices.
    pub(super) shift: u32,
    /// The bits of an index that say which of its leaf it is.
    low: u32,
    /// From one leaf word to the next: 2 to this power words.
    pub(super) spacing: u32,
}

impl SetShape {
    /// Leaves as full and as near to each other as can be.
    pub(super) const fn dense(indices: usize) -> Self {
        Self::new(indices.div_ceil(1 << FULL), FULL, 0)
    }

    /// Leaves for so many lanes, each with a cache line to itself; where there
    /// are enough for all, as many together as fit in it.
    /// An instance of up to `stride` indices stays in one leaf.
    const fn spread(instances: usize, stride: u32, lanes: usize) -> Self {
        let indices = instances << stride;
        let mut shift = FULL;
        while shift > SPARSE && shift > stride && indices.div_ceil(1 << shift) < lanes {
            shift -= 1;
        }
        let leaves = indices.div_ceil(1 << shift);
        let alone = lanes > 1 && leaves < lanes * LINE;
        Self::new(leaves, shift, if alone { LINE.trailing_zeros() } else { 0 })
    }

    const fn new(leaves: usize, shift: u32, spacing: u32) -> Self {
        Self { leaves, shift, low: (1 << shift) - 1, spacing }
    }

    const fn words(self) -> usize {
        self.leaves << self.spacing
    }

    /// The leaf of an index.
    #[inline]
    pub(super) const fn leaf_of(self, index: u32) -> usize {
        (index >> self.shift) as usize
    }

    /// The bit of an index in its leaf.
    #[inline]
    pub(super) const fn bit(self, index: u32) -> u32 {
        1 << (index & self.low)
    }

    /// The index of a bit in a leaf.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a pool has at most 2^24 seats")]
    pub(super) const fn index(self, leaf: usize, bit: u32) -> u32 {
        ((leaf as u32) << self.shift) + bit
    }

    /// Calls `visit` with each leaf that holds indices from `first` up to
    /// `end`, and the bits of these.
    #[inline]
    pub(super) fn for_each_leaf(self, first: u32, end: u32, mut visit: impl FnMut(usize, u32)) {
        let width = 1 << self.shift;
        let mut index = first;
        while index < end {
            let at = index & (width - 1);
            visit(self.leaf_of(index), low_bits((end - index).min(width)) << at & low_bits(width));
            index += width - at;
        }
    }
}

/// The lowest `count` bits, at most 32.
#[inline]
const fn low_bits(count: u32) -> u32 {
    if count >= u32::BITS { u32::MAX } else { (1 << count) - 1 }
}

/// An instance takes 2 to this power indices of the idle set: its concurrency
/// rounded up to a power of two. So one of up to 16 seats never straddles two
/// leaves and one compare-exchange claims it whole; and the way from an index
/// to its instance is a shift.
pub(super) const fn stride_shift(instance_concurrency: u32) -> u32 {
    instance_concurrency.next_power_of_two().trailing_zeros()
}

/// Where each array of a pool begins, in words from the first.
///
/// An instance's words stand together, and the idle leaves and the records
/// begin on cache lines of their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) idle: SetShape,
    pub(super) vacant: SetShape,
    /// Index of the idle set to instance: a shift by this much.
    pub(super) stride: u32,
    /// A lane's number, masked by this, is its group of so many leaves.
    lane_mask: u32,
    group: usize,
    /// An instance is a seat is an index, and the lowest comes first: what
    /// requests of AWS Lambda's kind need, and `parked.rs` has a short way for.
    pub(super) plain: bool,
    /// Leaf to chunk: a shift by this much.
    chunk_shift: u32,
    idle_leaves: u32,
    idle_hints: usize,
    vacant_leaves: usize,
    vacant_hints: usize,
    pub(super) records: u32,
    /// Words of one instance: slot word, last use, then one for each seat.
    pub(super) record: usize,
    /// All of it, with what aligning it may cost.
    pub(super) words: usize,
}

impl Layout {
    /// The layout of a valid configuration.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most as many groups as lanes, 2^27 words"
    )]
    pub(super) const fn new(config: &PoolConfig) -> Self {
        let instances = config.max_instances as usize;
        let stride = stride_shift(config.instance_concurrency);
        let lanes = config.lanes.next_power_of_two() as usize;
        let idle = SetShape::spread(instances, stride, lanes);
        let vacant = SetShape::dense(instances);
        let record = 2 + config.instance_concurrency as usize;
        // A group of leaves for each lane, as long as there are so many.
        let mut groups = lanes;
        while groups > idle.leaves {
            groups /= 2;
        }
        let line = if idle.spacing == 0 { LINE } else { 1 };
        let group = idle.leaves / groups / line * line;
        let idle_hints = idle.words().next_multiple_of(LINE);
        let vacant_leaves = idle_hints + hint_words(idle.leaves);
        let vacant_hints = vacant_leaves + vacant.words();
        let records = (vacant_hints + hint_words(vacant.leaves)).next_multiple_of(LINE);
        let words = records + instances * record + (LINE - 1);
        Self {
            idle,
            vacant,
            stride,
            plain: stride == 0 && matches!(config.pick, Pick::Packed),
            lane_mask: groups as u32 - 1,
            group,
            chunk_shift: idle.leaves.div_ceil(CHUNKS).next_power_of_two().trailing_zeros(),
            idle_leaves: 0,
            idle_hints,
            vacant_leaves,
            vacant_hints,
            records: records as u32,
            record,
            words,
        }
    }

    /// The leaf that a lane starts at. Lane 0 starts at the lowest.
    #[inline]
    pub(super) const fn first_leaf(&self, lane: Lane) -> usize {
        (lane.number() & self.lane_mask) as usize * self.group
    }

    /// The leaves of a chunk: a 32nd of all, or one.
    pub(super) const fn leaves_of(&self, chunk: u32) -> core::ops::Range<usize> {
        let first = (chunk as usize) << self.chunk_shift;
        let end = first + (1 << self.chunk_shift);
        first..if end < self.idle.leaves { end } else { self.idle.leaves }
    }

    /// The chunk of a leaf.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "below 32")]
    pub(super) const fn chunk_of(&self, leaf: usize) -> u32 {
        (leaf >> self.chunk_shift) as u32
    }

    /// Leaf `leaf` of the idle set, among a pool's `words`.
    #[inline]
    pub(super) fn idle_leaf<'a>(&self, words: &'a [AtomicU64], leaf: usize) -> &'a AtomicU64 {
        &words[self.idle_leaves as usize + (leaf << self.idle.spacing)]
    }

    /// The set of idle seats.
    #[inline]
    pub(super) fn idle_set<'a>(&self, words: &'a [AtomicU64]) -> ClaimSet<'a> {
        ClaimSet::new(
            &words[self.idle_hints..][..hint_words(self.idle.leaves)],
            &words[self.idle_leaves as usize..][..self.idle.words()],
            self.idle,
        )
    }

    /// The set of vacant slots.
    #[inline]
    pub(super) fn vacant_set<'a>(&self, words: &'a [AtomicU64]) -> ClaimSet<'a> {
        ClaimSet::new(
            &words[self.vacant_hints..][..hint_words(self.vacant.leaves)],
            &words[self.vacant_leaves..][..self.vacant.words()],
            self.vacant,
        )
    }

    /// Moves every array by `by` words, less than a line.
    #[expect(clippy::cast_possible_truncation, reason = "less than a line")]
    pub(super) const fn moved(self, by: usize) -> Self {
        Self {
            idle_leaves: self.idle_leaves + by as u32,
            idle_hints: self.idle_hints + by,
            vacant_leaves: self.vacant_leaves + by,
            vacant_hints: self.vacant_hints + by,
            records: self.records + by as u32,
            ..self
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn layout(max_instances: u32, lanes: u32) -> Layout {
        Layout::new(&PoolConfig { lanes, ..PoolConfig::new(max_instances) })
    }

    fn first_leaves(layout: &Layout, lanes: u32) -> Vec<usize> {
        (0..lanes).map(|lane| layout.first_leaf(Lane::new(lane))).collect()
    }

    #[test]
    fn an_idle_instance_of_one_request_takes_under_32_bytes() {
        for (instances, lanes) in [(1_000_000, 1), (1_000_000, 256), (4_096, 16), (1_000, 16)] {
            let bytes = 8 * layout(instances, lanes).words;
            assert!(bytes < 32 * instances as usize, "{bytes} bytes for {instances}");
        }
    }

    #[test]
    fn an_instance_takes_a_power_of_two_of_indices() {
        let stride = |concurrency| 1 << stride_shift(concurrency);
        assert_eq!([1, 2, 3, 32, 33, 1_600].map(stride), [1, 2, 4, 32, 64, 2_048]);
    }

    #[test]
    fn lanes_of_a_small_pool_have_a_line_each_until_they_fold_over() {
        let small = layout(64, 16);
        assert_eq!((small.idle.leaves, small.idle.shift, small.idle.spacing), (8, 3, 3));
        assert_eq!(first_leaves(&small, 10), [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
        let tiny = layout(1, 16);
        assert_eq!(first_leaves(&tiny, 3), [0, 0, 0]);
    }

    #[test]
    fn lanes_of_a_large_pool_begin_in_lines_of_their_own() {
        let large = layout(4_096, 16);
        assert_eq!((large.idle.leaves, large.idle.spacing), (256, 0));
        assert_eq!(first_leaves(&large, 3), [0, 16, 32]);
        let uneven = layout(5_000, 16);
        assert!(first_leaves(&uneven, 16).iter().all(|leaf| leaf % LINE == 0));
    }

    #[test]
    fn one_lane_begins_at_the_lowest_index_in_full_leaves() {
        let one = layout(64, 1);
        assert_eq!((one.idle.leaves, one.idle.shift, one.idle.spacing), (4, 4, 0));
        assert_eq!(first_leaves(&one, 3), [0, 0, 0]);
    }

    #[test]
    fn an_instance_of_up_to_16_seats_stays_in_one_leaf() {
        for concurrency in 1..=16 {
            let config = PoolConfig { instance_concurrency: concurrency, ..PoolConfig::new(5) };
            let layout = Layout::new(&PoolConfig { lanes: 16, ..config });
            for first in (0..5).map(|instance| instance << layout.stride) {
                let mut leaves = 0;
                layout.idle.for_each_leaf(first, first + concurrency, |_, bits| {
                    leaves += 1;
                    assert_eq!(bits.count_ones(), concurrency);
                });
                assert_eq!(leaves, 1, "{concurrency} seats");
            }
        }
    }

    #[test]
    fn every_leaf_is_in_one_of_at_most_32_chunks() {
        for instances in [1, 31, 64, 1_000, 5_000, 70_000] {
            let layout = layout(instances, 16);
            let chunks = 0..32;
            let leaves: Vec<_> = chunks.clone().flat_map(|chunk| layout.leaves_of(chunk)).collect();
            assert_eq!(leaves, (0..layout.idle.leaves).collect::<Vec<_>>());
            for chunk in chunks {
                assert!(layout.leaves_of(chunk).all(|leaf| layout.chunk_of(leaf) == chunk));
            }
        }
    }
}
