//! Packing: a search carried out in steps; and tasks placed one by one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::placement::constraint::Constraint;
use warmstow_core::placement::pack::{self, BinKind, Item, Problem};
use warmstow_core::placement::view::{
    Chain, NodeInfo, PlaceError, PlacementRequest, TaskRequirements, View,
};
use warmstow_core::placement::{Fleet, NodeSpec, Strategy};
use warmstow_core::resources::Resources;

use crate::arguments::{self, field, named};
use crate::{errors, search};

/// A search for a good packing; `warmstow.pack` wraps it.
///
/// Thread-safe: calls wait for one another. The interpreter lock is released
/// while it computes.
#[pyclass(frozen, module = "warmstow._warmstow")]
pub(crate) struct Packer {
    inner: Mutex<pack::Packer>,
}

/// An amount, which may be below 0.
fn amount(value: &Bound<'_, PyAny>, name: &str) -> PyResult<i64> {
    let number = value.call_method0("__index__").and_then(|number| number.extract::<i64>());
    number.map_err(|_| errors::config(format!("{name} holds {value}: needs whole numbers")))
}

fn amounts(values: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<i64>> {
    values.try_iter()?.map(|value| amount(&value?, name)).collect()
}

/// One kind of bin: `warmstow.BinKind`.
fn kind(spec: &Bound<'_, PyAny>) -> PyResult<BinKind> {
    Ok(BinKind {
        capacity: amounts(&field(spec, "capacity")?, "capacity")?,
        cost: arguments::whole(&field(spec, "cost")?, "cost")?,
        count: arguments::whole_or_none(&field(spec, "count")?, "count")?,
    })
}

/// One item: `warmstow.Item`.
fn item(spec: &Bound<'_, PyAny>) -> PyResult<Item> {
    let choices = field(spec, "choices")?;
    let choices: PyResult<Vec<_>> =
        choices.try_iter()?.map(|size| amounts(&size?, "choices")).collect();
    let kinds = field(spec, "kinds")?;
    let kinds = if kinds.is_none() {
        None
    } else {
        let each = kinds.try_iter()?.map(|kind| arguments::whole(&kind?, "kinds"));
        Some(each.collect::<PyResult<Vec<u32>>>()?)
    };
    let demand = arguments::whole(&field(spec, "demand")?, "demand")?;
    Ok(Item { choices: choices?, demand, kinds })
}

impl Packer {
    fn lock(&self) -> MutexGuard<'_, pack::Packer> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bins as (kind, [(unit, choice)]).
type Bins = Vec<(u32, Vec<(u32, u8)>)>;

#[pymethods]
impl Packer {
    /// Check and copy the problem.
    #[new]
    fn new(
        py: Python<'_>,
        kinds: &Bound<'_, PyAny>,
        items: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = named::seed)] seed: u64,
    ) -> PyResult<Self> {
        let kinds = kinds.try_iter()?.map(|spec| kind(&spec?)).collect::<PyResult<Vec<_>>>()?;
        let items = items.try_iter()?.map(|spec| item(&spec?)).collect::<PyResult<Vec<_>>>()?;
        let problem = py.detach(|| Problem::new(kinds, &items)).map_err(errors::config)?;
        Ok(Self { inner: Mutex::new(pack::Packer::new(problem, seed)) })
    }

    /// Search for about so much work; whether more can be gained by going on.
    fn advance(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = named::work)] work: u64,
    ) -> PyResult<bool> {
        search::advance(py, work, |step| self.lock().advance(step))
    }

    /// Search for so many seconds by the clock; whether more can be gained.
    fn run(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = named::time_s)] time_s: warmstow_core::time::Duration,
    ) -> PyResult<bool> {
        search::run(py, time_s, |step| self.lock().advance(step))
    }

    /// The bins of the best packing: the kind of each, and its units with the
    /// choice of each.
    fn bins(&self, py: Python<'_>) -> Bins {
        py.detach(|| {
            let packer = self.lock();
            packer.best().bins.iter().map(|bin| (bin.kind, bin.units.clone())).collect()
        })
    }

    /// The units that the best packing leaves out.
    fn unplaced(&self, py: Python<'_>) -> Vec<u32> {
        py.detach(|| self.lock().best().unplaced.clone())
    }

    /// The item that each unit is one of.
    fn item_of(&self, py: Python<'_>) -> Vec<u32> {
        py.detach(|| {
            let packer = self.lock();
            let problem = packer.problem();
            (0..).take(problem.units()).map(|unit| problem.item_of(unit)).collect()
        })
    }

    /// What the bins of the best packing cost.
    #[getter]
    fn cost(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().best().cost)
    }

    /// No packing of all that fits anywhere costs less.
    #[getter]
    fn lower_bound(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().lower_bound())
    }

    /// Whether the best packing is proven to be one of the best.
    #[getter]
    fn is_optimal(&self, py: Python<'_>) -> bool {
        py.detach(|| self.lock().is_optimal())
    }

    /// What was spent so far.
    #[getter]
    fn work(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().work())
    }
}

