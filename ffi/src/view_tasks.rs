//! Tasks of a view: the choice of a node, the room that they hold, and those
//! that make way.

use core::ffi::c_char;

use warmstow_core::id::RequestId;
use warmstow_core::placement::view::{CommitError, GangError, PlaceError};

use crate::boundary::{self, Caller, Count};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::view::{
    Last, Planner, TABLE, stale_hold, stale_node, stale_request, warmstow_hold,
    warmstow_placement_request, warmstow_view, warmstow_view_node,
};

/// Where a task went, and what it holds there.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_assigned {
    /// The node.
    pub node: warmstow_view_node,
    /// Given back by warmstow_view_release().
    pub hold: warmstow_hold,
}

impl Planner {
    /// Notes why no node takes a task.
    #[cold]
    fn unplaced(&mut self, of: warmstow_placement_request, error: PlaceError) -> Failure {
        let PlaceError::Unplaced(unplaced) = error else { return stale_request(of) };
        let failure = boundary::written(S::WARMSTOW_ERROR_UNPLACED, &unplaced);
        self.last = Last::Unplaced(unplaced);
        failure
    }
}

/// Chooses the node for one task of a request and takes nothing: see
/// warmstow_view_commit(). About as long as the logarithm of the nodes for each
/// node that changed since the request was placed last, and nodes for the first
/// time.
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, PLACEMENT_REQUEST_STALE,
/// UNPLACED (no node may take it: warmstow_view_why() has each node's reasons);
/// then *node is untouched. Any thread; may allocate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_place(
    view: warmstow_view,
    request: warmstow_placement_request,
    node: *mut warmstow_view_node,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let out = caller.out(node, "node")?;
        let id = view.request_of(request)?;
        let placed = planner.view.place(id).map_err(|error| planner.unplaced(request, error))?;
        planner.last = Last::Placed(placed);
        out.set(view.node(placed.node));
        Ok(())
    })
}

/// Takes the room for one task on a named node. Asks for room alone: agent,
/// attributes and constraints are looked at by warmstow_view_place() and
/// warmstow_view_reasons().
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, PLACEMENT_REQUEST_STALE,
/// VIEW_NODE_STALE, VIEW_NO_ROOM (what it is short of is warmstow_last_error());
/// then nothing was taken and *hold is untouched. Any thread; may allocate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_commit(
    view: warmstow_view,
    request: warmstow_placement_request,
    node: warmstow_view_node,
    hold: *mut warmstow_hold,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let out = caller.out(hold, "hold")?;
        let (id, place) = (view.request_of(request)?, view.node_of(node)?);
        let held = planner.view.commit(id, place).map_err(|error| match error {
            CommitError::Short(reason) => boundary::written(S::WARMSTOW_ERROR_VIEW_NO_ROOM, reason),
            _ if planner.view.request(id).is_none() => stale_request(request),
            _ => stale_node(node),
        })?;
        out.set(view.hold(held));
        Ok(())
    })
}

/// Places one task of each of count requests and takes the room, or takes
/// nothing: a gang. One after the other in the order given, each by its own
/// strategies. assigned: room for count. With count 1, warmstow_view_place() and
/// warmstow_view_commit() in one.
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH (0 included),
/// PLACEMENT_REQUEST_STALE, UNPLACED (the first that found no node is
/// warmstow_last_error(), each node's reasons against it warmstow_view_why());
/// then *assigned is untouched, and only draws of "random" are spent. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_assign(
    view: warmstow_view,
    requests: *const warmstow_placement_request,
    count: usize,
    assigned: *mut warmstow_assigned,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let count = Count { given: count, name: "count" };
        let mut out = caller.buffer(assigned, count, "assigned")?;
        let requests = caller.copy(requests, count, "requests")?;
        let ids: Result<Vec<RequestId>, _> =
            requests.iter().map(|request| view.request_of(*request)).collect();
        let all = planner.view.assign_all(&ids?).map_err(|error| {
            let said = error.to_string();
            let GangError { at, error, .. } = error;
            match planner.unplaced(requests[at], error) {
                Failure::Written(S::WARMSTOW_ERROR_UNPLACED) if requests.len() > 1 => {
                    boundary::written(S::WARMSTOW_ERROR_UNPLACED, said)
                }
                failure => failure,
            }
        })?;
        for (placed, hold) in all {
            planner.last = Last::Placed(placed);
            out.push(warmstow_assigned { node: view.node(placed.node), hold: view.hold(hold) });
        }
        Ok(())
    })
}

