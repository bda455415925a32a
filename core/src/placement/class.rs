//! Classes of free room: where a node stands in the index's grid.
//!
//! A class is a range of amounts, four to an octave, as the exponent and two
//! bits of mantissa of a small floating-point number. So a class is at most a
//! quarter wider than its least amount, and 64 of them reach over 17 bits. The
//! amounts of larger nodes are shifted until the first registered node fits.
//!
//! Plain arithmetic on integers: the same on every target.

use super::word::{Free, Spec};
use crate::resources::Resources;

/// Classes of one resource.
const CLASSES: u32 = 64;
/// Amounts below two to this have classes of their own after the shift.
const RANGE_BITS: u32 = 17;

/// How finely a fleet is indexed. One shape serves all fleets; the models of
/// the tests use smaller ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Classes of one resource: two to this.
    pub(super) class_bits: u32,
    /// Nodes of one block: two to this.
    pub(super) block_bits: u32,
    /// Fleets of up to this many nodes are scanned.
    pub(super) scanned: u32,
}

impl Shape {
    pub(super) const FLEET: Self = Self { class_bits: 6, block_bits: 4, scanned: 256 };

    /// Classes of one resource.
    #[inline]
    pub(super) const fn classes(self) -> u32 {
        1 << self.class_bits
    }

    /// The block of node `index`.
    #[inline]
    pub(super) const fn block(self, index: u32) -> u32 {
        index >> self.block_bits
    }
}

/// What the amounts of one fleet are measured by: its first node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    class_shift: u32,
    cpu_shift: u32,
    memory_shift: u32,
}

/// A pair of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) cpu: u32,
    pub(super) memory: u32,
}

/// The amounts of the nodes of one cell, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) least: Resources,
    pub(super) most: Resources,
}

impl Scale {
    pub(super) const fn new(shape: Shape, first: Spec) -> Self {
        let total = first.total();
        Self {
            class_shift: CLASSES.trailing_zeros() - shape.class_bits,
            cpu_shift: shift(total.cpu_units),
            memory_shift: shift(total.memory_mib),
        }
    }

    /// The cell of a node with this much free.
    #[inline]
    pub(super) const fn cell(self, free: Resources) -> Cell {
        Cell {
            cpu: class(free.cpu_units >> self.cpu_shift) >> self.class_shift,
            memory: class(free.memory_mib >> self.memory_shift) >> self.class_shift,
        }
    }

    #[inline]
    pub(super) const fn cell_of(self, free: Free) -> Cell {
        self.cell(free.resources())
    }

    /// The least CPU of a class.
    #[inline]
    pub(super) const fn least_cpu(self, class: u32) -> u32 {
        least(class << self.class_shift) << self.cpu_shift
    }

    /// The least memory of a class.
    #[inline]
    pub(super) const fn least_memory(self, class: u32) -> u32 {
        least(class << self.class_shift) << self.memory_shift
    }

    #[inline]
    pub(super) const fn bounds(self, cell: Cell) -> Bounds {
        let last = (CLASSES >> self.class_shift) - 1;
        // The last class is open above: it holds the nodes beyond the scale.
        let most_cpu =
            if cell.cpu == last { Resources::MAX } else { self.least_cpu(cell.cpu + 1) - 1 };
        let most_memory = if cell.memory == last {
            Resources::MAX
        } else {
            self.least_memory(cell.memory + 1) - 1
        };
        Bounds {
            least: Resources::new(self.least_cpu(cell.cpu), self.least_memory(cell.memory)),
            most: Resources::new(most_cpu, most_memory),
        }
    }
}

/// By how much amounts are shifted so that `total` is in range.
const fn shift(total: u32) -> u32 {
    (u32::BITS - total.leading_zeros()).saturating_sub(RANGE_BITS)
}

/// The class of an amount: exponent and two bits of mantissa.
#[inline]
const fn class(amount: u32) -> u32 {
    if amount < 4 {
        return amount;
    }
    let exponent = amount.ilog2();
    let class = (exponent - 1) * 4 + ((amount >> (exponent - 2)) & 3);
    if class < CLASSES { class } else { CLASSES - 1 }
}

/// The least amount of a class.
#[inline]
const fn least(class: u32) -> u32 {
    if class < 4 { class } else { (4 + (class & 3)) << (class / 4 - 1) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::placement::node::NodeSpec;

    #[test]
    fn classes_are_in_order_and_begin_at_their_least_amount() {
        for number in 0..CLASSES {
            assert_eq!(class(least(number)), number);
            if number > 0 {
                assert_eq!(class(least(number) - 1), number - 1);
            }
        }
        assert_eq!(class(u32::MAX), CLASSES - 1);
    }

    #[test]
    fn the_bounds_of_a_cell_are_those_of_its_amounts() {
        for total in [3, 32_768, 70_000, Resources::MAX] {
            let first = Spec::new(NodeSpec::new(Resources::new(total, 65_536), 0));
            for class_bits in [1, 6] {
                let scale = Scale::new(Shape { class_bits, ..Shape::FLEET }, first);
                for amount in [0, 1, 5, 777, 32_768, 65_535, 130_000, Resources::MAX] {
                    let free = Resources::new(amount, amount);
                    let bounds = scale.bounds(scale.cell(free));
                    assert_eq!(free.short_of(bounds.least), None, "{free} below {bounds:?}");
                    assert_eq!(bounds.most.short_of(free), None, "{free} above {bounds:?}");
                    let below = bounds.least.cpu_units.checked_sub(1);
                    let above = bounds.most.cpu_units + 1;
                    for out in below.into_iter().chain([above]).filter(|&a| a <= Resources::MAX) {
                        let outside = Resources::new(out, amount);
                        assert_ne!(scale.cell(outside), scale.cell(free), "{outside}");
                    }
                }
            }
        }
    }
}
