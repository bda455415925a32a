//! Handles: an index and a generation, so that a stale one is refused by name.
//!
//! Each handle converts to plain bits for hosts in other languages and back.
//! All-zero bits are no handle, so C's `{0}` is safe. A handle names its
//! function or node by the generation of the region that gave it out: give
//! each region its own generation and a handle from another region is refused.

use core::fmt;
use core::num::NonZeroU32;

/// Index and generation in 64 bits: generation in the high half.
#[inline]
const fn pack(index: u32, generation: NonZeroU32) -> u64 {
    (generation.get() as u64) << 32 | index as u64
}

/// The reverse of [`pack`]; `None` for a zero generation.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
const fn unpack(bits: u64) -> Option<(u32, NonZeroU32)> {
    match NonZeroU32::new((bits >> 32) as u32) {
        Some(generation) => Some((bits as u32, generation)),
        None => None,
    }
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            index: u32,
            generation: NonZeroU32,
        }

        impl $name {
            /// The handle of entry `index` in its `generation`.
            #[inline]
            pub const fn new(index: u32, generation: NonZeroU32) -> Self {
                Self { index, generation }
            }

            /// The position in its table, from 0.
            #[inline]
            pub const fn index(self) -> u32 {
                self.index
            }

            /// The generation of that position.
            #[inline]
            pub const fn generation(self) -> NonZeroU32 {
                self.generation
            }

            /// The handle as 64 bits, never zero.
            #[inline]
            pub const fn to_bits(self) -> u64 {
                pack(self.index, self.generation)
            }

            /// The handle that gave these bits; `None` for a zero generation.
            #[inline]
            pub const fn from_bits(bits: u64) -> Option<Self> {
                match unpack(bits) {
                    Some((index, generation)) => Some(Self { index, generation }),
                    None => None,
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}v{})", stringify!($name), self.index, self.generation)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}v{}", self.index, self.generation)
            }
        }
    };
}

handle! {
    /// A function of a region.
    FunctionId
}

handle! {
    /// An alias of a function's versions.
    AliasId
}

handle! {
    /// A node of a fleet: the resource view of a container instance.
    NodeId
}

handle! {
    /// A placement request that a view has prepared.
    RequestId
}

handle! {
    /// The room that one task holds on one node of a view, until it has stopped.
    HoldId
}

handle! {
    /// A slot of a pool in one generation: one instance, from its start until
    /// it has stopped. The generation changes with every instance in the slot.
    SlotId
}

/// One instance of one function of a region (Lambda's execution environment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InstanceId {
    /// The function.
    pub function: FunctionId,
    /// The instance within that function's pool.
    pub slot: SlotId,
}

impl InstanceId {
    /// The handle as two words: function, then slot.
    #[inline]
    pub const fn to_bits(self) -> [u64; 2] {
        [self.function.to_bits(), self.slot.to_bits()]
    }

    /// The handle that gave these bits; `None` where either part is no handle.
    #[inline]
    pub const fn from_bits(bits: [u64; 2]) -> Option<Self> {
        match (FunctionId::from_bits(bits[0]), SlotId::from_bits(bits[1])) {
            (Some(function), Some(slot)) => Some(Self { function, slot }),
            _ => None,
        }
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.function, self.slot)
    }
}

/// Where a thread looks first for an idle instance.
///
/// The idle instances of a function are laid out in lanes, each in cache lines
/// of its own. Give each thread that invokes a number of its own, from 0: two
/// threads of different lanes share no line until one of them finds nothing in
/// its lane and looks in the next. Lanes beyond those that a pool has fold over.
/// A lane is a hint about cost: every lane finds every instance and every
/// permit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lane(u32);

impl Lane {
    /// The lane that begins at the lowest-numbered instance.
    pub const FIRST: Self = Self(0);

    /// The lane of that number.
    #[inline]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn zero_bits_are_no_handle() {
        assert_eq!(FunctionId::from_bits(0), None);
        assert_eq!(NodeId::from_bits(u64::from(u32::MAX)), None);
        assert_eq!(InstanceId::from_bits([0, 0]), None);
    }

    #[test]
    fn bits_come_back_as_the_same_handle() {
        let slot = SlotId::new(7, NonZeroU32::MAX);
        assert_eq!(SlotId::from_bits(slot.to_bits()), Some(slot));
        let instance = InstanceId { function: FunctionId::new(3, NonZeroU32::MIN), slot };
        assert_eq!(InstanceId::from_bits(instance.to_bits()), Some(instance));
    }
}