/// Where a task went: the number of its node, or for each reason how many
/// nodes have it.
type Outcome = (Option<u32>, Vec<(&'static str, u32)>);

/// One node: `warmstow.ClusterNode`.
fn node_info(spec: &Bound<'_, PyAny>) -> PyResult<NodeInfo> {
    let whole = |key: &str| arguments::whole::<u32>(&field(spec, key)?, key);
    let mut info = NodeInfo::new(whole("cpu")?, whole("memory_mib")?).gpus(whole("gpu")?);
    let attributes: Vec<(String, String)> = field(spec, "attributes")?.extract()?;
    for (name, value) in &attributes {
        info = info.attribute(name, value);
    }
    Ok(info)
}

/// What a task needs and may: `warmstow.ClusterTask`.
fn request(
    spec: &Bound<'_, PyAny>,
    strategies: &Chain,
    constraints: &[Constraint],
) -> PyResult<PlacementRequest> {
    let whole = |key: &str| arguments::whole::<u32>(&field(spec, key)?, key);
    let needs = TaskRequirements::new(whole("cpu")?, whole("memory_mib")?).gpus(whole("gpu")?);
    let group = arguments::text(&field(spec, "group")?, "group")?;
    let mut request = PlacementRequest::new(&group, needs).strategies(strategies.clone());
    for constraint in constraints {
        request = request.constraint(constraint.clone());
    }
    let own = field(spec, "constraint")?;
    if !own.is_none() {
        let own = arguments::text(&own, "constraint")?;
        request = request.constraint(constraint(&own)?);
    }
    Ok(request)
}

/// A constraint as [`Constraint::parse`] reads it.
pub(crate) fn constraint(text: &str) -> PyResult<Constraint> {
    Constraint::parse(text).map_err(errors::config)
}

/// Raise `ConfigError` unless the text is a constraint.
#[pyfunction]
pub(crate) fn check_constraint(text: &str) -> PyResult<()> {
    constraint(text).map(|_| ())
}

/// Raise `ConfigError` unless the names are strategies of `place_tasks`.
#[pyfunction]
pub(crate) fn check_strategies(names: Vec<String>) -> PyResult<()> {
    chain(&names).map(|_| ())
}

pub(crate) fn chain(names: &[String]) -> PyResult<Chain> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Chain::parse_short(&names).map_err(errors::config)
}

/// Place each task in turn, by all rules of Amazon ECS.
#[pyfunction]
pub(crate) fn place_tasks(
    py: Python<'_>,
    nodes: &Bound<'_, PyAny>,
    tasks: &Bound<'_, PyAny>,
    strategies: Vec<String>,
    constraints: Vec<String>,
    #[pyo3(from_py_with = named::seed)] seed: u64,
) -> PyResult<Vec<Outcome>> {
    let chain = chain(&strategies)?;
    let constraints = constraints.iter().map(|c| constraint(c)).collect::<PyResult<Vec<_>>>()?;
    let mut view = View::new(seed);
    for spec in nodes.try_iter()? {
        view.add_node(node_info(&spec?)?).map_err(errors::config)?;
    }
    let mut outcomes = vec![];
    let mut last = None;
    for spec in tasks.try_iter()? {
        let request = request(&spec?, &chain, &constraints)?;
        // Tasks alike come one after the other more often than not.
        let id = match last.take() {
            Some((before, id)) if before == request => id,
            Some((_, id)) => {
                view.forget(id).map_err(errors::config)?;
                view.prepare(request.clone()).map_err(errors::config)?
            }
            None => view.prepare(request.clone()).map_err(errors::config)?,
        };
        last = Some((request, id));
        outcomes.push(match py.detach(|| view.assign(id)) {
            Ok((placed, _)) => (Some(placed.node.index()), vec![]),
            Err(PlaceError::Unplaced(unplaced)) => {
                let mut reasons: Vec<(&str, u32)> = vec![];
                for (_, own) in unplaced.nodes() {
                    for reason in own {
                        match reasons.iter_mut().find(|(code, _)| *code == reason.code()) {
                            Some((_, nodes)) => *nodes += 1,
                            None => reasons.push((reason.code(), 1)),
                        }
                    }
                }
                (None, reasons)
            }
            Err(error) => return Err(errors::state(error)),
        });
        py.check_signals()?;
    }
    Ok(outcomes)
}

/// Place each task in turn by a strategy of CPU and memory alone: what the
/// instances of functions are placed by.
#[pyfunction]
pub(crate) fn place_instances(
    py: Python<'_>,
    nodes: &Bound<'_, PyAny>,
    tasks: &Bound<'_, PyAny>,
    #[pyo3(from_py_with = named::strategy)] strategy: Strategy,
    #[pyo3(from_py_with = named::seed)] seed: u64,
) -> PyResult<Vec<Outcome>> {
    let read = |spec: &Bound<'_, PyAny>| -> PyResult<Resources> {
        let whole = |key: &str| arguments::whole::<u32>(&field(spec, key)?, key);
        Ok(Resources::new(whole("cpu")?, whole("memory_mib")?))
    };
    let nodes = nodes.try_iter()?.map(|spec| read(&spec?)).collect::<PyResult<Vec<_>>>()?;
    let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    let fleet = Fleet::new(count, core::num::NonZeroU32::MIN, seed).map_err(errors::config)?;
    for resources in nodes {
        fleet.add_node(NodeSpec::new(resources, 0)).map_err(errors::config)?;
    }
    let tasks = tasks.try_iter()?.map(|spec| read(&spec?)).collect::<PyResult<Vec<_>>>()?;
    let place = |needed| match fleet.place(needed, strategy) {
        Ok(room) => (Some(room.node().index()), vec![]),
        Err(refusal) => {
            let short = [
                ("RESOURCE:CPU", refusal.short_of_cpu),
                ("RESOURCE:MEMORY", refusal.short_of_memory),
            ];
            (None, short.into_iter().filter(|(_, nodes)| *nodes > 0).collect())
        }
    };
    Ok(py.detach(|| tasks.into_iter().map(place).collect()))
}

