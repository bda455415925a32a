//! Reading what Python passes, so that each refusal names what was given.

use pyo3::prelude::*;
use warmstow_core::placement::{NodeSpec, Strategy};
use warmstow_core::pool::Pick;
use warmstow_core::resources::Resources;
use warmstow_core::sim::Distribution;
use warmstow_core::time::Duration;

use crate::errors;

/// A whole number that fits into `T`, called `name` where it does not.
pub(crate) fn whole<'py, T>(value: &Bound<'py, PyAny>, name: &str) -> PyResult<T>
where
    T: TryFrom<i128> + Bounds,
{
    let refuse = |shown: String| {
        let (least, most) = (T::LEAST, T::MOST);
        errors::config(format!("{name} is {shown}: needs a whole number from {least} to {most}"))
    };
    let shown = || value.repr().map_or_else(|_| "unprintable".into(), |text| text.to_string());
    let number = value
        .call_method0("__index__")
        .and_then(|number| number.extract::<i128>())
        .map_err(|_| refuse(shown()))?;
    T::try_from(number).map_err(|_| refuse(number.to_string()))
}

/// The range of an unsigned number.
pub(crate) trait Bounds {
    const LEAST: u8 = 0;
    const MOST: u64;
}

impl Bounds for u8 {
    const MOST: u64 = Self::MAX as u64;
}

impl Bounds for u32 {
    const MOST: u64 = Self::MAX as u64;
}

impl Bounds for u64 {
    const MOST: Self = Self::MAX;
}

/// The same, or `None`.
pub(crate) fn whole_or_none(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<u32>> {
    if value.is_none() { Ok(None) } else { whole(value, name).map(Some) }
}

/// A length of time in seconds, `name` where it is none.
pub(crate) fn seconds(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Duration> {
    let limit = Distribution::MAX_SECONDS;
    match value.extract::<f64>() {
        // Written so that not-a-number fails.
        Ok(seconds) if (0.0..=limit).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Ok(seconds) => {
            Err(errors::config(format!("{name} is {seconds}: needs 0 to {limit} seconds")))
        }
        Err(_) => Err(errors::config(format!("{name} is not a number of seconds"))),
    }
}

/// Which idle instance serves.
pub(crate) fn pick(text: &str) -> PyResult<Pick> {
    match text {
        "packed" => Ok(Pick::Packed),
        "mru" => Ok(Pick::MostRecent),
        "lru" => Ok(Pick::LeastRecent),
        _ => Err(errors::config(format!("pick is '{text}': needs packed, mru or lru"))),
    }
}

/// How instances are placed.
pub(crate) fn strategy(text: &str) -> PyResult<Strategy> {
    Strategy::try_from(text).map_err(errors::config)
}

/// A distribution, called `name` where the text is none.
pub(crate) fn distribution(text: &str, name: &str) -> PyResult<Distribution> {
    text.parse().map_err(|error| errors::config(format!("{name}: {error}")))
}

/// What an instance of `memory_mib` takes; CPU as on AWS Lambda where it is
/// not given.
pub(crate) fn resources(memory_mib: u32, cpu_units: Option<u32>) -> Resources {
    match cpu_units {
        Some(cpu_units) => Resources::new(cpu_units, memory_mib),
        None => Resources::of_lambda_memory(memory_mib),
    }
}

/// The attribute `name` of a Python object.
pub(crate) fn field<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    object.getattr(name)
}

/// A sequence of `warmstow.NodeSpec`.
pub(crate) fn nodes(sequence: &Bound<'_, PyAny>) -> PyResult<Vec<NodeSpec>> {
    let read = |node: PyResult<Bound<'_, PyAny>>| {
        let node = node?;
        let cpu_units = whole(&field(&node, "cpu_units")?, "cpu_units")?;
        let memory_mib = whole(&field(&node, "memory_mib")?, "memory_mib")?;
        let zone = whole(&field(&node, "zone")?, "zone")?;
        Ok(NodeSpec::new(Resources::new(cpu_units, memory_mib), zone))
    };
    sequence.try_iter()?.map(read).collect()
}

macro_rules! named {
    ($($name:ident: $read:ident -> $type:ty),+ $(,)?) => {
        /// Readers of one argument each, which errors name.
        pub(crate) mod named {
            use super::{Bound, Duration, PyAny, PyResult};

            $(pub(crate) fn $name(value: &Bound<'_, PyAny>) -> PyResult<$type> {
                super::$read(value, stringify!($name))
            })+
        }
    };
}

named! {
    account_limit: whole -> u32,
    cpu_units: whole_or_none -> Option<u32>,
    instance_concurrency: whole -> u32,
    keep_alive_s: seconds -> Duration,
    limit: whole -> u32,
    max_functions: whole -> u32,
    max_instances: whole -> u32,
    max_nodes: whole_or_none -> Option<u32>,
    memory_mib: whole -> u32,
    node_cpu_units: whole -> u32,
    now_ns: whole -> u64,
    reserved: whole_or_none -> Option<u32>,
    reserved_concurrency: whole_or_none -> Option<u32>,
    seed: whole -> u64,
    unreserved_minimum: whole -> u32,
    zone: whole -> u8,
}
