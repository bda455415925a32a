//! Scenarios of containers: read, played, and given back as columns.

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use warmstow_core::service::Rollout;
use warmstow_core::sim::containers::{
    ContainersReport, Minute, Scenario, ServiceMinute, ServiceTotals, Simulation,
};
use warmstow_core::time::Duration;

use crate::arguments::named;
use crate::errors;

/// Played between two looks for an interrupt.
const STEP: Duration = Duration::from_secs(600);

/// Play a scenario: TOML or JSON text; ``seed`` replaces the file's own.
#[pyfunction]
#[pyo3(signature = (text, seed = None))]
pub(crate) fn simulate_text<'py>(
    py: Python<'py>,
    #[pyo3(from_py_with = named::text)] text: String,
    seed: Option<Bound<'_, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let seed = seed.map(|seed| named::seed(&seed)).transpose()?;
    let scenario = Scenario::from_text(&text, seed).map_err(errors::config)?;
    let mut simulation = Simulation::new(&scenario).map_err(errors::config)?;
    while py.detach(|| simulation.advance(STEP)) {
        py.check_signals()?;
    }
    let report = py.detach(|| simulation.finish());
    let said = to_python(py, &report)?;
    said.set_item("service", report.names())?;
    said.set_item("seed", scenario.seed)?;
    said.set_item("horizon_s", scenario.horizon.as_secs_f64())?;
    said.set_item("instance_type", scenario.group.instance_type.name)?;
    Ok(said)
}

fn to_python<'py>(py: Python<'py>, report: &ContainersReport) -> PyResult<Bound<'py, PyDict>> {
    let said = PyDict::new(py);
    said.set_item("minutes", minutes(py, report)?)?;
    let events = report.events.iter().map(|event| {
        let service = event.service.and_then(|at| report.services.get(at));
        let service = service.map(|service| service.name.as_str());
        (event.at.as_secs_f64(), event.of, event.text.as_str(), service)
    });
    said.set_item("events", events.collect::<Vec<_>>())?;
    let deployments = report.services.iter().flat_map(|service| {
        let each = service.deployments.iter();
        each.map(|of| (of.revision, of.created.as_secs_f64(), rollout(of.rollout), &service.name))
    });
    said.set_item("deployments", deployments.collect::<Vec<_>>())?;
    let services = report.services.iter().map(|of| {
        let minutes = PyDict::new(py);
        let at_s = report.minutes.iter().map(|minute| minute.at_s).collect();
        minutes.set_item("at_s", PyArray1::from_vec(py, at_s))?;
        service_minutes(&minutes, of.minutes.iter())?;
        let totals = PyDict::new(py);
        service_totals(&totals, &of.totals)?;
        Ok((of.name.as_str(), totals, minutes))
    });
    said.set_item("services", services.collect::<PyResult<Vec<_>>>()?)?;
    said.set_item("unmet", &report.unmet)?;
    said.set_item("totals", totals(py, report)?)?;
    said.set_item("bill", bill(py, report)?)?;
    Ok(said)
}

const fn rollout(of: Rollout) -> &'static str {
    match of {
        Rollout::InProgress => "in_progress",
        Rollout::Completed => "completed",
        Rollout::Failed => "failed",
    }
}

fn minutes<'py>(py: Python<'py>, report: &ContainersReport) -> PyResult<Bound<'py, PyDict>> {
    type Count = (&'static str, fn(&Minute) -> u32);
    type Amount = (&'static str, fn(&Minute) -> f64);
    let counts: [Count; 2] = [("instances", |of| of.instances), ("booting", |of| of.booting)];
    let amounts: [Amount; 3] = [
        ("at_s", |of| of.at_s),
        ("reservation_percent", |of| of.reservation),
        ("instances_usd", |of| of.instances_usd.unwrap_or(f64::NAN)),
    ];
    let columns = PyDict::new(py);
    service_minutes(&columns, report.minutes.iter().map(|minute| &minute.all))?;
    for (name, of) in counts {
        let column = report.minutes.iter().map(of).collect();
        columns.set_item(name, PyArray1::from_vec(py, column))?;
    }
    for (name, of) in amounts {
        let column = report.minutes.iter().map(of).collect();
        columns.set_item(name, PyArray1::from_vec(py, column))?;
    }
    let (zones, count) = (report.running_by_zone.len(), report.minutes.len());
    let by_zone = PyArray1::from_vec(py, report.running_by_zone.concat());
    let by_zone: Bound<'py, PyArray2<u32>> = by_zone.reshape([zones, count])?;
    columns.set_item("running_by_zone", by_zone)?;
    Ok(columns)
}

/// Adds the columns that a service has, or all together.
fn service_minutes<'a>(
    columns: &Bound<'_, PyDict>,
    minutes: impl Iterator<Item = &'a ServiceMinute> + Clone,
) -> PyResult<()> {
    type Count = (&'static str, fn(&ServiceMinute) -> u32);
    type Amount = (&'static str, fn(&ServiceMinute) -> f64);
    let counts: [Count; 4] = [
        ("desired", |of| of.desired),
        ("running", |of| of.running),
        ("pending", |of| of.pending),
        ("waiting", |of| of.waiting),
    ];
    let amounts: [Amount; 6] = [
        ("load_per_s", |of| of.load_per_s),
        ("capacity_per_s", |of| of.capacity_per_s),
        ("requests", |of| of.requests),
        ("lost", |of| of.unserved),
        ("cpu_percent", |of| of.cpu_percent),
        ("memory_percent", |of| of.memory_percent),
    ];
    let py = columns.py();
    for (name, of) in counts {
        let column = minutes.clone().map(of).collect();
        columns.set_item(name, PyArray1::from_vec(py, column))?;
    }
    for (name, of) in amounts {
        let column = minutes.clone().map(of).collect();
        columns.set_item(name, PyArray1::from_vec(py, column))?;
    }
    Ok(())
}

fn totals<'py>(py: Python<'py>, report: &ContainersReport) -> PyResult<Bound<'py, PyDict>> {
    let (of, said) = (&report.totals, PyDict::new(py));
    service_totals(&said, &of.all)?;
    said.set_item("instances_launched", of.instances_launched)?;
    said.set_item("interruptions", of.interruptions)?;
    Ok(said)
}

fn service_totals(said: &Bound<'_, PyDict>, of: &ServiceTotals) -> PyResult<()> {
    said.set_item("requests", of.requests)?;
    said.set_item("lost", of.unserved)?;
    said.set_item("task_hours", of.task_hours)?;
    said.set_item("tasks_started", of.tasks_started)?;
    said.set_item("tasks_failed", of.tasks_failed)?;
    said.set_item("tasks_lost", of.tasks_lost)?;
    said.set_item("scaled", of.scaled)?;
    said.set_item("peak_running", of.peak_running)
}

fn bill<'py>(py: Python<'py>, report: &ContainersReport) -> PyResult<Bound<'py, PyDict>> {
    let (of, said) = (&report.bill, PyDict::new(py));
    said.set_item("on_demand_hours", of.on_demand_hours)?;
    said.set_item("spot_hours", of.spot_hours)?;
    said.set_item("instances_usd", of.instances_usd)?;
    let compared = of.compared.iter();
    let compared =
        compared.map(|option| (option.launch.to_string(), option.usd, option.utilization));
    said.set_item("compared", compared.collect::<Vec<_>>())?;
    Ok(said)
}
