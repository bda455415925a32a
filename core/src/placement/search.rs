//! The way through the grid to a node: which cells to look in, and when to
//! stop.
//!
//! Cells are visited in the order of the least key that a node in them can
//! have, line by line. In an *inner* cell, whose classes are both above those
//! of the need, every node has room: the first block with one ends the line.
//! In a *border* cell a node may be a little short, so a few blocks are tried.
//! Of a block that is looked at, the exact best is taken.
//!
//! What is found is so at least as good, to within one class (a quarter of the
//! amount left), as the best node of all inner cells; the best node of the
//! border cells may be passed over. A search that finds nothing proves nothing:
//! it is made once more, deeper, and then every node is looked at.

use super::class::Cell;
use super::index::Index;
use super::lanes::{Ranked, Weights};
use crate::resources::Resources;

/// Blocks looked at in one border cell, at first and where that finds nothing.
pub(super) const BORDER_BLOCKS: [u32; 2] = [1, 16];

/// Walks that one search makes, where each leads to a cell without a node.
const WALKS: u32 = 8;

/// One search for room.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) index: Index<'a>,
    pub(super) needed: Resources,
    pub(super) weights: Weights,
    /// The block to begin with: 0, or another where threads would collide.
    pub(super) from: u32,
    /// Blocks to look at in one border cell.
    pub(super) border_blocks: u32,
}

impl Search<'_> {
    /// The best node met; `best_of` gives the best of a block, `any` whether a
    /// block has a node of a cell.
    #[inline]
    pub(super) fn run(
        self,
        best_of: impl Fn(u32) -> Ranked,
        any: impl Fn(u32, Cell) -> bool,
    ) -> Ranked {
        for _ in 0..WALKS {
            let (border, inner) = self.walk(&best_of, &any);
            let Some(inner) = inner else { return border };
            let found = self.look_in(inner, 1, &best_of, &any);
            if !found.is_none() || !border.is_none() {
                return found.min(border);
            }
            // The hints of that cell stood for nothing and are gone, or another
            // thread took what was there.
        }
        Ranked::NONE
    }

    /// The best node met in border cells, and the inner cell that promises a
    /// better one.
    #[inline]
    fn walk(
        self,
        best_of: impl Fn(u32) -> Ranked,
        any: impl Fn(u32, Cell) -> bool,
    ) -> (Ranked, Option<Cell>) {
        let by_memory = self.weights.is_memory_alone();
        let corner = self.index.scale.cell(self.needed);
        let (first, place) =
            if by_memory { (corner.memory, corner.cpu) } else { (corner.cpu, corner.memory) };
        let (mut border, mut inner, mut least) = (Ranked::NONE, None, u64::MAX);
        for line in first..self.index.grid.shape.classes() {
            let cell = |place| match by_memory {
                true => Cell { cpu: place, memory: line },
                false => Cell { cpu: line, memory: place },
            };
            if self.least_key(cell(0)) >= least {
                break;
            }
            let mut places = self.line(by_memory, line) & (u64::MAX << place);
            while places != 0 {
                let cell = cell(places.trailing_zeros());
                let key = self.least_key(cell);
                if key >= least {
                    break;
                }
                if cell.cpu > corner.cpu && cell.memory > corner.memory {
                    (inner, least) = (Some(cell), key);
                    break;
                }
                let found = self.look_in(cell, self.border_blocks, &best_of, &any);
                border = border.min(found);
                if found.key() < least {
                    (inner, least) = (None, found.key());
                }
                places &= places - 1;
            }
        }
        (border, inner)
    }

    /// The cells of a line that have a block, as the hints say.
    #[inline]
    fn line(self, by_memory: bool, line: u32) -> u64 {
        let Index { grid, words, .. } = self.index;
        if by_memory { grid.column(words, line) } else { grid.row(words, line) }
    }

    /// No node of `cell` has a smaller key.
    #[inline]
    fn least_key(self, cell: Cell) -> u64 {
        let scale = self.index.scale;
        self.weights.key_of_left(
            scale.least_cpu(cell.cpu).saturating_sub(self.needed.cpu_units),
            scale.least_memory(cell.memory).saturating_sub(self.needed.memory_mib),
        )
    }

    /// The best node of the first blocks of `cell`, of up to `looks`.
    #[inline]
    fn look_in(
        self,
        cell: Cell,
        mut looks: u32,
        best_of: impl Fn(u32) -> Ranked,
        any: impl Fn(u32, Cell) -> bool,
    ) -> Ranked {
        let Index { grid, words, .. } = self.index;
        let mut from = self.from;
        let mut wrapped = from == 0;
        loop {
            let Some(block) = grid.next(words, cell, from) else {
                if wrapped {
                    return Ranked::NONE;
                }
                wrapped = true;
                from = 0;
                continue;
            };
            let found = best_of(block);
            if !found.is_none() {
                return found;
            }
            if any(block, cell) {
                looks -= 1;
                if looks == 0 {
                    return Ranked::NONE;
                }
            } else {
                // A hint that stands for nothing.
                grid.clear(words, cell, block, || any(block, cell));
            }
            from = block + 1;
        }
    }
}
