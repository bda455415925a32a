//! Where a task runs, by all rules of Amazon ECS: nodes and requests.

use core::ffi::c_char;
use core::fmt;

use warmstow_core::id::{HoldId, NodeId, RequestId};
use warmstow_core::placement::view::{
    NodeInfo, NodeInfoError, Placed, PlacementRequest, Unplaced, View,
};

use crate::boundary::{self, Caller, Number};
use crate::failure::Failure;
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most views that are open at a time.
pub const WARMSTOW_MAX_VIEWS: u32 = 65_536;

/// A cluster's container instances (here: nodes) and the tasks on them, by all
/// that Amazon ECS places by: CPU, memory, GPUs, ports, network interfaces,
/// attributes, constraints and strategies; with priorities and gangs, which
/// Amazon ECS does not have. (A region's nodes know CPU and memory, and many
/// threads place on them at once.) From warmstow_view_open() until
/// warmstow_view_close(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_view {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// A node of a view. From warmstow_view_add_node() until
/// warmstow_view_remove_node(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_view_node {
    /// For warmstow to read; store and compare it as it is. Texts name the node
    /// by the second.
    pub bits: [u64; 2],
}

/// What a task needs and how it is placed, prepared once for many tasks. From
/// warmstow_view_prepare() until warmstow_view_forget(). All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_placement_request {
    /// For warmstow to read; store and compare it as it is.
    pub bits: [u64; 2],
}

/// What one task holds on one node. From warmstow_view_commit() or
/// warmstow_view_assign() until warmstow_view_release(), or until the node is
/// removed. All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_hold {
    /// For warmstow to read; store and compare it as it is.
    pub bits: [u64; 2],
}

impl Number for warmstow_placement_request {}

/// A node of a view at one moment.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct warmstow_view_node_state {
    /// CPU units that it has, 1,024 a vCPU.
    pub cpu_units: u32,
    /// Memory that it has, MiB.
    pub memory_mib: u32,
    /// CPU units that no task holds.
    pub free_cpu_units: u32,
    /// Memory that no task holds, MiB.
    pub free_memory_mib: u32,
    /// GPUs that it has.
    pub gpus: u32,
    /// GPUs that no task holds.
    pub free_gpus: u32,
    /// Network interfaces that it has for tasks.
    pub enis: u32,
    /// Network interfaces that no task holds.
    pub free_enis: u32,
    /// Host ports that are taken, by tasks or by the node itself.
    pub ports_taken: u32,
    /// Tasks that hold room.
    pub tasks: u32,
    /// Of these, the ones that were reported as running.
    pub running_tasks: u32,
    /// 1 where it takes new tasks (active, its agent connected), else 0.
    pub open: u32,
}

/// A view, and why its last call of placing went as it did.
pub(crate) struct Planner {
    pub(crate) view: View,
    pub(crate) last: Last,
}

pub(crate) enum Last {
    None,
    Placed(Placed),
    Unplaced(Unplaced),
}

pub(crate) static TABLE: Table<Planner> = Table::new("view", S::WARMSTOW_ERROR_VIEW_STALE);

/// That a handle names nothing in the view.
#[cold]
fn stale(status: S, what: &str, bits: [u64; 2]) -> Failure {
    let [of, bits] = bits;
    let message = format_args!(
        "{of:#x}:{bits:#018x} is no {what} of this view: null, gone, or of another view"
    );
    boundary::written(status, message)
}

pub(crate) fn stale_node(node: warmstow_view_node) -> Failure {
    stale(S::WARMSTOW_ERROR_VIEW_NODE_STALE, "node", node.bits)
}

pub(crate) fn stale_request(request: warmstow_placement_request) -> Failure {
    stale(S::WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE, "request", request.bits)
}

pub(crate) fn stale_hold(hold: warmstow_hold) -> Failure {
    stale(S::WARMSTOW_ERROR_HOLD_STALE, "hold", hold.bits)
}

impl warmstow_view {
    pub(crate) fn node(self, id: NodeId) -> warmstow_view_node {
        warmstow_view_node { bits: [self.bits, id.to_bits()] }
    }