/// For each node whether it meets every constraint, with nothing running.
#[pyfunction]
pub(crate) fn nodes_that_match(
    nodes: &Bound<'_, PyAny>,
    constraints: Vec<String>,
) -> PyResult<Vec<bool>> {
    let mut request = PlacementRequest::new("match", TaskRequirements::new(0, 0));
    for text in &constraints {
        let constraint = constraint(text)?;
        if let Constraint::MemberOf(expression) = &constraint
            && expression.asks_for_tasks()
        {
            return Err(errors::config(format!("{text}: depends on what runs where")));
        }
        if matches!(constraint, Constraint::MaxSkew { .. }) {
            return Err(errors::config(format!("{text}: depends on what runs where")));
        }
        request = request.constraint(constraint);
    }
    let mut view = View::new(0);
    let nodes = nodes.try_iter()?.map(|spec| node_info(&spec?)).collect::<PyResult<Vec<_>>>()?;
    let ids: Vec<_> = nodes
        .into_iter()
        .map(|info| view.add_node(info).map_err(errors::config))
        .collect::<PyResult<_>>()?;
    let id = view.prepare(request).map_err(errors::config)?;
    let meets = |node| view.reasons(id, node).map(|reasons| reasons.is_empty());
    ids.into_iter().map(|node| meets(node).map_err(errors::config)).collect()
}
