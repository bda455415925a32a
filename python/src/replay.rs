//! Replays: the workload copied in, the computing done detached from Python.

use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use warmstow_core::function::RegionConfig;
use warmstow_core::sim::{
    self, Arrival, Arrivals, ColdStart, FunctionMinutes, Poisson, PoissonSpec, SimConfig,
    SimFunction, Trace, TraceColumns, Workload, expand_minutes,
};
use warmstow_core::time::{Duration, Instant};

use crate::arguments::{self, field, named};
use crate::{errors, explanation, report};

/// Either workload, behind one type.
enum Source {
    Trace(Arrivals<Trace>),
    Poisson(Poisson),
}

impl Workload for Source {
    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        match self {
            Self::Trace(trace) => trace.next(),
            Self::Poisson(poisson) => poisson.next(),
        }
    }

    fn functions(&self) -> u32 {
        match self {
            Self::Trace(trace) => trace.functions(),
            Self::Poisson(poisson) => poisson.functions(),
        }
    }

    fn horizon(&self) -> Instant {
        match self {
            Self::Trace(trace) => trace.horizon(),
            Self::Poisson(poisson) => poisson.horizon(),
        }
    }
}

/// A workload as copied out of Python, not yet expanded.
enum Copied {
    Columns(TraceColumns, Option<Instant>),
    Minutes { counts: Vec<Vec<u32>>, duration_ms: Vec<[f64; 7]>, mean_ms: Option<Vec<f64>> },
    Poisson(PoissonSpec),
}

impl Copied {
    /// Reads an `ArrivalTrace`, a `MinuteTrace` or a `Poisson`.
    fn read(workload: &Bound<'_, PyAny>) -> PyResult<Self> {
        if workload.hasattr("arrival_ns")? {
            Self::columns(workload)
        } else if workload.hasattr("counts")? {
            Self::minutes(workload)
        } else {
            let number = |name: &str| arguments::number(&field(workload, name)?, name);
            let drawn = |name: &str| arguments::distribution(&field(workload, name)?, name);
            let cold = field(workload, "cold")?;
            Ok(Self::Poisson(PoissonSpec {
                rate_per_s: number("rate_per_s")?,
                warm: drawn("warm")?,
                cold: if cold.is_none() { None } else { Some(drawn("cold")?) },
                duration_s: number("duration_s")?,
            }))
        }
    }

    fn columns(workload: &Bound<'_, PyAny>) -> PyResult<Self> {
        let nanos = |name: &str| -> PyResult<Vec<u64>> {
            let column: PyReadonlyArray1<'_, u64> = field(workload, name)?.extract()?;
            Ok(column.as_array().to_vec())
        };
        let function: PyReadonlyArray1<'_, u32> = field(workload, "function")?.extract()?;
        let cold = field(workload, "cold_start_ns")?;
        let horizon = arguments::whole_or_none(&field(workload, "horizon_ns")?, "horizon_ns")?;
        let columns = TraceColumns {
            arrival_ns: nanos("arrival_ns")?,
            function: function.as_array().to_vec(),
            duration_ns: nanos("duration_ns")?,
            cold_start_ns: if cold.is_none() { None } else { Some(nanos("cold_start_ns")?) },
        };
        Ok(Self::Columns(columns, horizon.map(Instant::from_nanos)))
    }

