//! Objects that are open, by the number in their handle: a number is given out
//! once, so a handle of a closed object is stale for ever.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::boundary;
use crate::failure::Failure;
use crate::status::warmstow_status as S;

/// The open objects of one kind. Calls on one of them wait for each other.
pub(crate) struct Table<T> {
    open: Mutex<BTreeMap<u64, Arc<Mutex<T>>>>,
    last: AtomicU64,
    /// As a message names one of them.
    what: &'static str,
    stale: S,
}

impl<T> Table<T> {
    pub(crate) const fn new(what: &'static str, stale: S) -> Self {
        Self { open: Mutex::new(BTreeMap::new()), last: AtomicU64::new(0), what, stale }
    }

    /// The table; a panic while it was held left it whole, as each change is one.
    fn table(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Mutex<T>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one more; the number of its handle. `full` where there are `most`.
    pub(crate) fn open(&self, object: T, most: u32, full: S) -> Result<u64, Failure> {
        let mut table = self.table();
        if table.len() >= most as usize {
            let message = format_args!("one open {} more than {most}", self.what);
            return Err(boundary::written(full, message));
        }
        // ORDERING: Relaxed: unique by the read-modify-write alone, and made under
        // the table's lock.
        let bits = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        table.insert(bits, Arc::new(Mutex::new(object)));
        Ok(bits)
    }

    /// Closes one.
    pub(crate) fn close(&self, bits: u64) -> Result<(), Failure> {
        let closed = self.table().remove(&bits);
        closed.map(drop).ok_or_else(|| self.stale(bits))
    }

    /// Runs a call on an open object; a panic poisons it.
    pub(crate) fn on(&self, bits: u64, work: impl FnOnce(&mut T) -> Result<(), Failure>) -> i32 {
        boundary::call(|| {
            let shared = self.table().get(&bits).cloned().ok_or_else(|| self.stale(bits))?;
            let mut held = shared.lock().map_err(|_| {
                let what = self.what;
                let message = format_args!(
                    "a bug in warmstow stopped an earlier call of this {what}: close it"
                );
                boundary::written(S::WARMSTOW_ERROR_POISONED, message)
            })?;
            work(&mut held)
        })
    }

    fn stale(&self, bits: u64) -> Failure {
        let what = self.what;
        let message =
            format_args!("{bits:#018x} is no open {what}: null, closed, or never given out");
        boundary::written(self.stale, message)
    }
}
