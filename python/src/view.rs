//! Where a task runs, by all rules of Amazon ECS.

use alloc::collections::BTreeMap;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::id::{HoldId, NodeId, RequestId};
use warmstow_core::placement::constraint::Version;
use warmstow_core::placement::view::{
    self, CommitError, NodeInfoError, PlaceError, PortSet, Protocol, TaskRequirements,
};

use crate::arguments::{self, field, named, shown};
use crate::{errors, pack};

/// Which view a handle is of: each gets a number of its own.
static VIEWS: AtomicU64 = AtomicU64::new(0);

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident($id:ty)) => {
        $(#[$doc])*
        ///
        /// Immutable, hashable, and safe to share between threads.
        #[pyclass(frozen, eq, hash, ord, module = "warmstow", from_py_object)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name {
            view: u64,
            id: $id,
        }

        #[pymethods]
        impl $name {
            fn __repr__(&self) -> String {
                format!(concat!(stringify!($name), "({})"), self.id)
            }
        }
    };
}

handle! {
    /// A node of a view; from :meth:`View.add_node`.
    ViewNode(NodeId)
}

handle! {
    /// A request that a view has prepared; from :meth:`View.prepare`.
    ViewRequest(RequestId)
}

handle! {
    /// What one task holds on one node; from :meth:`View.commit` or
    /// :meth:`View.assign`, given back once by :meth:`View.release`.
    Hold(HoldId)
}

/// A node chosen, and why that one.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct Placement {
    /// The node.
    node: ViewNode,
    /// What each strategy found of it, in order.
    because: Vec<String>,
    /// What the task holds there; ``None`` where nothing was taken.
    hold: Option<Hold>,
}

#[pymethods]
impl Placement {
    fn __repr__(&self) -> String {
        format!("Placement(node={}, because={:?})", self.node.id, self.because)
    }
}

/// The tasks that have to make way for one, and where.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct Preemption {
    /// The node that the task can have then.
    node: ViewNode,
    /// The tasks to stop, the least important first; none where none has to.
    victims: Vec<Hold>,
}

#[pymethods]
impl Preemption {
    fn __repr__(&self) -> String {
        let victims: Vec<_> = self.victims.iter().map(|hold| hold.id.to_string()).collect();
        format!("Preemption(node={}, victims=[{}])", self.node.id, victims.join(", "))
    }
}

/// A node of a view at one moment.
#[pyclass(frozen, get_all, module = "warmstow")]
pub(crate) struct ViewNodeState {
    /// CPU units that no task holds.
    free_cpu_units: u32,
    /// Memory that no task holds, MiB.
    free_memory_mib: u32,
    /// GPUs that no task holds.
    free_gpus: u32,
    /// Network interfaces that no task holds.
    free_enis: u32,
    /// Ports that are taken, by tasks or by the node: ``("tcp", 80)``.
    ports_taken: Vec<(String, u16)>,
    /// What holds room there.
    holds: Vec<Hold>,
    /// Tasks that were reported as running.
    running_tasks: u32,
    /// Whether it takes new tasks.
    open: bool,
}

#[pymethods]
impl ViewNodeState {
    fn __repr__(&self) -> String {
        format!(
            "ViewNodeState(free_cpu_units={}, free_memory_mib={}, tasks={}, open={})",
            self.free_cpu_units,
            self.free_memory_mib,
            self.holds.len(),
            if self.open { "True" } else { "False" },
        )
    }
}

// ---- reading what Python passes ---------------------------------------------

/// A field of a `warmstow.NodeInfo` or `warmstow.PlacementRequest`.
struct Spec<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    class: &'static str,
}

impl<'py> Spec<'_, 'py> {
    fn get(&self, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let given = self.object;
        let refuse = |_| errors::config(format!("{} is no {}", shown(given), self.class));
        field(given, key).map_err(refuse)
    }

    fn whole(&self, key: &str) -> PyResult<u32> {
        arguments::whole(&self.get(key)?, key)
    }

    fn flag(&self, key: &str) -> PyResult<bool> {
        arguments::flag(&self.get(key)?, key)
    }

    fn text_or_none(&self, key: &str) -> PyResult<Option<String>> {
        let value = self.get(key)?;
        if value.is_none() { Ok(None) } else { arguments::text(&value, key).map(Some) }
    }

    fn read<T: for<'a> FromPyObject<'a, 'py>>(&self, key: &str, needs: &str) -> PyResult<T> {
        let value = self.get(key)?;
        let refuse = || errors::config(format!("{key} is {}: needs {needs}", shown(&value)));
        value.extract().map_err(|_| refuse())
    }

    fn texts(&self, key: &str) -> PyResult<Vec<String>> {
        self.read(key, "a list of texts")
    }

    fn ports(&self, key: &str, protocol: Protocol) -> PyResult<Vec<(Protocol, u16)>> {
        let ports: Vec<u16> = self.read(key, "a list of ports from 0 to 65535")?;
        Ok(ports.into_iter().map(|port| (protocol, port)).collect())
    }

    fn attributes(&self) -> PyResult<Vec<(String, Option<String>)>> {
        let value = self.get("attributes")?;
        let items = value.call_method0("items").and_then(|items| {
            items.try_iter()?.map(|pair| pair?.extract()).collect::<PyResult<Vec<_>>>()
        });
        let refuse = || format!("attributes is {}: needs a mapping of text to text", shown(&value));
        items.map_err(|_| errors::config(refuse()))
    }
}

