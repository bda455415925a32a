//! A report as plain Python values; `warmstow.results` gives them names.

use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use warmstow_core::sim::{FleetReport, NodeReport, Report, Series, Summary};

/// A dictionary of the given values, each under its own name.
macro_rules! dict {
    ($py:expr, $of:expr, $($name:ident),+ $(,)?) => {{
        let dict = PyDict::new($py);
        $(dict.set_item(stringify!($name), $of.$name)?;)+
        dict
    }};
}

/// The whole report.
pub(crate) fn to_python(py: Python<'_>, report: Report) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("total", summary(py, &report.total)?)?;
    let functions = PyList::empty(py);
    for function in &report.functions {
        functions.append((&function.name, summary(py, &function.summary)?))?;
    }
    dict.set_item("functions", functions)?;
    dict.set_item("horizon_s", report.horizon.as_secs_f64())?;
    let nodes = report.fleet.as_ref().map_or(0, |fleet| fleet.per_node.len());
    let fleet = report.fleet.as_ref().map(|report| fleet(py, report)).transpose()?;
    dict.set_item("fleet", fleet)?;
    let series = report.series.map(|report| series(py, report, nodes)).transpose()?;
    dict.set_item("series", series)?;
    Ok(dict)
}

fn summary<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let dict = dict!(
        py,
        summary,
        invocations,
        warm_starts,
        cold_starts,
        cold_start_probability,
        timeouts,
        errors,
        peak_concurrency,
        peak_instances,
        mean_instances,
        mean_busy_instances,
        mean_idle_instances,
        mean_instance_lifespan_s,
        stopped_instances,
        prewarmed_instances,
        provisioned_invocations,
        spillover_invocations,
    );
    let throttles = PyDict::new(py);
    for refused in &summary.throttles {
        throttles.set_item(refused.reason, refused.count)?;
    }
    dict.set_item("throttles", throttles)?;
    dict.set_item("latency_ms", dict!(py, summary.latency_ms, p50, p90, p95, p99, max))?;
    dict.set_item("gb_seconds", dict!(py, summary.gb_seconds, busy, idle, init))?;
    let cost = dict!(py, summary.cost_usd, requests, duration, provisioned, total);
    dict.set_item("cost_usd", cost)?;
    Ok(dict)
}

fn fleet<'py>(py: Python<'py>, fleet: &FleetReport) -> PyResult<Bound<'py, PyDict>> {
    let dict = dict!(
        py,
        fleet,
        nodes,
        mean_nodes_used,
        peak_nodes_used,
        mean_cpu_share,
        mean_memory_share,
    );
    let node = |node: &NodeReport| -> PyResult<_> {
        Ok(dict!(py, node, mean_instances, peak_instances, mean_cpu_share, mean_memory_share))
    };
    let per_node: Vec<_> = fleet.per_node.iter().map(node).collect::<PyResult<_>>()?;
    dict.set_item("per_node", per_node)?;
    Ok(dict)
}

fn series(py: Python<'_>, series: Series, nodes: usize) -> PyResult<Bound<'_, PyDict>> {
    let buckets = series.arrivals.len();
    let dict = PyDict::new(py);
    dict.set_item("bucket_s", series.bucket.as_secs_f64())?;
    let counts = [
        ("arrivals", series.arrivals),
        ("warm", series.warm),
        ("cold", series.cold),
        ("throttles", series.throttles),
    ];
    for (name, column) in counts {
        dict.set_item(name, PyArray1::from_vec(py, column))?;
    }
    let averages = [
        ("busy", series.busy),
        ("idle", series.idle),
        ("instances", series.instances),
        ("nodes_used", series.nodes_used),
        ("cpu_share", series.cpu_share),
        ("memory_share", series.memory_share),
    ];
    for (name, column) in averages {
        dict.set_item(name, PyArray1::from_vec(py, column))?;
    }
    let by_node = PyArray1::from_vec(py, series.node_memory_share);
    dict.set_item("node_memory_share", by_node.reshape([buckets, nodes])?)?;
    Ok(dict)
}
