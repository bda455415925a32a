//! What the owners of a region's settings want done: instances to start ahead of
//! requests, and instances to stop.

use pyo3::prelude::*;
use warmstow_core::function::{self, Lease, VersionAction};
use warmstow_core::id::InstanceId;

use crate::handles::Instance;

/// The hold of an instance that is started ahead of requests; given back once, by
/// a report of whether it came up. No request's :class:`Lease` is one.
///
/// Immutable and safe to share between threads.
#[pyclass(frozen, eq, hash, module = "warmstow", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Prestart([u64; 2]);

impl Prestart {
    /// The core's lease; a copy given back before is refused there.
    pub(crate) fn to_core(self) -> Option<Lease> {
        Lease::from_bits(self.0)
    }
}

#[pymethods]
impl Prestart {
    fn __repr__(&self) -> String {
        format!("Prestart({:#x}, {:#x})", self.0[0], self.0[1])
    }
}

/// Something for the host to do: start an instance, or stop one.
#[pyclass(frozen, get_all, module = "warmstow")]
#[derive(Clone, Copy)]
pub(crate) struct Action {
    /// ``"start"``: initialise the instance, then report whether it came up.
    /// ``"stop"``: stop it, then report :meth:`Region.stopped`.
    kind: &'static str,
    /// The instance.
    instance: Instance,
    /// With ``"start"``, the hold of the instance.
    prestart: Option<Prestart>,
    /// With ``"start"``, the index of the node to start it on; ``None`` in a
    /// region without nodes.
    node: Option<u32>,
}

impl Action {
    pub(crate) const fn stop(instance: InstanceId) -> Self {
        Self { kind: "stop", instance: Instance(instance), prestart: None, node: None }
    }

    pub(crate) fn start(prestart: function::Prestart) -> Self {
        Self {
            kind: "start",
            instance: Instance(prestart.instance),
            prestart: Some(Prestart(prestart.lease.into_bits())),
            node: prestart.node.map(|node| node.index()),
        }
    }

    /// What a function with versions wants; `None`: nothing that this version of
    /// the library knows.
    pub(crate) fn of_version(action: VersionAction) -> Option<Self> {
        match action {
            VersionAction::Start(prestart) => Some(Self::start(prestart)),
            VersionAction::Stop(instance) => Some(Self::stop(instance)),
            _ => None,
        }
    }
}

#[pymethods]
impl Action {
    fn __repr__(&self) -> String {
        format!("Action({}, instance={})", self.kind, self.instance.0)
    }
}
