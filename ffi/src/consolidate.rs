//! Consolidation: which nodes of a running cluster can be freed, by which moves.

use core::ffi::c_char;

use warmstow_core::placement::consolidate::{Cluster, Consolidator};

use crate::boundary::{self, Caller};
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most consolidators that are open at a time.
pub const WARMSTOW_MAX_CONSOLIDATORS: u32 = 65_536;

/// A search for the moves that free nodes. From warmstow_consolidator_open()
/// until warmstow_consolidator_close(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_consolidator {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// The best plan so far: "you run 14 nodes, the bound is 11, these 3 moves free
/// 2".
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_plan {
    /// Nodes that run something now.
    pub nodes_used: u64,
    /// These tasks cannot run on fewer of them: proven.
    pub lower_bound: u64,
    /// Nodes that the plan frees.
    pub freed: u64,
    /// Its moves.
    pub moves: u64,
    /// What they cost.
    pub cost: u64,
}

static TABLE: Table<Consolidator> =
    Table::new("consolidator", S::WARMSTOW_ERROR_CONSOLIDATOR_STALE);

/// Opens a search for moves that free nodes.
///
/// cluster: length bytes of JSON, such as
///
///     {"nodes": [{"capacity": [4, 8], "may_be_freed": true, "takes_tasks": true}],
///      "tasks": [{"node": 0, "size": [1, 2], "movable": true, "move_cost": 1,
///                 "service": 0, "nodes": [0]}],
///      "services": [{"floor": 0, "distinct": false}]}
///
/// with amounts in up to 32 dimensions, nodes and services by place from 0. But
/// for nodes, tasks, capacity, node and size all may be left out, and is then as
/// shown; a task is then of no service, and may go to any node. Of a service
/// `floor` tasks run at any time (a task that moves stops before it starts
/// elsewhere); of a distinct one no two share a node. A daemon's task, which ends
/// with its node, is left out, and what it takes is off the capacity.
///
/// Errors: NULL, MISALIGNED, LENGTH, TEXT, CONSOLIDATORS_FULL, RUNNING_CLUSTER:
/// what is wrong is warmstow_last_error(); then *consolidator is untouched. Any
/// thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_consolidator_open(
    cluster: *const c_char,
    length: usize,
    seed: u64,
    consolidator: *mut warmstow_consolidator,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out(consolidator, "consolidator")?;
        let text = caller.long_text(cluster, length, "cluster")?;
        let cluster = Cluster::from_json(&text)
            .map_err(|error| boundary::written(S::WARMSTOW_ERROR_RUNNING_CLUSTER, error))?;
        let (most, full) = (WARMSTOW_MAX_CONSOLIDATORS, S::WARMSTOW_ERROR_CONSOLIDATORS_FULL);
        let bits = TABLE.open(Consolidator::new(cluster, seed), most, full)?;
        out.set(warmstow_consolidator { bits });
        Ok(())
    })
}

/// Closes a search. Its handle is stale from now on.
///
/// Errors: CONSOLIDATOR_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_consolidator_close(consolidator: warmstow_consolidator) -> i32 {
    boundary::call(|| TABLE.close(consolidator.bits))
}

/// Searches for about so much work, each a comparison of a task with a node;
/// *more is 1 where it is worth going on, else 0. The first call tries every node
/// once however little work it is given.
///
/// Errors: CONSOLIDATOR_STALE, POISONED, NULL, MISALIGNED. Any thread; calls on
/// one consolidator wait for each other; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_consolidator_advance(
    consolidator: warmstow_consolidator,
    work: u64,
    more: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(consolidator.bits, |search| {
        let out = caller.out(more, "more")?;
        out.set(u32::from(search.advance(work)));
        Ok(())
    })
}

/// The figures of the best plan so far.
///
/// struct_size: sizeof(warmstow_plan), as the program was compiled. Errors:
/// CONSOLIDATOR_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE; then *plan is
/// untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_plan_read(
    consolidator: warmstow_consolidator,
    plan: *mut warmstow_plan,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(consolidator.bits, |search| {
        let best = search.plan();
        caller.out_sized(plan, struct_size, "plan")?.set(warmstow_plan {
            nodes_used: best.nodes_used.into(),
            lower_bound: best.bound.into(),
            freed: best.freed.len() as u64,
            moves: best.moves.len() as u64,
            cost: best.cost,
        });
        Ok(())
    })
}

/// The best plan so far as one JSON object, into capacity bytes with its NUL; a
/// longer one is cut there, at a character. *needed is what all of it takes. Such
/// as
///
///     {"cost":2,"freed":[{"after_moves":2,"cost":2,"node":2}],"lower_bound":2,
///      "moves":[{"from":2,"task":2,"to":0},{"from":2,"task":3,"to":1}],
///      "nodes_after":2,"nodes_used":3}
///
/// The moves are in an order in which each can be made, the cheapest node first;
/// the plan may end after any of them. Errors: CONSOLIDATOR_STALE, POISONED,
/// NULL, MISALIGNED, LENGTH; then json and *needed are untouched. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_plan_json(
    consolidator: warmstow_consolidator,
    json: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(consolidator.bits, |search| {
        caller.write_text(&search.to_json(), json, capacity, needed, "json")
    })
}