/// Gives the room of a task back, once it has stopped: a task that is asked to
/// stop holds it until then.
///
/// Errors: VIEW_STALE, POISONED, HOLD_STALE (given back before, or gone with its
/// node). Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_view_release(view: warmstow_view, hold: warmstow_hold) -> i32 {
    TABLE.on(view.bits, |planner| {
        planner.view.release(view.hold_of(hold)?).map_err(|_| stale_hold(hold))
    })
}

/// Reports whether a task runs (1) or not (0): "runningTasksCount" counts those
/// that do.
///
/// Errors: VIEW_STALE, POISONED, ENUM, HOLD_STALE. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_view_set_running(
    view: warmstow_view,
    hold: warmstow_hold,
    running: u32,
) -> i32 {
    TABLE.on(view.bits, |planner| {
        let running = boundary::choose(running, &[false, true], "running")?;
        planner.view.set_running(view.hold_of(hold)?, running).map_err(|_| stale_hold(hold))
    })
}

/// The tasks of a lower priority that have to make way for one of that request,
/// by the rule of kube-scheduler's default preemption; *count is 0 where none
/// has to. Up to capacity of them, the least important first, into victims, which
/// may be NULL where capacity is 0; *count is how many there are. Nothing is
/// stopped: the host stops them, releases each, and commits to *node.
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH,
/// PLACEMENT_REQUEST_STALE, UNPLACED (no victims would make room); then *node,
/// *victims and *count are untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_preempt(
    view: warmstow_view,
    request: warmstow_placement_request,
    node: *mut warmstow_view_node,
    victims: *mut warmstow_hold,
    capacity: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let (place, needed) = (caller.out(node, "node")?, caller.out(count, "count")?);
        let capacity = Count { given: capacity, name: "capacity" };
        let into = caller.buffer_or_none(victims, capacity, "victims")?;
        let id = view.request_of(request)?;
        let found = planner.view.preempt(id).map_err(|error| planner.unplaced(request, error))?;
        if let Some(mut into) = into {
            for victim in found.victims.iter().take(into.capacity()) {
                into.push(view.hold(*victim));
            }
        }
        place.set(view.node(found.node));
        needed.set(found.victims.len());
        Ok(())
    })
}

/// Why a named node cannot take a task of a request, one reason a line, in
/// Amazon ECS's words, into capacity bytes with its NUL; empty where it can. A
/// longer text is cut there, at a character; *needed is what all of it takes.
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH,
/// PLACEMENT_REQUEST_STALE, VIEW_NODE_STALE; then text and *needed are untouched.
/// Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_reasons(
    view: warmstow_view,
    request: warmstow_placement_request,
    node: warmstow_view_node,
    text: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let (id, place) = (view.request_of(request)?, view.node_of(node)?);
        let reasons = planner.view.reasons(id, place).map_err(|_| {
            let known = planner.view.request(id).is_some();
            if known { stale_node(node) } else { stale_request(request) }
        })?;
        let lines: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        caller.write_text(&lines.join("\n"), text, capacity, needed, "text")
    })
}

/// Why the last warmstow_view_place(), warmstow_view_assign() or
/// warmstow_view_preempt() of the view that chose or refused did so, as one JSON
/// object into capacity bytes with its NUL; a longer one is cut there, at a
/// character; *needed is what all of it takes. Of a node chosen, what each
/// strategy found; of a gang, its last:
///
///     {"because": ["only 256 memory_mib left"], "node": 4294967296}
///
/// Of a refusal each node's reasons, with Amazon ECS's code, and the closest:
///
///     {"closest": 4294967296, "nodes": [{"node": 4294967296, "reasons":
///      [{"code": "RESOURCE:PORTS", "text": "RESOURCE:PORTS: tcp port 80 is taken"}]}],
///      "unplaced": "none of 1 nodes meets all requirements; closest is ..."}
///
/// Nodes are their handles' second word. Before any such call it is null.
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH; then json and *needed
/// are untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_why(
    view: warmstow_view,
    json: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let said = match &planner.last {
            Last::None => "null".into(),
            Last::Placed(placed) => placed.to_json(),
            Last::Unplaced(unplaced) => unplaced.to_json(),
        };
        caller.write_text(&said, json, capacity, needed, "json")
    })
}