    pub(crate) fn hold(self, id: HoldId) -> warmstow_hold {
        warmstow_hold { bits: [self.bits, id.to_bits()] }
    }

    /// The handle within the view, which may be stale there.
    pub(crate) fn node_of(self, node: warmstow_view_node) -> Result<NodeId, Failure> {
        let own = (node.bits[0] == self.bits).then_some(node.bits[1]);
        own.and_then(NodeId::from_bits).ok_or_else(|| stale_node(node))
    }

    pub(crate) fn request_of(self, of: warmstow_placement_request) -> Result<RequestId, Failure> {
        let own = (of.bits[0] == self.bits).then_some(of.bits[1]);
        own.and_then(RequestId::from_bits).ok_or_else(|| stale_request(of))
    }

    pub(crate) fn hold_of(self, hold: warmstow_hold) -> Result<HoldId, Failure> {
        let own = (hold.bits[0] == self.bits).then_some(hold.bits[1]);
        own.and_then(HoldId::from_bits).ok_or_else(|| stale_hold(hold))
    }
}

/// Opens a view without nodes. seed is what the strategy "random" draws from:
/// equal calls give equal answers.
///
/// Errors: NULL, MISALIGNED, VIEWS_FULL; then *view is untouched. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_open(seed: u64, view: *mut warmstow_view) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out(view, "view")?;
        let planner = Planner { view: View::new(seed), last: Last::None };
        let bits = TABLE.open(planner, WARMSTOW_MAX_VIEWS, S::WARMSTOW_ERROR_VIEWS_FULL)?;
        out.set(warmstow_view { bits });
        Ok(())
    })
}

/// Closes a view. Its handle and all of its nodes, requests and holds are stale
/// from now on.
///
/// Errors: VIEW_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_view_close(view: warmstow_view) -> i32 {
    boundary::call(|| TABLE.close(view.bits))
}

fn no_node(error: impl fmt::Display) -> Failure {
    boundary::written(S::WARMSTOW_ERROR_VIEW_NODE, error)
}

/// Registers a node.
///
/// info: length bytes of JSON, such as
///
///     {"cpu_units": 2048, "memory_mib": 7985, "gpus": 0, "enis": 1,
///      "attributes": {"ecs.availability-zone": "us-east-1a"},
///      "reserved_tcp_ports": [22], "reserved_udp_ports": [], "active": true,
///      "agent_connected": true, "agent_version": "1.75.0",
///      "ec2_instance_id": "i-1", "registered_at_unix_s": 0}
///
/// All but the first two may be left out: no GPUs, interfaces and attributes,
/// the ports that the container agent reserves, active and connected.
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH, TEXT, VIEW_NODE: what
/// is wrong is warmstow_last_error(); then *node is untouched. Any thread; calls
/// on one view wait for each other; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_add_node(
    view: warmstow_view,
    info: *const c_char,
    length: usize,
    node: *mut warmstow_view_node,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let out = caller.out(node, "node")?;
        let info = NodeInfo::from_json(&caller.long_text(info, length, "info")?);
        let added = planner.view.add_node(info.map_err(no_node)?).map_err(no_node)?;
        out.set(view.node(added));
        Ok(())
    })
}

/// Registers a node anew: its tasks keep what they hold. info: as
/// warmstow_view_add_node() takes it. So a node is drained ("active": false), and
/// its agent reported as disconnected.
///
/// Errors: VIEW_STALE, POISONED, NULL, LENGTH, TEXT, VIEW_NODE_STALE, VIEW_NODE
/// (also where it has less than its tasks hold); then nothing has changed. Any
/// thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_update_node(
    view: warmstow_view,
    node: warmstow_view_node,
    info: *const c_char,
    length: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let id = view.node_of(node)?;
        let info = NodeInfo::from_json(&caller.long_text(info, length, "info")?);
        let changed = planner.view.update_node(id, info.map_err(no_node)?);
        changed.map_err(|error| match error {
            NodeInfoError::Stale => stale_node(node),
            error => no_node(error),
        })
    })
}

