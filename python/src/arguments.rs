//! Reading what Python passes, so that each refusal names what was given.

use pyo3::prelude::*;
use warmstow_core::cost::Architecture;
use warmstow_core::function::keep_alive::KeepAlivePolicy;
use warmstow_core::function::{FunctionSpec, ScalingRate};
use warmstow_core::placement::{NodeSpec, Strategy};
use warmstow_core::pool::Pick;
use warmstow_core::resources::Resources;
use warmstow_core::sim::{Distribution, Lifecycle};
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
    let number = value
        .call_method0("__index__")
        .and_then(|number| number.extract::<i128>())
        .map_err(|_| refuse(shown(value)))?;
    T::try_from(number).map_err(|_| refuse(number.to_string()))
}

/// A value as a message repeats it: as Python writes it, and cut where it is
/// long.
pub(crate) fn shown(value: &Bound<'_, PyAny>) -> String {
    const SHOWN: usize = 60;
    let text = value.repr().and_then(|text| text.extract::<String>());
    let text = text.unwrap_or_else(|_| "unprintable".into());
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
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
pub(crate) fn whole_or_none<T>(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<T>>
where
    T: TryFrom<i128> + Bounds,
{
    if value.is_none() { Ok(None) } else { whole(value, name).map(Some) }
}

/// A number, called `name` where it is none; whether it can hold is checked
/// by the core.
pub(crate) fn number(value: &Bound<'_, PyAny>, name: &str) -> PyResult<f64> {
    let refuse = |_| errors::config(format!("{name} is {}: needs a number", shown(value)));
    value.extract().map_err(refuse)
}

/// True or false, called `name` where it is neither.
pub(crate) fn flag(value: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    let refuse = |_| errors::config(format!("{name} is {}: needs True or False", shown(value)));
    value.extract().map_err(refuse)
}

/// Text, called `name` where it is none.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let refuse = |_| errors::config(format!("{name} is {}: needs text", shown(value)));
    value.extract().map_err(refuse)
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
        Err(_) => {
            let given = shown(value);
            Err(errors::config(format!("{name} is {given}: needs 0 to {limit} seconds")))
        }
    }
}

