//! The least that any lock-free implementation pays: read-modify-writes alone.

use core::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use crate::{Subject, World};

/// `RMWS` read-modify-writes a pair, half to acquire and half to release, each
/// on a cache line of its own: first the function's, then one that all
/// functions share. It admits and gives out nothing.
#[derive(Debug)]
pub struct Floor<const RMWS: usize> {
    functions: Vec<CachePadded<AtomicU64>>,
    account: CachePadded<AtomicU64>,
}

impl<const RMWS: usize> Floor<RMWS> {
    const SHARES_A_LINE: bool = match RMWS {
        2 => false,
        4 => true,
        _ => panic!("floors of 2 and of 4 are what a pair is set beside"),
    };
}

impl<const RMWS: usize> Subject for Floor<RMWS> {
    type Held<'a> = ();

    fn new(world: &World) -> Self {
        let functions = (0..world.functions).map(|_| CachePadded::default()).collect();
        Self { functions, account: CachePadded::default() }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<()> {
        // ORDERING: AcqRel, pairs with the AcqRel in release(): what a hand-over
        // of an instance needs at the least. The same for the account's word.
        self.functions[function].fetch_add(1, Ordering::AcqRel);
        if Self::SHARES_A_LINE {
            self.account.fetch_add(1, Ordering::AcqRel);
        }
        Some(())
    }

    #[inline]
    fn release(&self, _thread: usize, function: usize, _now_ns: u64, (): ()) {
        // ORDERING: AcqRel, pairs with the AcqRel in acquire(), both words.
        self.functions[function].fetch_sub(1, Ordering::AcqRel);
        if Self::SHARES_A_LINE {
            self.account.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
