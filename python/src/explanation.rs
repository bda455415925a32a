//! Why a request met what it met, as plain values.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use warmstow_core::sim::{ColdCause, Explanation, Fate, StopCause};
use warmstow_core::time::Duration;

/// A dictionary of what `warmstow.Explanation` is made of; what does not apply is
/// left out, but for `node`, `short` and `rate`.
pub(crate) fn to_python<'py>(py: Python<'py>, of: &Explanation) -> PyResult<Bound<'py, PyDict>> {
    let said = PyDict::new(py);
    said.set_item("invocation", of.invocation)?;
    said.set_item("at_s", of.at.as_secs_f64())?;
    said.set_item("function", &of.function)?;
    said.set_item("instances", of.instances)?;
    said.set_item("in_flight", of.in_flight)?;
    said.set_item("account_in_flight", of.account_in_flight)?;
    said.set_item("text", of.to_string())?;
    said.set_item("node", py.None())?;
    said.set_item("short", py.None())?;
    said.set_item("rate", py.None())?;
    said.set_item("holders", Vec::<(String, u64, &str)>::new())?;
    match &of.fate {
        Fate::Warm { idle } => {
            said.set_item("fate", "warm")?;
            said.set_item("idle", idle)?;
        }
        Fate::Cold { cause, node } => {
            said.set_item("fate", "cold")?;
            cold(&said, cause)?;
            let node = node.as_ref().map(|of| {
                let free = of.free;
                let room = (free.cpu_units, free.memory_mib);
                (of.node, of.strategy, room.0, room.1, of.with_room, of.nodes)
            });
            said.set_item("node", node)?;
        }
        Fate::Refused { reason, limit, rate, wait, short, holders } => {
            said.set_item("fate", "refused")?;
            said.set_item("reason", reason)?;
            said.set_item("limit", limit)?;
            let rate = rate.map(|rate| (rate.count, rate.per.as_secs_f64(), rate.burst));
            said.set_item("rate", rate)?;
            said.set_item("wait_s", wait.map(Duration::as_secs_f64))?;
            let short = short.as_ref().map(|of| {
                let (needed, free) = (of.needed, of.largest_free);
                let needed = (needed.cpu_units, needed.memory_mib);
                let free = (free.cpu_units, free.memory_mib);
                (needed, free, of.nodes, of.short_of_cpu, of.short_of_memory, of.full)
            });
            said.set_item("short", short)?;
            let holders = holders.iter().map(|of| (of.function.as_str(), of.held, of.of.name()));
            said.set_item("holders", holders.collect::<Vec<_>>())?;
        }
    }
    Ok(said)
}

fn cold(said: &Bound<'_, PyDict>, cause: &ColdCause) -> PyResult<()> {
    match cause {
        ColdCause::First => said.set_item("cause", "first"),
        ColdCause::AllBusy { .. } => said.set_item("cause", "all_busy"),
        ColdCause::Spilled { free, per_second } => {
            said.set_item("cause", "spilled")?;
            said.set_item("idle", free)?;
            said.set_item("per_second", per_second)
        }
        ColdCause::Gone { at, cause, policy } => {
            said.set_item("cause", "gone")?;
            said.set_item("stopped_at_s", at.as_secs_f64())?;
            said.set_item("policy", policy)?;
            let cause = match cause {
                StopCause::KeepAlive => "keep_alive",
                StopCause::MadeRoom => "made_room",
                StopCause::Failed => "failed",
            };
            said.set_item("stop_cause", cause)
        }
    }
}
