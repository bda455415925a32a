//! Offline packing: all items are known, and are to go into few bins, or cheap
//! ones.

use core::ffi::c_char;

use warmstow_core::placement::pack::{Packer, Problem};

use crate::boundary::{self, Caller};
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most packers that are open at a time.
pub const WARMSTOW_MAX_PACKERS: u32 = 65_536;

/// A search for a good packing. From warmstow_packer_open() until
/// warmstow_packer_close(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_packer {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// The best packing so far.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_packing {
    /// Bins that are used.
    pub bins: u64,
    /// What they cost.
    pub cost: u64,
    /// No packing of all that fits anywhere costs less: proven, and grows with
    /// the work.
    pub lower_bound: u64,
    /// Items in no bin, each as often as it is left out.
    pub unplaced: u64,
    /// What was spent so far.
    pub work: u64,
    /// 1 where the packing is proven to be one of the best, else 0.
    pub optimal: u64,
}

static TABLE: Table<Packer> = Table::new("packer", S::WARMSTOW_ERROR_PACKER_STALE);

/// Opens a search for a packing.
///
/// problem: length bytes of JSON, such as
///
///     {"kinds": [{"capacity": [4, 8], "cost": 3, "count": 2}],
///      "items": [{"choices": [[2, 2], [1, 4]], "demand": 5, "kinds": [0]}]}
///
/// kinds of bins: whole numbers in up to 32 dimensions, what a bin costs (left
/// out: 1) and how many there are (left out: as many as are needed). items: the
/// sizes of which the packing chooses one, how many such items there are (left
/// out: 1) and the kinds that they may go into, by place (left out: any). seed:
/// the same problem, seed and work give the same packing on every machine.
///
/// Errors: NULL, MISALIGNED, LENGTH, TEXT, PACKERS_FULL, PACKING_PROBLEM: what
/// is wrong is warmstow_last_error(); then *packer is untouched. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_packer_open(
    problem: *const c_char,
    length: usize,
    seed: u64,
    packer: *mut warmstow_packer,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out(packer, "packer")?;
        let text = caller.long_text(problem, length, "problem")?;
        let problem = Problem::from_json(&text)
            .map_err(|error| boundary::written(S::WARMSTOW_ERROR_PACKING_PROBLEM, error))?;
        let full = S::WARMSTOW_ERROR_PACKERS_FULL;
        let bits = TABLE.open(Packer::new(problem, seed), WARMSTOW_MAX_PACKERS, full)?;
        out.set(warmstow_packer { bits });
        Ok(())
    })
}

/// Closes a search. Its handle is stale from now on.
///
/// Errors: PACKER_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_packer_close(packer: warmstow_packer) -> i32 {
    boundary::call(|| TABLE.close(packer.bits))
}

/// Searches for about so much work, each about a comparison of an item with a
/// bin; *more is 1 where more can be gained by going on, else 0. The host looks
/// at its clock in between. The first call makes a packing however little work
/// it is given.
///
/// Errors: PACKER_STALE, POISONED, NULL, MISALIGNED. Any thread; calls on one
/// packer wait for each other; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_packer_advance(
    packer: warmstow_packer,
    work: u64,
    more: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(packer.bits, |packer| {
        let out = caller.out(more, "more")?;
        out.set(u32::from(packer.advance(work)));
        Ok(())
    })
}

/// The figures of the best packing so far.
///
/// struct_size: sizeof(warmstow_packing), as the program was compiled. Errors:
/// PACKER_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE; then *packing is
/// untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_packing_read(
    packer: warmstow_packer,
    packing: *mut warmstow_packing,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(packer.bits, |packer| {
        let best = packer.best();
        caller.out_sized(packing, struct_size, "packing")?.set(warmstow_packing {
            bins: best.bins.len() as u64,
            cost: best.cost,
            lower_bound: packer.lower_bound(),
            unplaced: best.unplaced.len() as u64,
            work: packer.work(),
            optimal: packer.is_optimal().into(),
        });
        Ok(())
    })
}

/// The best packing so far as one JSON object, into capacity bytes with its NUL;
/// a longer one is cut there, at a character. *needed is what all of it takes.
/// Such as
///
///     {"bins":[{"items":[[0,1],[0,1]],"kind":0}],"cost":3,"lower_bound":3,
///      "optimal":true,"unplaced":[],"work":21}
///
/// Each bin has its kind and its items, each with the size that was chosen, all
/// by place from 0. Errors: PACKER_STALE, POISONED, NULL, MISALIGNED, LENGTH;
/// then json and *needed are untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_packing_json(
    packer: warmstow_packer,
    json: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(packer.bits, |packer| {
        caller.write_text(&packer.to_json(), json, capacity, needed, "json")
    })
}
