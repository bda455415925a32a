//! What the benches measure: warmstow's parts and the peers, behind one trait.
//!
//! A pair is what one request costs its host: admitted against the account's
//! and the function's limit, given a warm instance, and all of it given back.
//! The peers are what a platform would write today from the usual parts; they
//! keep the time of last use as well, because keep-alive needs it, but check no
//! handles, count nothing and cannot stop an idle instance out of order.

#![expect(clippy::std_instead_of_alloc, reason = "a program for hosts")]

mod floor;
mod ours;
mod peers;
pub mod placement;

pub use floor::Floor;
pub use ours::{GateAlone, PoolAlone, WholeRegion};
pub use peers::{ArrayQueuePeer, MutexPeer};

/// Something that gives out warm instances under limits.
pub trait Subject: Sync {
    /// What a request holds while it runs.
    type Held;

    /// Takes all that a request needs; `None` if something is exhausted.
    fn acquire(&self, now_ns: u64) -> Option<Self::Held>;

    /// Gives it all back.
    fn release(&self, now_ns: u64, held: Self::Held);
}

/// Warm instances in each subject: far more than the threads that take them.
pub const INSTANCES: u32 = 64;

/// The limits of the peers and of ours; far away, so that nothing is refused.
pub const ACCOUNT_LIMIT: u32 = 100_000;
