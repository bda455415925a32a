//! The lease: one request's hold of an instance, from `invoke` until it is
//! completed or failed.

use core::num::{NonZeroU32, NonZeroU64};

use crate::id::FunctionId;
use crate::pool::Seat;

/// A request's hold of a seat in an instance and of a unit of concurrency.
///
/// It cannot be copied, so using it twice does not compile. A host in another
/// language keeps its bits, and a second use of those is refused as stale.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lease holds an instance until it is completed or failed"]
pub struct Lease {
    /// The bits of the function's handle: with the seat's, two registers.
    function: NonZeroU64,
    pub(super) seat: Seat,
}

impl Lease {
    #[inline]
    pub(super) const fn new(function: FunctionId, seat: Seat) -> Self {
        // Never the other arm: a handle's generation is not 0.
        let function = match NonZeroU64::new(function.to_bits()) {
            Some(bits) => bits,
            None => NonZeroU64::MAX,
        };
        Self { function, seat }
    }

    /// The function that was invoked.
    #[inline]
    pub const fn function(&self) -> FunctionId {
        match FunctionId::from_bits(self.function.get()) {
            Some(function) => function,
            // Never: made of a handle's bits.
            None => FunctionId::new(u32::MAX, NonZeroU32::MAX),
        }
    }

    /// The function's index and generation, as they are.
    #[cfg(feature = "alloc")]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    pub(super) const fn parts(&self) -> (u32, u32) {
        (self.function.get() as u32, (self.function.get() >> 32) as u32)
    }

    /// The lease as two words, neither zero: function, then seat.
    #[inline]
    pub const fn into_bits(self) -> [u64; 2] {
        [self.function.get(), self.seat.into_bits()]
    }

    /// The lease that gave these bits; `None` where either part is no handle.
    /// Bits from elsewhere are refused where they are used.
    #[inline]
    pub const fn from_bits(bits: [u64; 2]) -> Option<Self> {
        match (FunctionId::from_bits(bits[0]), Seat::from_bits(bits[1])) {
            (Some(function), Some(seat)) => Some(Self::new(function, seat)),
            _ => None,
        }
    }
}
