//! The lease: one request's hold of an instance, from `invoke` until it is
//! completed or failed.

use crate::id::FunctionId;
use crate::pool::Seat;

/// A request's hold of a seat in an instance and of a unit of concurrency.
///
/// It cannot be copied, so using it twice does not compile. A host in another
/// language keeps its bits, and a second use of those is refused as stale.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lease holds an instance until it is completed or failed"]
pub struct Lease {
    pub(super) function: FunctionId,
    pub(super) seat: Seat,
}

impl Lease {
    /// The function that was invoked.
    pub const fn function(&self) -> FunctionId {
        self.function
    }

    /// The lease as two words, neither zero: function, then seat.
    #[inline]
    pub const fn into_bits(self) -> [u64; 2] {
        [self.function.to_bits(), self.seat.into_bits()]
    }

    /// The lease that gave these bits; `None` where either part is no handle.
    /// Bits from elsewhere are refused where they are used.
    #[inline]
    pub const fn from_bits(bits: [u64; 2]) -> Option<Self> {
        match (FunctionId::from_bits(bits[0]), Seat::from_bits(bits[1])) {
            (Some(function), Some(seat)) => Some(Self { function, seat }),
            _ => None,
        }
    }
}
