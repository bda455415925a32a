//! A node's two words, unpacked: what is free on it, and what it is.
//!
//! ```text
//! bit      63        40 39        16 15         0
//! Free    | cpu_units  | memory_mib | instances  |
//! bit      63        40 39        16 15    6 5  0
//! Spec    | cpu_units  | memory_mib | unused|zone|
//! ```
//!
//! Plain arithmetic: the atomics that hold these words, and what may change
//! them, are in `capacity`. A zero word means that the node is not there yet:
//! a node has some of each resource, so its `Spec` is not zero, and neither is
//! its `Free`, because a node with nothing left holds at least one instance.

use super::node::{MAX_ZONES, NodeSpec};
use crate::resources::{Resource, Resources};

const AMOUNT_BITS: u32 = 24;
const INSTANCE_BITS: u32 = 16;
const MEMORY_SHIFT: u32 = INSTANCE_BITS;
const CPU_SHIFT: u32 = INSTANCE_BITS + AMOUNT_BITS;
const AMOUNT_MASK: u64 = (1 << AMOUNT_BITS) - 1;
const INSTANCE_MASK: u64 = (1 << INSTANCE_BITS) - 1;
const ZONE_MASK: u64 = MAX_ZONES as u64 - 1;

const _: () = assert!(CPU_SHIFT + AMOUNT_BITS == u64::BITS);
const _: () = assert!(Resources::MAX as u64 == AMOUNT_MASK);
// A zone read from any word at all is below MAX_ZONES.
const _: () = assert!(MAX_ZONES.is_power_of_two() && ZONE_MASK <= INSTANCE_MASK);

/// The most instances that one node holds: 65,535, the 16 bits left beside
/// two resources of 24 bits in a 64-bit word.
pub const MAX_INSTANCES: u32 = (1 << INSTANCE_BITS) - 1;

/// What is left of a node, and how many instances hold the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Free(u64);

/// Why a [`Free`] has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// Too little of one resource.
    Of(Resource),
    /// As many instances as a word can count.
    Instances,
}

/// A node's total and its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spec(u64);

impl Free {
    /// All of `spec`, no instance.
    pub(super) const fn all_of(spec: Spec) -> Self {
        Self(amounts(spec.total()))
    }

    #[inline]
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline]
    pub(super) const fn to_bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(super) const fn instances(self) -> u32 {
        (self.0 & INSTANCE_MASK) as u32
    }

    #[inline]
    pub(super) const fn resources(self) -> Resources {
        unpack(self.0)
    }

    /// Whether one more instance of `needed` has room.
    #[inline]
    pub(super) const fn fits(self, needed: Resources) -> bool {
        let free = self.resources();
        // Not `&&`: three comparisons cost less than two branches that the
        // processor cannot predict from node to node.
        (free.cpu_units >= needed.cpu_units)
            & (free.memory_mib >= needed.memory_mib)
            & (self.instances() < MAX_INSTANCES)
    }

    /// What is left once one instance takes `needed`; CPU is named first
    /// where both resources are short.
    #[inline]
    pub(super) const fn take(self, needed: Resources) -> Result<Self, Short> {
        if let Some(resource) = self.resources().short_of(needed) {
            return Err(Short::Of(resource));
        }
        if self.instances() == MAX_INSTANCES {
            return Err(Short::Instances);
        }
        // No field borrows from the next: each was compared above.
        Ok(Self(self.0 - amounts(needed) + 1))
    }

    /// What is left once one instance gives `amount` back to a node of
    /// `total`; `None` where that is more than the node's instances hold.
    #[inline]
    pub(super) const fn give(self, amount: Resources, total: Resources) -> Option<Self> {
        let free = self.resources();
        // Subtracted, not added: no sum can overflow.
        let held = match (
            total.cpu_units.checked_sub(free.cpu_units),
            total.memory_mib.checked_sub(free.memory_mib),
        ) {
            (Some(cpu_units), Some(memory_mib)) => Resources { cpu_units, memory_mib },
            _ => return None,
        };
        if held.short_of(amount).is_some() || self.instances() == 0 {
            return None;
        }
        // The last instance gives back all that is held: less would leave
        // room that nobody holds and nobody can give back.
        if self.instances() == 1
            && (held.cpu_units != amount.cpu_units || held.memory_mib != amount.memory_mib)
        {
            return None;
        }
        Some(Self(self.0 + amounts(amount) - 1))
    }
}