/// The same, or `None`.
pub(crate) fn seconds_or_none(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<Duration>> {
    if value.is_none() { Ok(None) } else { seconds(value, name).map(Some) }
}

/// Which idle instance serves.
pub(crate) fn pick(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Pick> {
    match text(value, name)?.as_str() {
        "packed" => Ok(Pick::Packed),
        "mru" => Ok(Pick::MostRecent),
        "lru" => Ok(Pick::LeastRecent),
        _ => {
            let given = shown(value);
            Err(errors::config(format!("{name} is {given}: needs packed, mru or lru")))
        }
    }
}

/// The processor that functions run on, in the words of AWS Lambda's API.
pub(crate) fn architecture(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Architecture> {
    match text(value, name)?.as_str() {
        "x86_64" => Ok(Architecture::X86),
        "arm64" => Ok(Architecture::Arm),
        _ => {
            let given = shown(value);
            Err(errors::config(format!("{name} is {given}: needs x86_64 or arm64")))
        }
    }
}

/// What becomes of an instance after a crash or a timeout.
pub(crate) fn lifecycle(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Lifecycle> {
    match text(value, name)?.as_str() {
        "ends" => Ok(Lifecycle::Ends),
        "resets" => Ok(Lifecycle::Resets),
        _ => Err(errors::config(format!("{name} is {}: needs ends or resets", shown(value)))),
    }
}

/// How instances are placed.
pub(crate) fn strategy(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Strategy> {
    let text = text(value, name)?;
    Strategy::try_from(text.as_str()).map_err(|error| errors::config(format!("{name}: {error}")))
}

/// How fast instances may be started, called `name` where the text says not.
pub(crate) fn scaling_rate(value: &Bound<'_, PyAny>, name: &str) -> PyResult<ScalingRate> {
    let text = text(value, name)?;
    text.parse().map_err(|error| errors::config(format!("{name} is {text:?}: {error}")))
}

/// A distribution, called `name` where the text is none.
pub(crate) fn distribution(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Distribution> {
    let parsed = text(value, name)?.parse();
    parsed.map_err(|error| errors::config(format!("{name}: {error}")))
}

/// A keep-alive policy, called `name` where the text is none.
pub(crate) fn keep_alive(value: &Bound<'_, PyAny>, name: &str) -> PyResult<KeepAlivePolicy> {
    let written = text(value, name)?;
    let refuse = |error| errors::config(format!("{name} is {written:?}: {error}"));
    written.parse().map_err(refuse)
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

/// Name and settings of a `warmstow.FunctionSpec`.
pub(crate) fn function_spec(spec: &Bound<'_, PyAny>) -> PyResult<(String, FunctionSpec)> {
    let get = |key: &str| {
        let refuse = |_| errors::config(format!("spec is {}: needs a FunctionSpec", shown(spec)));
        field(spec, key).map_err(refuse)
    };
    let whole = |key: &str| whole::<u32>(&get(key)?, key);
    let maybe = |key: &str| whole_or_none(&get(key)?, key);
    let settings = FunctionSpec {
        resources: resources(whole("memory_mib")?, maybe("cpu_units")?),
        max_instances: whole("max_instances")?,
        instance_concurrency: whole("instance_concurrency")?,
        reserved_concurrency: maybe("reserved_concurrency")?,
        keep_alive: seconds(&get("keep_alive_s")?, "keep_alive_s")?,
        pick: pick(&get("pick")?, "pick")?,
    };
    Ok((text(&get("name")?, "name of a function")?, settings))
}

/// A sequence of `warmstow.NodeSpec`, called `nodes` where it is none.
pub(crate) fn nodes(sequence: &Bound<'_, PyAny>) -> PyResult<Vec<NodeSpec>> {
    let refuse = |what: &str, given: &Bound<'_, PyAny>, needs: &str| {
        errors::config(format!("{what} is {}: needs {needs}", shown(given)))
    };
    let each = sequence.try_iter();
    let each = each.map_err(|_| refuse("nodes", sequence, "a sequence of NodeSpec"))?;
    let read = |(index, node): (usize, PyResult<Bound<'_, PyAny>>)| {
        let node = node?;
        let get = |key: &str| {
            let value = field(&node, key);
            value.map_err(|_| refuse(&format!("nodes[{index}]"), &node, "a NodeSpec"))
        };
        let called = |key: &str| format!("nodes[{index}].{key}");
        let cpu_units = whole(&get("cpu_units")?, &called("cpu_units"))?;
        let memory_mib = whole(&get("memory_mib")?, &called("memory_mib"))?;
        let zone = whole(&get("zone")?, &called("zone"))?;
        Ok(NodeSpec::new(Resources::new(cpu_units, memory_mib), zone))
    };
    each.enumerate().map(read).collect()
}

/// What a node has of CPU, which an instance may leave out.
pub(crate) fn node_cpu_units(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    whole(value, "cpu_units")
}

macro_rules! named {
    ($($name:ident: $read:ident -> $type:ty),+ $(,)?) => {
        /// Readers of one argument each, which errors name.
        pub(crate) mod named {
            use super::{
                Bound, Duration, KeepAlivePolicy, Pick, PyAny, PyResult, ScalingRate, Strategy,
            };

            $(pub(crate) fn $name(value: &Bound<'_, PyAny>) -> PyResult<$type> {
                super::$read(value, stringify!($name))
            })+
        }
    };
}

named! {
    account: text -> String,
    account_limit: whole -> u32,
    availability_zone: text -> String,
    batch: whole -> u64,
    batch_size: whole -> u32,
    burst: whole -> u32,
    capacity: whole -> u32,
    cold_start_s: seconds -> Duration,
    cpu_units: whole_or_none -> Option<u32>,
    dead_letter: flag -> bool,
    desired: whole -> u32,
    draw: whole -> u64,
    event: text -> String,
    instance_concurrency: whole -> u32,
    keep_alive_s: seconds -> Duration,
    limit: whole -> u32,
    max_age_s: seconds -> Duration,
    max_aliases: whole -> u32,
    max_arrivals: whole -> u64,
    max_capacity: whole -> u32,
    max_functions: whole -> u32,
    max_instances: whole -> u32,
    max_nodes: whole_or_none -> Option<u32>,
    max_wait_s: seconds -> Duration,
    maximum_concurrency: whole_or_none -> Option<u32>,
    memory_mib: whole -> u32,
    metered: flag -> bool,
    metric: text -> String,
    min_capacity: whole -> u32,
    name: text -> String,
    now_ns: whole -> u64,
    on_failure: flag -> bool,
    on_success: flag -> bool,
    operation: text -> String,
    other: whole_or_none -> Option<u32>,
    pick: pick -> Pick,
    policy: keep_alive -> KeepAlivePolicy,
    preparation_s: seconds -> Duration,
    rate_per_s: whole -> u32,
    reason: text -> String,
    recycle_after_s: seconds_or_none -> Option<Duration>,
    region: text -> String,
    request: text -> String,
    requested: whole -> u32,
    requests_per_concurrency: whole -> u32,
    reserved: whole_or_none -> Option<u32>,
    reserved_concurrency: whole_or_none -> Option<u32>,
    runs: flag -> bool,
    retries: whole -> u8,
    running: whole -> u32,
    scale_in: flag -> bool,
    scale_out: flag -> bool,
    scaling_rate: scaling_rate -> ScalingRate,
    scheduled: flag -> bool,
    seed: whole -> u64,
    stopped: flag -> bool,
    stopping: flag -> bool,
    strategy: strategy -> Strategy,
    subnet: text -> String,
    tenant: text -> String,
    text: text -> String,
    time_s: seconds -> Duration,
    under_way: flag -> bool,
    unreserved_minimum: whole -> u32,
    value: number -> f64,
    version: whole -> u32,
    visible: whole -> u64,
    window_s: seconds -> Duration,
    work: whole -> u64,
    zone: whole -> u8,
}