    fn minutes(workload: &Bound<'_, PyAny>) -> PyResult<Self> {
        let counts: PyReadonlyArray2<'_, u32> = field(workload, "counts")?.extract()?;
        let mean_ms: Option<PyReadonlyArray1<'_, f64>> =
            field(workload, "mean_duration_ms")?.extract()?;
        let curves = field(workload, "duration_percentiles_ms")?;
        let curves: PyReadonlyArray2<'_, f64> = curves.extract()?;
        // `MinuteTrace` has checked that each row has the 7 percentiles.
        let curve = |row: numpy::ndarray::ArrayView1<'_, f64>| {
            core::array::from_fn(|at| row.get(at).copied().unwrap_or(f64::NAN))
        };
        Ok(Self::Minutes {
            counts: counts.as_array().rows().into_iter().map(|row| row.to_vec()).collect(),
            duration_ms: curves.as_array().rows().into_iter().map(curve).collect(),
            mean_ms: mean_ms.map(|mean_ms| mean_ms.as_array().to_vec()),
        })
    }

    /// The arrivals; called detached, as it can be long.
    fn expand(self, seed: u64) -> Result<Source, String> {
        match self {
            Self::Columns(columns, horizon) => Trace::new(columns, horizon)
                .map(|trace| Source::Trace(Arrivals::new(trace)))
                .map_err(|error| error.to_string()),
            Self::Minutes { counts, duration_ms, mean_ms } => {
                let mean_of = |index: usize| mean_ms.as_ref()?.get(index).copied();
                let rows = counts.iter().zip(duration_ms).enumerate();
                let functions: Vec<_> = rows
                    .map(|(index, (counts, duration_ms))| FunctionMinutes {
                        counts,
                        duration_ms,
                        mean_ms: mean_of(index),
                    })
                    .collect();
                expand_minutes(&functions, seed)
                    .map(|trace| Source::Trace(Arrivals::new(trace)))
                    .map_err(|error| error.to_string())
            }
            Self::Poisson(spec) => {
                Poisson::new(spec, seed).map(Source::Poisson).map_err(|error| error.to_string())
            }
        }
    }
}

/// One function: `warmstow.FunctionSpec`.
fn function(spec: &Bound<'_, PyAny>) -> PyResult<SimFunction> {
    let (name, settings) = arguments::function_spec(spec)?;
    let provisioned = "provisioned_concurrency";
    let provisioned = arguments::whole(&field(spec, provisioned)?, provisioned)?;
    let keep_alive = field(spec, "keep_alive")?;
    let keep_alive = match keep_alive.is_none() {
        true => None,
        false => Some(arguments::keep_alive(&keep_alive, "keep_alive")?),
    };
    Ok(SimFunction { provisioned, keep_alive, ..SimFunction::new(name, settings) })
}

/// The configuration: `warmstow.Settings` and the functions it was applied to.
fn config(settings: &Bound<'_, PyAny>, functions: &Bound<'_, PyAny>) -> PyResult<SimConfig> {
    let whole = |key: &str| arguments::whole::<u32>(&field(settings, key)?, key);
    let maybe_seconds = |key: &str| arguments::seconds_or_none(&field(settings, key)?, key);
    let stage = |key: &str| arguments::distribution(&field(settings, key)?, key);
    let cold_start = ColdStart::new(stage("cold_start_environment")?, stage("cold_start_code")?);
    let functions = functions.try_iter()?.map(|spec| function(&spec?)).collect::<PyResult<_>>()?;
    let seed = arguments::whole(&field(settings, "seed")?, "seed")?;
    let mut config = SimConfig::new(functions, cold_start);
    config.region = RegionConfig {
        account_limit: whole("account_limit")?,
        unreserved_minimum: whole("unreserved_minimum")?,
        requests_per_concurrency: whole("requests_per_concurrency")?,
        scaling_rate: arguments::scaling_rate(&field(settings, "scaling_rate")?, "scaling_rate")?,
        strategy: arguments::strategy(&field(settings, "strategy")?, "strategy")?,
        seed,
        ..RegionConfig::default()
    };
    config.nodes = arguments::nodes(&field(settings, "nodes")?)?;
    config.timeout = maybe_seconds("timeout_s")?;
    if config.timeout == Some(Duration::ZERO) {
        return Err(errors::config("timeout_s is 0: needs a time above 0, or None for no timeout"));
    }
    config.crash_rate = arguments::number(&field(settings, "crash_rate")?, "crash_rate")?;
    config.lifecycle = arguments::lifecycle(&field(settings, "lifecycle")?, "lifecycle")?;
    config.architecture =
        arguments::architecture(&field(settings, "architecture")?, "architecture")?;
    config.seed = seed;
    config.series_bucket = maybe_seconds("series_bucket_s")?;
    config.series_per_node = config.series_bucket.is_some() && !config.nodes.is_empty();
    Ok(config)
}

