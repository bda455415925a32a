//! Consolidation: which nodes of a running cluster can be freed, by which moves.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::placement::consolidate::{
    self, Cluster, ClusterNode, ClusterService, ClusterTask,
};

use crate::arguments::{self, field, named};
use crate::{errors, search};

/// A search for a plan; `warmstow.consolidate` wraps it.
///
/// Thread-safe: calls wait for one another. The interpreter lock is released
/// while it computes.
#[pyclass(frozen, module = "warmstow._warmstow")]
pub(crate) struct Consolidator {
    inner: Mutex<consolidate::Consolidator>,
}

fn amounts(values: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<u64>> {
    values.try_iter()?.map(|value| arguments::whole(&value?, name)).collect()
}

/// `warmstow.RunningNode`.
fn node(spec: &Bound<'_, PyAny>) -> PyResult<ClusterNode> {
    let flag = |name| arguments::flag(&field(spec, name)?, name);
    Ok(ClusterNode {
        capacity: amounts(&field(spec, "capacity")?, "capacity")?,
        may_be_freed: flag("may_be_freed")?,
        takes_tasks: flag("takes_tasks")?,
    })
}

/// `warmstow.RunningTask`.
fn task(spec: &Bound<'_, PyAny>) -> PyResult<ClusterTask> {
    let nodes = field(spec, "nodes")?;
    let nodes = if nodes.is_none() {
        None
    } else {
        let each = nodes.try_iter()?.map(|node| arguments::whole(&node?, "nodes"));
        Some(each.collect::<PyResult<Vec<u32>>>()?)
    };
    Ok(ClusterTask {
        node: arguments::whole(&field(spec, "node")?, "node")?,
        size: amounts(&field(spec, "size")?, "size")?,
        movable: arguments::flag(&field(spec, "movable")?, "movable")?,
        move_cost: arguments::whole(&field(spec, "move_cost")?, "move_cost")?,
        service: arguments::whole_or_none(&field(spec, "service")?, "service")?,
        nodes,
    })
}

/// `warmstow.RunningService`.
fn service(spec: &Bound<'_, PyAny>) -> PyResult<ClusterService> {
    Ok(ClusterService {
        floor: arguments::whole(&field(spec, "floor")?, "floor")?,
        distinct: arguments::flag(&field(spec, "distinct")?, "distinct")?,
    })
}

fn all<T>(
    specs: &Bound<'_, PyAny>,
    read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    specs.try_iter()?.map(|spec| read(&spec?)).collect()
}

impl Consolidator {
    fn lock(&self) -> MutexGuard<'_, consolidate::Consolidator> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What frees a node: its number, after how many moves, at what cost.
type Freed = Vec<(u32, u32, u64)>;
/// Tasks with the nodes that they leave and go to.
type Moves = Vec<(u32, u32, u32)>;

#[pymethods]
impl Consolidator {
    /// Check and copy the cluster.
    #[new]
    fn new(
        py: Python<'_>,
        nodes: &Bound<'_, PyAny>,
        tasks: &Bound<'_, PyAny>,
        services: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = named::seed)] seed: u64,
    ) -> PyResult<Self> {
        let (nodes, tasks) = (all(nodes, node)?, all(tasks, task)?);
        let services = all(services, service)?;
        let cluster = py.detach(|| Cluster::new(nodes, tasks, services));
        let inner = consolidate::Consolidator::new(cluster.map_err(errors::config)?, seed);
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Search for about so much work; whether it is worth going on.
    fn advance(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = named::work)] work: u64,
    ) -> PyResult<bool> {
        search::advance(py, work, |step| self.lock().advance(step))
    }

    /// Search for so many seconds by the clock; whether it is worth going on.
    fn run(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = named::time_s)] time_s: warmstow_core::time::Duration,
    ) -> PyResult<bool> {
        search::run(py, time_s, |step| self.lock().advance(step))
    }

    /// The nodes that run something now, and the fewest of them that could.
    fn figures(&self, py: Python<'_>) -> (u32, u32) {
        py.detach(|| {
            let search = self.lock();
            let plan = search.plan();
            (plan.nodes_used, plan.bound)
        })
    }

    /// What is freed, the cheapest first, and the moves in their order.
    fn plan(&self, py: Python<'_>) -> (Freed, Moves) {
        py.detach(|| {
            let search = self.lock();
            let plan = search.plan();
            let freed = plan.freed.iter().map(|of| (of.node, of.after_moves, of.cost));
            let moves = plan.moves.iter().map(|of| (of.task, of.from, of.to));
            (freed.collect(), moves.collect())
        })
    }
}