/// Takes a node away with its tasks: their holds are stale from now on.
///
/// Errors: VIEW_STALE, POISONED, VIEW_NODE_STALE. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_view_remove_node(view: warmstow_view, node: warmstow_view_node) -> i32 {
    TABLE.on(view.bits, |planner| {
        let removed = planner.view.remove_node(view.node_of(node)?);
        removed.map(drop).map_err(|_| stale_node(node))
    })
}

/// The node at this moment.
///
/// struct_size: sizeof(warmstow_view_node_state), as the program was compiled.
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, VIEW_NODE_STALE;
/// then *state is untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_node_read(
    view: warmstow_view,
    node: warmstow_view_node,
    state: *mut warmstow_view_node_state,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let out = caller.out_sized(state, struct_size, "state")?;
        let of = planner.view.node(view.node_of(node)?).ok_or_else(|| stale_node(node))?;
        out.set(warmstow_view_node_state {
            cpu_units: of.info.resources.cpu_units,
            memory_mib: of.info.resources.memory_mib,
            free_cpu_units: of.free.cpu_units,
            free_memory_mib: of.free.memory_mib,
            gpus: of.info.gpus,
            free_gpus: of.gpus_free,
            enis: of.info.enis,
            free_enis: of.enis_free,
            ports_taken: u32::try_from(of.ports_taken.len()).unwrap_or(u32::MAX),
            tasks: of.tasks,
            running_tasks: of.running_tasks,
            open: (of.info.active && of.info.agent_connected).into(),
        });
        Ok(())
    })
}

/// Prepares a request.
///
/// request: length bytes of JSON, such as
///
///     {"group": "service:web", "cpu_units": 256, "memory_mib": 512, "gpus": 0,
///      "enis": 0, "tcp_ports": [8080], "udp_ports": [],
///      "attributes": {"disk": "ssd", "gpu.model": null}, "zones": ["us-east-1a"],
///      "constraints": ["memberOf:attribute:disk == ssd", "distinctInstance",
///                      "maxSkew:zone=1"],
///      "strategies": ["spread:zone", "binpack:memory"], "priority": 0}
///
/// All but the first three may be left out: no needs, no constraints, priority 0,
/// and the strategies of a service (zone by zone, node by node). "attributes" are
/// those that a node must have, of any value where it is null; "zones" those of
/// the task's subnets. Strategies, up to five, each among the ties of the one
/// before: "binpack:cpu", "binpack:memory", "spread:zone", "spread:node",
/// "spread:attribute:NAME", "random", and the scores of other schedulers:
/// "score:least-allocated", "score:most-allocated", "score:balanced-allocation",
/// "score:requested-to-capacity-ratio" (Kubernetes), "score:best-fit" (Nomad),
/// "score:dot-product" (Tetris).
///
/// Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH, TEXT,
/// PLACEMENT_REQUEST: what is wrong is warmstow_last_error(); then *prepared is
/// untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_view_prepare(
    view: warmstow_view,
    request: *const c_char,
    length: usize,
    prepared: *mut warmstow_placement_request,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(view.bits, |planner| {
        let refused = |error: &dyn fmt::Display| {
            boundary::written(S::WARMSTOW_ERROR_PLACEMENT_REQUEST, error)
        };
        let out = caller.out(prepared, "prepared")?;
        let request = PlacementRequest::from_json(&caller.long_text(request, length, "request")?)
            .map_err(|error| refused(&error))?;
        let id = planner.view.prepare(request).map_err(|error| refused(&error))?;
        out.set(warmstow_placement_request { bits: [view.bits, id.to_bits()] });
        Ok(())
    })
}

/// Forgets a request. Its tasks keep their room.
///
/// Errors: VIEW_STALE, POISONED, PLACEMENT_REQUEST_STALE. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_view_forget(
    view: warmstow_view,
    request: warmstow_placement_request,
) -> i32 {
    TABLE.on(view.bits, |planner| {
        let forgotten = planner.view.forget(view.request_of(request)?);
        forgotten.map_err(|_| stale_request(request))
    })
}