/// A replay that is carried out step by step; `warmstow.Replay` wraps it.
///
/// Thread-safe: calls wait for one another. The interpreter lock is released
/// while it computes.
#[pyclass(frozen, module = "warmstow._warmstow")]
pub(crate) struct Replay {
    // `None` once it is finished.
    inner: Mutex<Option<sim::Replay<Source>>>,
}

impl Replay {
    fn lock(&self) -> MutexGuard<'_, Option<sim::Replay<Source>>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const FINISHED: &str = "the replay is finished";

/// Arrivals between two looks for an interrupt: some milliseconds.
const STEP: u64 = 1 << 16;

impl Replay {
    /// Replays up to `arrivals` more requests detached; whether more are left.
    /// An interrupt ends it between two steps, and leaves the replay there.
    fn steps(&self, py: Python<'_>, mut arrivals: u64) -> PyResult<bool> {
        loop {
            let step = arrivals.min(STEP);
            // The lock is taken detached: its holder may be waiting for Python.
            let more = py.detach(|| {
                let mut replay = self.lock();
                let advanced = replay.as_mut().map(|replay| replay.advance(step));
                advanced.map(|more| more.map_err(|error| error.to_string()))
            });
            let more = more.ok_or_else(|| errors::state(FINISHED))?.map_err(errors::config)?;
            arrivals -= step;
            if !more || arrivals == 0 {
                return Ok(more);
            }
            py.check_signals()?;
        }
    }
}

#[pymethods]
impl Replay {
    /// Copy the workload and set the replay up.
    #[new]
    fn new(
        py: Python<'_>,
        settings: &Bound<'_, PyAny>,
        functions: &Bound<'_, PyAny>,
        workload: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let config = config(settings, functions)?;
        let copied = Copied::read(workload)?;
        let built = py.detach(|| {
            let source = copied.expand(config.seed)?;
            sim::Replay::new(config, source).map_err(|error| error.to_string())
        });
        built.map(|replay| Self { inner: Mutex::new(Some(replay)) }).map_err(errors::config)
    }

    /// Replay up to ``max_arrivals`` more requests; whether more are left.
    fn advance(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = named::max_arrivals)] max_arrivals: u64,
    ) -> PyResult<bool> {
        self.steps(py, max_arrivals)
    }

    /// Replay what is left and give the report as plain values.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.steps(py, u64::MAX)?;
        let report = py.detach(|| {
            let replay = self.lock().take();
            replay.map(|replay| replay.finish().map_err(|error| error.to_string()))
        });
        let report = report.ok_or_else(|| errors::state(FINISHED))?.map_err(errors::config)?;
        report::to_python(py, report)
    }

    /// Replay the next request and say what became of it, and why; None: there
    /// is none left.
    fn explain_next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let said = py.detach(|| {
            let mut replay = self.lock();
            let said = replay.as_mut().map(sim::Replay::explain_next);
            said.map(|said| said.map_err(|error| error.to_string()))
        });
        let said = said.ok_or_else(|| errors::state(FINISHED))?.map_err(errors::config)?;
        said.map(|said| explanation::to_python(py, &said)).transpose()
    }

    /// How far it has come in its own time, 0 to 1; 1 once it is finished.
    #[getter]
    fn progress(&self, py: Python<'_>) -> f64 {
        py.detach(|| {
            self.lock().as_ref().map_or(1.0, |replay| {
                let horizon = replay.horizon().as_secs_f64();
                if horizon > 0.0 { (replay.now().as_secs_f64() / horizon).min(1.0) } else { 1.0 }
            })
        })
    }

    /// Requests replayed so far; 0 once it is finished.
    #[getter]
    fn invocations(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().as_ref().map_or(0, sim::Replay::invocations))
    }
}