impl Spec {
    /// `spec` as a word. The caller has checked it.
    pub(super) const fn new(spec: NodeSpec) -> Self {
        Self(amounts(spec.resources) | spec.zone as u64)
    }

    #[inline]
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline]
    pub(super) const fn to_bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(super) const fn total(self) -> Resources {
        unpack(self.0)
    }

    #[inline]
    pub(super) const fn zone(self) -> u8 {
        (self.0 & ZONE_MASK) as u8
    }

    pub(super) const fn spec(self) -> NodeSpec {
        NodeSpec { resources: self.total(), zone: self.zone() }
    }
}

/// `resources` in its place in a word. Each amount has 24 bits.
#[inline]
const fn amounts(resources: Resources) -> u64 {
    (resources.cpu_units as u64) << CPU_SHIFT | (resources.memory_mib as u64) << MEMORY_SHIFT
}

#[inline]
const fn unpack(bits: u64) -> Resources {
    Resources {
        cpu_units: (bits >> CPU_SHIFT) as u32,
        memory_mib: ((bits >> MEMORY_SHIFT) & AMOUNT_MASK) as u32,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const TOTAL: Resources = Resources::new(Resources::MAX, Resources::MAX);

    fn empty(total: Resources) -> Free {
        Free::all_of(Spec::new(NodeSpec::new(total, 63)))
    }

    #[test]
    fn the_largest_node_and_zone_fit_their_fields() {
        let spec = Spec::new(NodeSpec::new(TOTAL, 63));
        assert_eq!((spec.total(), spec.zone()), (TOTAL, 63));
        assert_eq!((Free::all_of(spec).resources(), Free::all_of(spec).instances()), (TOTAL, 0));
    }

    #[test]
    fn taking_all_leaves_one_instance_and_a_word_that_is_not_zero() {
        let full = empty(TOTAL).take(TOTAL).unwrap();
        assert_eq!((full.resources(), full.instances()), (Resources::new(0, 0), 1));
        assert_ne!(full.to_bits(), 0);
        assert_eq!(full.give(TOTAL, TOTAL), Some(empty(TOTAL)));
    }

    #[test]
    fn what_is_short_is_named_and_fits_agrees_with_take() {
        let free = empty(Resources::new(10, 20));
        assert_eq!(free.take(Resources::new(11, 21)), Err(Short::Of(Resource::Cpu)));
        assert_eq!(free.take(Resources::new(10, 21)), Err(Short::Of(Resource::Memory)));
        assert_eq!(free.take(Resources::new(u32::MAX, 1)), Err(Short::Of(Resource::Cpu)));
        assert!(!free.fits(Resources::new(1, 21)) && free.fits(Resources::new(10, 20)));
    }

    #[test]
    fn the_instance_count_is_bounded_and_does_not_spill_into_memory() {
        let nothing = Resources::new(0, 0);
        let mut free = empty(Resources::new(1, 1));
        for _ in 0..MAX_INSTANCES {
            free = free.take(nothing).unwrap();
        }
        assert_eq!(free.take(nothing), Err(Short::Instances));
        assert!(!free.fits(nothing));
        assert_eq!(free.resources(), Resources::new(1, 1));
    }

    #[test]
    fn no_more_is_given_back_than_is_held() {
        let total = Resources::new(10, 20);
        let one = Resources::new(4, 8);
        let free = empty(total).take(one).unwrap();
        assert_eq!(empty(total).give(one, total), None);
        assert_eq!(free.give(Resources::new(5, 8), total), None);
        assert_eq!(free.give(Resources::new(4, 9), total), None);
        assert_eq!(free.give(Resources::new(u32::MAX, u32::MAX), total), None);
    }

    #[test]
    fn the_last_instance_gives_back_all_that_is_held() {
        let total = Resources::new(10, 20);
        let one = Resources::new(4, 8);
        let free = empty(total).take(one).unwrap();
        assert_eq!(free.give(Resources::new(3, 8), total), None);
        assert_eq!(free.give(Resources::new(4, 7), total), None);
        assert_eq!(free.give(one, total), Some(empty(total)));
    }
}
