//! Nodes: add them, and see what is free on them.

use warmstow_core::id::NodeId;
use warmstow_core::placement::{NodeError, NodeSpec};
use warmstow_core::resources::Resources;

use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::region::warmstow_region;
use crate::status::warmstow_status as S;

/// The index of a null handle.
pub const WARMSTOW_NO_INDEX: u32 = 0xFFFF_FFFF;

/// A node of a region, for the life of the region. All-zero is no node.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_node {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

impl warmstow_node {
    pub(crate) fn of(node: Option<NodeId>) -> Self {
        Self { bits: node.map_or(0, NodeId::to_bits) }
    }
}

/// A node as it is added; initialise by warmstow_node_spec_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_node_spec {
    /// sizeof(warmstow_node_spec), as the program was compiled.
    pub struct_size: u32,
    /// CPU units that instances can have of it; 1024 are one vCPU. 1 to
    /// 2^24 - 1; default 0: to be set.
    pub cpu_units: u32,
    /// Memory that instances can have of it, in MiB. 1 to 2^24 - 1; default 0:
    /// to be set.
    pub memory_mib: u32,
    /// The host's number for the availability zone, 0 to 63; default 0.
    pub zone: u32,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_node_spec {}

/// A node at one moment; see warmstow_node_view_read().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_node_view {
    /// CPU units of the node; 1024 are one vCPU.
    pub cpu_units: u32,
    /// Memory of the node in MiB.
    pub memory_mib: u32,
    /// CPU units that no instance holds.
    pub free_cpu_units: u32,
    /// Memory that no instance holds, in MiB.
    pub free_memory_mib: u32,
    /// Instances on it, from starting to stopping.
    pub instances: u32,
    /// The zone it was added with.
    pub zone: u32,
}

impl warmstow_node_spec {
    pub(crate) fn to_core(self) -> Result<NodeSpec, Failure> {
        // A zone that does not fit its type is above the most zones in any case.
        let zone = u8::try_from(self.zone).unwrap_or(u8::MAX);
        if u32::from(zone) != self.zone {
            let error = format_args!("zone {} of a node: at most 63 is possible", self.zone);
            return Err(boundary::written(S::WARMSTOW_ERROR_NODE_SPEC, error));
        }
        Ok(NodeSpec::new(Resources::new(self.cpu_units, self.memory_mib), zone))
    }
}

/// Fills in the defaults, struct_size among them.
///
/// struct_size: sizeof *spec. Errors: NULL, MISALIGNED, STRUCT_SIZE; then *spec
/// is untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_node_spec_default(
    spec: *mut warmstow_node_spec,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let spec = caller.out_sized(spec, struct_size, "spec")?;
        let struct_size = warmstow_node_spec::STRUCT_SIZE;
        spec.set(warmstow_node_spec { struct_size, cpu_units: 0, memory_mib: 0, zone: 0 });
        Ok(())
    })
}

/// Adds a node. Instances can be placed on it from now on; it stays for the
/// life of the region. Add nodes before functions.
///
/// Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, NODE_SPEC,
/// NODES_FULL; then *node is untouched and the region as it was. Any thread,
/// control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_node_add(
    region: warmstow_region,
    spec: *const warmstow_node_spec,
    node: *mut warmstow_node,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let spec = caller.read(spec, "spec")?.to_core()?;
        let out = caller.out(node, "node")?;
        let node = entry.control()?.add_node(spec).map_err(node_failure)?;
        out.set(warmstow_node { bits: node.to_bits() });
        Ok(())
    })
}

/// A node that cannot be added, as a failure.
pub(crate) fn node_failure(error: NodeError) -> Failure {
    let status = match error {
        NodeError::Full { .. } => S::WARMSTOW_ERROR_NODES_FULL,
        _ => S::WARMSTOW_ERROR_NODE_SPEC,
    };
    boundary::written(status, error)
}

/// Writes what a node has and what is free on it now to *view.
///
/// struct_size: sizeof *view. Errors: REGION_STALE, POISONED, NODE_STALE, NULL,
/// MISALIGNED, STRUCT_SIZE; then *view is untouched. Any thread; lock-free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_node_view_read(
    region: warmstow_region,
    node: warmstow_node,
    view: *mut warmstow_node_view,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let out = caller.out_sized(view, struct_size, "view")?;
        let fleet = entry.region().fleet();
        let found = NodeId::from_bits(node.bits).and_then(|id| fleet?.node(id));
        let view = found.ok_or(Failure::StaleNode { bits: node.bits })?;
        out.set(warmstow_node_view {
            cpu_units: view.spec.resources.cpu_units,
            memory_mib: view.spec.resources.memory_mib,
            free_cpu_units: view.free.cpu_units,
            free_memory_mib: view.free.memory_mib,
            instances: view.instances,
            zone: u32::from(view.spec.zone),
        });
        Ok(())
    })
}

/// The node's number in its region, in the order of their adding, from 0: an
/// index for a table of the host's. WARMSTOW_NO_INDEX for a null handle. Any
/// thread; the handle is not checked.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_node_index(node: warmstow_node) -> u32 {
    NodeId::from_bits(node.bits).map_or(WARMSTOW_NO_INDEX, NodeId::index)
}