fn node_info(object: &Bound<'_, PyAny>) -> PyResult<view::NodeInfo> {
    let spec = Spec { object, class: "NodeInfo" };
    let mut info = view::NodeInfo::new(spec.whole("cpu_units")?, spec.whole("memory_mib")?);
    (info.gpus, info.enis) = (spec.whole("gpus")?, spec.whole("enis")?);
    for (name, value) in spec.attributes()? {
        info = info.attribute(&name, value.as_deref().unwrap_or_default());
    }
    let mut reserved = spec.ports("reserved_tcp_ports", Protocol::Tcp)?;
    reserved.extend(spec.ports("reserved_udp_ports", Protocol::Udp)?);
    info.reserved_ports = PortSet::from_iter(reserved);
    (info.active, info.agent_connected) = (spec.flag("active")?, spec.flag("agent_connected")?);
    if let Some(text) = spec.text_or_none("agent_version")? {
        let refuse =
            || errors::config(format!("agent_version is {text:?}: needs numbers and dots"));
        info.agent_version = Some(Version::parse(&text).ok_or_else(refuse)?);
    }
    info.ec2_instance_id = spec.text_or_none("ec2_instance_id")?.map(Into::into);
    info.registered_at_unix_s = spec.read("registered_at_unix_s", "a whole number or None")?;
    Ok(info)
}

fn request(object: &Bound<'_, PyAny>) -> PyResult<view::PlacementRequest> {
    let spec = Spec { object, class: "PlacementRequest" };
    let mut needs = TaskRequirements::new(spec.whole("cpu_units")?, spec.whole("memory_mib")?);
    (needs.gpus, needs.enis) = (spec.whole("gpus")?, spec.whole("enis")?);
    let mut ports = spec.ports("tcp_ports", Protocol::Tcp)?;
    ports.extend(spec.ports("udp_ports", Protocol::Udp)?);
    needs.ports = PortSet::from_iter(ports);
    for (name, value) in spec.attributes()? {
        needs = needs.attribute(&name, value.as_deref());
    }
    needs.zones = spec.texts("zones")?.into_iter().map(Into::into).collect();
    let group = arguments::text(&spec.get("group")?, "group")?;
    let mut request = view::PlacementRequest::new(&group, needs)
        .strategies(pack::chain(&spec.texts("strategies")?)?)
        .priority(spec.read("priority", "a whole number of 32 bits")?);
    for text in spec.texts("constraints")? {
        request = request.constraint(pack::constraint(&text)?);
    }
    Ok(request)
}

// ---- the view ----------------------------------------------------------------

/// A cluster's nodes and the tasks on them, by all that Amazon ECS places by:
/// CPU, memory, GPUs, ports, network interfaces, attributes, constraints and
/// strategies; and scores, priorities and gangs, which Amazon ECS does not have.
///
/// ``seed`` is what the strategy ``random`` draws from. Thread-safe: calls wait for
/// one another. :class:`Ecs` is the whole of Amazon ECS's calls; a region's own
/// nodes know CPU and memory.
///
/// >>> view = View()
/// >>> zones = ["us-east-1a", "us-east-1b"]
/// >>> nodes = [
/// ...     view.add_node(NodeInfo(2048, 7985, attributes={"ecs.availability-zone": zone}))
/// ...     for zone in zones
/// ... ]
/// >>> web = view.prepare(PlacementRequest("service:web", 256, 512, tcp_ports=[8080]))
/// >>> [view.assign(web).node == node for node in nodes]
/// [True, True]
/// >>> view.reasons(web, nodes[0])
/// ['RESOURCE:PORTS: tcp port 8080 is taken']
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct View {
    number: u64,
    inner: Mutex<view::View>,
}

