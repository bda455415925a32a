//! A settings file as plain values.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use warmstow_core::settings::{FunctionSettings, Settings};
use warmstow_core::time::{Duration, Instant};

use crate::arguments::named;
use crate::errors;

/// The settings of a file's content.
pub(crate) fn read(text: &str) -> PyResult<Settings> {
    Settings::from_text(text).map_err(errors::config)
}

/// What a settings file says, built once to see that it can be: a dictionary
/// of the region, `nodes`, `functions` by name, and `warnings`.
#[pyfunction]
pub(crate) fn read_settings<'py>(
    py: Python<'py>,
    #[pyo3(from_py_with = named::text)] text: String,
) -> PyResult<Bound<'py, PyDict>> {
    let settings = read(&text)?;
    py.detach(|| settings.build(Instant::ZERO)).map_err(errors::config)?;
    let said = PyDict::new(py);
    said.set_item("account_limit", settings.region.account_limit)?;
    said.set_item("unreserved_minimum", settings.region.unreserved_minimum)?;
    said.set_item("requests_per_concurrency", settings.region.requests_per_concurrency)?;
    said.set_item("scaling_rate", settings.region.scaling_rate.to_string())?;
    said.set_item("strategy", settings.region.strategy.name())?;
    said.set_item("seed", settings.region.seed)?;
    let nodes = settings.nodes.iter();
    let nodes = nodes.map(|node| (node.resources.cpu_units, node.resources.memory_mib, node.zone));
    said.set_item("nodes", nodes.collect::<Vec<_>>())?;
    let functions = PyDict::new(py);
    for function in &settings.functions {
        functions.set_item(&function.name, of_function(py, function)?)?;
    }
    said.set_item("functions", functions)?;
    said.set_item("warnings", settings.warnings().collect::<Vec<_>>())?;
    Ok(said)
}

fn of_function<'py>(py: Python<'py>, function: &FunctionSettings) -> PyResult<Bound<'py, PyDict>> {
    let (spec, said) = (&function.spec, PyDict::new(py));
    said.set_item("memory_mib", spec.resources.memory_mib)?;
    said.set_item("cpu_units", spec.resources.cpu_units)?;
    said.set_item("max_instances", spec.max_instances)?;
    said.set_item("instance_concurrency", spec.instance_concurrency)?;
    said.set_item("reserved_concurrency", spec.reserved_concurrency)?;
    said.set_item("provisioned_concurrency", function.provisioned_concurrency)?;
    said.set_item("keep_alive_s", spec.keep_alive.as_secs_f64())?;
    said.set_item("keep_alive", function.keep_alive.map(|policy| policy.to_string()))?;
    said.set_item("cold_start_s", function.cold_start.as_secs_f64())?;
    said.set_item("timeout_s", function.timeout.map(Duration::as_secs_f64))?;
    said.set_item("pick", spec.pick.name())?;
    said.set_item("role", function.role.as_ref().map(|role| role.as_str()))?;
    let subnets = function.network.as_ref().map(|network| {
        network.subnets().iter().map(|subnet| subnet.id.clone()).collect::<Vec<_>>()
    });
    said.set_item("subnets", subnets)?;
    Ok(said)
}
