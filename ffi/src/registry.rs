//! The table of open regions, so that any bits are safe as a region's handle.
//!
//! A handle is a place in the table and the region's generation, which comes
//! from one counter of the process and is never used twice. A call looks its
//! place up, holds the entry while it works and compares the handle; a region
//! closed meanwhile stays in memory until the last such call has returned.
//!
//! The generation is also the core region's, hence part of every function,
//! node, lease and instance: those of another region are refused.

use alloc::sync::Arc;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use warmstow_core::function::{Keeper, Region};

use crate::failure::Failure;
use crate::owner::Owner;
use crate::region::warmstow_region;

/// How many regions can be open at a time.
pub(crate) const MAX_REGIONS: usize = 1_024;

static TABLE: [ArcSwapOption<Entry>; MAX_REGIONS] =
    [const { ArcSwapOption::const_empty() }; MAX_REGIONS];

/// One opens at a time, so an empty place that it found stays empty.
static OPENING: Mutex<()> = Mutex::new(());

/// An open region.
pub(crate) struct Entry {
    handle: warmstow_region,
    region: Arc<Region>,
    /// Taken by control-plane calls only.
    control: Mutex<Owner>,
    /// Made when the first function is to be kept by a policy.
    keeper: OnceLock<Mutex<Keeper>>,
    poisoned: AtomicBool,
}

/// A generation that no region had before; `None` after 2^32 - 1 of them.
pub(crate) fn next_generation() -> Option<NonZeroU32> {
    static LAST: AtomicU32 = AtomicU32::new(0);
    // ORDERING: Relaxed: unique by the read-modify-write alone; publishes
    // nothing.
    let before = LAST.try_update(Ordering::Relaxed, Ordering::Relaxed, |last| last.checked_add(1));
    NonZeroU32::new(before.ok()? + 1)
}

/// Puts a region into the table; `keeper`: of functions that are kept already.
pub(crate) fn open(
    region: Arc<Region>,
    owner: Owner,
    keeper: Option<Keeper>,
) -> Result<warmstow_region, Failure> {
    // The lock guards nothing but the order of openings.
    let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let place = TABLE.iter().position(|place| place.load().is_none());
    let place = place.ok_or(Failure::RegionsFull)?;
    let handle =
        warmstow_region { bits: u64::from(region.config().generation.get()) << 32 | place as u64 };
    let control = Mutex::new(owner);
    let keeper = keeper.map_or_else(OnceLock::new, |keeper| OnceLock::from(Mutex::new(keeper)));
    let entry = Entry { handle, region, control, keeper, poisoned: AtomicBool::new(false) };
    TABLE[place].store(Some(Arc::new(entry)));
    Ok(handle)
}

/// Takes a region out of the table. Calls inside it go on.
pub(crate) fn close(handle: warmstow_region) -> Result<(), Failure> {
    let open = find(handle)?;
    let place = &TABLE[place(handle)];
    // Of two closers one finds the entry still in its place.
    let before = place.compare_and_swap(&*open.0, None);
    let closed = before.as_ref().is_some_and(|entry| entry.handle == handle);
    if closed { Ok(()) } else { Err(stale(handle)) }
}

/// The open region of that handle, kept from being freed while it is held.
#[inline]
pub(crate) fn find(handle: warmstow_region) -> Result<Held, Failure> {
    let place = TABLE.get(place(handle)).ok_or_else(|| stale(handle))?;
    let held = place.load();
    match &*held {
        Some(entry) if entry.handle == handle => Ok(Held(held)),
        _ => Err(stale(handle)),
    }
}

const fn place(handle: warmstow_region) -> usize {
    (handle.bits & 0xFFFF_FFFF) as usize
}

const fn stale(handle: warmstow_region) -> Failure {
    Failure::StaleRegion { bits: handle.bits }
}

/// An entry that is not freed while this lives.
pub(crate) struct Held(Guard<Option<Arc<Entry>>>);

impl Held {
    /// Runs a call on the region. If it panics, the region may be in any state
    /// and refuses further calls.
    #[inline]
    pub(crate) fn run(
        &self,
        work: impl FnOnce(&Entry) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(entry) = &*self.0 else { return Err(Failure::Panic) };
        // ORDERING: Relaxed: a courtesy to later calls, no data published; the
        // state it warns of is memory-safe to touch.
        if entry.poisoned.load(Ordering::Relaxed) {
            return Err(Failure::Poisoned);
        }
        let mut watch = Watch { entry, finished: false };
        let answer = work(entry);
        watch.finished = true;
        answer
    }
}

/// Poisons the entry unless the call came to its end.
struct Watch<'a> {
    entry: &'a Entry,
    finished: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // ORDERING: Relaxed: see `Held::run`.
            self.entry.poisoned.store(true, Ordering::Relaxed);
        }
    }
}

impl Entry {
    /// The data plane.
    #[inline]
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// The data plane, for an object that lives beside the region.
    pub(crate) fn shared(&self) -> Arc<Region> {
        Arc::clone(&self.region)
    }

    /// The control plane; waits for another thread's control call to return.
    pub(crate) fn control(&self) -> Result<MutexGuard<'_, Owner>, Failure> {
        self.control.lock().map_err(|_| Failure::Poisoned)
    }

    /// The keeper, if a function is kept by a policy; waits for another
    /// thread's report to return. Never taken together with the control.
    pub(crate) fn keeper(&self) -> Result<Option<MutexGuard<'_, Keeper>>, Failure> {
        let Some(keeper) = self.keeper.get() else { return Ok(None) };
        keeper.lock().map(Some).map_err(|_| Failure::Poisoned)
    }

    /// The same, made now where there is none yet.
    pub(crate) fn keeper_or_new(&self) -> Result<MutexGuard<'_, Keeper>, Failure> {
        let new = || Mutex::new(Keeper::new(Arc::clone(&self.region)));
        self.keeper.get_or_init(new).lock().map_err(|_| Failure::Poisoned)
    }
}

#[cfg(test)]
mod tests {
    use warmstow_core::function::RegionConfig;

    use super::*;
    use crate::boundary;
    use crate::status::warmstow_status as S;

    fn open_one() -> warmstow_region {
        let generation = next_generation().unwrap();
        let config = RegionConfig { max_functions: 1, generation, ..RegionConfig::default() };
        let (region, control) = Region::new(config).unwrap();
        open(region, Owner::new(control), None).unwrap()
    }

    #[test]
    fn a_panic_poisons_its_region_and_no_other() {
        let (broken, sound) = (open_one(), open_one());
        let status = boundary::on_region(broken, |_| panic!("a bug"));
        assert_eq!(status, S::WARMSTOW_ERROR_PANIC as i32);
        let again = boundary::on_region(broken, |_| Ok(()));
        assert_eq!(again, S::WARMSTOW_ERROR_POISONED as i32);
        assert_eq!(boundary::on_region(sound, |_| Ok(())), 0);
        assert!(close(broken).is_ok(), "closing still works");
        assert!(close(sound).is_ok());
    }

    #[test]
    fn a_place_is_used_again_under_another_handle() {
        let first = open_one();
        close(first).unwrap();
        assert!(close(first).is_err(), "twice");
        let second = open_one();
        assert_ne!(first, second);
        assert!(find(first).is_err());
        close(second).unwrap();
    }

    #[test]
    fn a_region_closed_during_a_call_outlives_it() {
        let handle = open_one();
        let status = boundary::on_region(handle, |entry| {
            close(handle)?;
            assert_eq!(entry.region().config().max_functions, 1);
            Ok(())
        });
        assert_eq!(status, 0);
        assert!(find(handle).is_err());
    }
}