impl View {
    fn lock(&self) -> MutexGuard<'_, view::View> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn node_handle(&self, id: NodeId) -> ViewNode {
        ViewNode { view: self.number, id }
    }

    const fn hold_handle(&self, id: HoldId) -> Hold {
        Hold { view: self.number, id }
    }

    /// The core's handle of one of this view's.
    fn own<T>(&self, view: u64, id: T) -> PyResult<T> {
        if view == self.number { Ok(id) } else { Err(errors::stale(view::Stale)) }
    }

    fn placement(&self, placed: &view::Placed, hold: Option<HoldId>) -> Placement {
        Placement {
            node: self.node_handle(placed.node),
            because: placed.because().map(|because| because.to_string()).collect(),
            hold: hold.map(|hold| self.hold_handle(hold)),
        }
    }

    fn refused(&self, said: String, error: &PlaceError) -> PyErr {
        let PlaceError::Unplaced(unplaced) = error else { return errors::stale(error) };
        let reasons = unplaced.nodes().map(|(node, reasons)| {
            let texts: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            (self.node_handle(node), texts)
        });
        let closest = unplaced.closest().map(|closest| self.node_handle(closest.node));
        errors::unplaced(said, closest, reasons.collect::<BTreeMap<_, _>>())
    }
}

#[pymethods]
impl View {
    #[new]
    #[pyo3(signature = (*, seed = 0), text_signature = "(*, seed=0)")]
    fn new(#[pyo3(from_py_with = named::seed)] seed: u64) -> Self {
        // ORDERING: Relaxed: unique by the read-modify-write alone.
        let number = VIEWS.fetch_add(1, Ordering::Relaxed);
        Self { number, inner: Mutex::new(view::View::new(seed)) }
    }

    /// Register a node, a :class:`NodeInfo`.
    ///
    /// Raises:
    ///     ConfigError: a value cannot hold.
    fn add_node(&self, info: &Bound<'_, PyAny>) -> PyResult<ViewNode> {
        let info = node_info(info)?;
        self.lock().add_node(info).map(|id| self.node_handle(id)).map_err(errors::config)
    }

    /// Register a node anew: its tasks keep what they hold. So a node is drained
    /// (``active=False``), and its agent reported as disconnected.
    ///
    /// Raises:
    ///     ConfigError: a value cannot hold, or is less than its tasks hold.
    fn update_node(&self, node: ViewNode, info: &Bound<'_, PyAny>) -> PyResult<()> {
        let (id, info) = (self.own(node.view, node.id)?, node_info(info)?);
        self.lock().update_node(id, info).map_err(|error| match error {
            NodeInfoError::Stale => errors::stale(error),
            error => errors::config(error),
        })
    }

    /// Take a node away with its tasks: their holds, which are returned, are stale
    /// from now on.
    fn remove_node(&self, node: ViewNode) -> PyResult<Vec<Hold>> {
        let gone = self.lock().remove_node(self.own(node.view, node.id)?);
        let gone = gone.map_err(errors::stale)?;
        Ok(gone.into_iter().map(|id| self.hold_handle(id)).collect())
    }

    /// The node at this moment.
    fn node(&self, node: ViewNode) -> PyResult<ViewNodeState> {
        let (id, view) = (self.own(node.view, node.id)?, self.lock());
        let state = view.node(id).ok_or_else(|| errors::stale(view::Stale))?;
        let ports = state.ports_taken.iter();
        Ok(ViewNodeState {
            free_cpu_units: state.free.cpu_units,
            free_memory_mib: state.free.memory_mib,
            free_gpus: state.gpus_free,
            free_enis: state.enis_free,
            ports_taken: ports.map(|(protocol, port)| (protocol.to_string(), port)).collect(),
            holds: view.tasks_on(id).map(|hold| self.hold_handle(hold)).collect(),
            running_tasks: state.running_tasks,
            open: state.info.active && state.info.agent_connected,
        })
    }

    /// The nodes, in the order in which ties are broken.
    fn nodes(&self) -> Vec<ViewNode> {
        self.lock().nodes().map(|state| self.node_handle(state.id)).collect()
    }

    /// Prepare a :class:`PlacementRequest`: what is placed many times is read once.
    ///
    /// Raises:
    ///     ConfigError: a value cannot hold; an expression with its position.
    fn prepare(&self, spec: &Bound<'_, PyAny>) -> PyResult<ViewRequest> {
        // Read first: a mapping of Python's may run anything, a call of this too.
        let request = request(spec)?;
        let prepared = self.lock().prepare(request);
        let id = prepared.map_err(errors::config)?;
        Ok(ViewRequest { view: self.number, id })
    }

    /// Forget a request. Its tasks keep their room.
    fn forget(&self, request: ViewRequest) -> PyResult<()> {
        self.lock().forget(self.own(request.view, request.id)?).map_err(errors::stale)
    }

    /// Choose the node for one task; nothing is taken.
    ///
    /// Raises:
    ///     UnplacedError: no node may take it; with each node's reasons.
    fn place(&self, request: ViewRequest) -> PyResult<Placement> {
        let placed = self.lock().place(self.own(request.view, request.id)?);
        match placed {
            Ok(placed) => Ok(self.placement(&placed, None)),
            Err(error) => Err(self.refused(error.to_string(), &error)),
        }
    }

    /// Take the room for one task on a named node. Asks for room alone; agent,
    /// attributes and constraints are looked at by :meth:`place` and
    /// :meth:`reasons`.
    ///
    /// Raises:
    ///     ExhaustedError: the node is short of something; ``resource`` says what.
    fn commit(&self, request: ViewRequest, node: ViewNode) -> PyResult<Hold> {
        let (id, place) = (self.own(request.view, request.id)?, self.own(node.view, node.id)?);
        let held = self.lock().commit(id, place);
        held.map(|id| self.hold_handle(id)).map_err(|error| match error {
            CommitError::Short(reason) => errors::exhausted(&error, reason.code()),
            _ => errors::stale(error),
        })
    }

    /// Choose the node for one task and take the room.
    ///
    /// Raises:
    ///     UnplacedError: no node may take it; with each node's reasons.
    fn assign(&self, request: ViewRequest) -> PyResult<Placement> {
        let assigned = self.lock().assign(self.own(request.view, request.id)?);
        match assigned {
            Ok((placed, hold)) => Ok(self.placement(&placed, Some(hold))),
            Err(error) => Err(self.refused(error.to_string(), &error)),
        }
    }

    /// Place one task of each request and take the room, or take nothing: a gang.
    /// One after the other, in the order given.
    ///
    /// Raises:
    ///     UnplacedError: about the first that found no node.
    fn assign_all(&self, requests: Vec<ViewRequest>) -> PyResult<Vec<Placement>> {
        let ids: PyResult<Vec<_>> =
            requests.iter().map(|request| self.own(request.view, request.id)).collect();
        let assigned = self.lock().assign_all(&ids?);
        match assigned {
            Ok(all) => {
                Ok(all.iter().map(|(placed, hold)| self.placement(placed, Some(*hold))).collect())
            }
            Err(error) => Err(self.refused(error.to_string(), &error.error)),
        }
    }

    /// Give the room of a task back, once it has stopped: a task that is asked to
    /// stop holds it until then.
    fn release(&self, hold: Hold) -> PyResult<()> {
        self.lock().release(self.own(hold.view, hold.id)?).map_err(errors::stale)
    }

    /// Report whether a task runs: ``runningTasksCount`` counts those that do.
    fn set_running(
        &self,
        hold: Hold,
        #[pyo3(from_py_with = named::runs)] runs: bool,
    ) -> PyResult<()> {
        self.lock().set_running(self.own(hold.view, hold.id)?, runs).map_err(errors::stale)
    }

    /// The tasks of a lower priority that have to make way for one of that request,
    /// by the rule of kube-scheduler's default preemption. Nothing is stopped: stop
    /// them, release each, and commit.
    ///
    /// Raises:
    ///     UnplacedError: no victims would make room.
    fn preempt(&self, request: ViewRequest) -> PyResult<Preemption> {
        let found = self.lock().preempt(self.own(request.view, request.id)?);
        match found {
            Ok(found) => Ok(Preemption {
                node: self.node_handle(found.node),
                victims: found.victims.into_iter().map(|id| self.hold_handle(id)).collect(),
            }),
            Err(error) => Err(self.refused(error.to_string(), &error)),
        }
    }

    /// Every reason why a named node cannot take a task of a request, in Amazon
    /// ECS's words; empty where it can.
    fn reasons(&self, request: ViewRequest, node: ViewNode) -> PyResult<Vec<String>> {
        let (id, place) = (self.own(request.view, request.id)?, self.own(node.view, node.id)?);
        let reasons = self.lock().reasons(id, place).map_err(errors::stale)?;
        Ok(reasons.iter().map(ToString::to_string).collect())
    }

    fn __repr__(&self) -> String {
        format!("View(nodes={})", self.lock().nodes().count())
    }
}
