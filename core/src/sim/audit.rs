//! The replay's books against the region's own counters.
//!
//! The books are kept from what the region answered; the counters are kept by
//! the region. Every replay ends with this comparison, so a report whose
//! figures do not add up is an error and not a report.

use super::config::SimError;
use super::fleet::FleetBooks;
use super::function::FunctionState;
use crate::concurrency::ThrottleReason;
use crate::function::Region;
use crate::id::{FunctionId, NodeId};
use crate::resources::Resource;

/// Compares one function, with no request in flight.
pub(super) fn function(
    region: &Region,
    (id, provisioned): (FunctionId, Option<FunctionId>),
    function: &FunctionState,
) -> Result<(), SimError> {
    let books = &function.books;
    let mut counters = region.counters(id).map_err(|_| disagree("functions"))?;
    if let Some(pool) = provisioned {
        // What it refuses runs on demand, or is refused there.
        let more = region.counters(pool).map_err(|_| disagree("functions"))?;
        agree("provisioned invocations", more.invocations(), books.counts.provisioned)?;
        agree("spillovers", counters.spillovers, books.counts.spillovers)?;
        counters.warm_starts += more.warm_starts;
        counters.cold_starts += more.cold_starts;
        counters.completions += more.completions;
        counters.failures += more.failures;
        counters.in_flight += more.in_flight;
        counters.instances += more.instances;
        counters.idle_instances += more.idle_instances;
        counters.prestarts += more.prestarts;
    }
    agree("instances started ahead", counters.prestarts, books.prewarms)?;
    let counts = &books.counts;
    // What is reset has failed for nobody but its caller.
    let failed = if function.resets { 0 } else { counts.timeouts + counts.crashes };
    let served = counts.warm + counts.cold;
    agree("warm starts", counters.warm_starts, counts.warm)?;
    agree("cold starts", counters.cold_starts, counts.cold)?;
    agree("completions", counters.completions, served - failed)?;
    agree("failures", counters.failures, failed)?;
    agree("requests in flight", counters.in_flight, books.load.in_flight)?;
    let instances = books.load.instances.value();
    agree("instances", u64::from(counters.instances), instances)?;
    agree("idle instances", u64::from(counters.idle_instances), instances)?;
    for reason in ThrottleReason::ALL {
        let refused = counts.refused_for(reason.as_str());
        agree("throttles", counters.throttles[reason.index()], refused)?;
    }
    let limited = counts.refused_for("InstanceLimitExceeded");
    agree("instance limits", counters.instance_limits, limited)?;
    let too_fast = counts.refused_for("ScalingRateExceeded");
    agree("starts that were too fast", counters.scaling_rates, too_fast)?;
    let (no_cpu, no_memory) = (Resource::Cpu.reason(), Resource::Memory.reason());
    agree("refusals for CPU", counters.no_cpu, counts.refused_for(no_cpu))?;
    agree("refusals for memory", counters.no_memory, counts.refused_for(no_memory))?;
    let refused = counts.refused.iter().chain(&counts.repeated);
    let refused: u64 = refused.map(|refused| refused.count).sum();
    agree("refusals", counters.refusals(), refused)
}

/// Compares the nodes.
pub(super) fn fleet(region: &Region, books: &FleetBooks) -> Result<(), SimError> {
    let Some(fleet) = region.fleet() else {
        return if books.is_empty() { Ok(()) } else { Err(disagree("nodes")) };
    };
    for (index, (cpu, memory, instances)) in (0u32..).zip(books.reserved()) {
        let node = fleet.node(NodeId::new(index, fleet.generation()));
        let node = node.ok_or(disagree("nodes"))?;
        let (total, free) = (node.spec.resources, node.free);
        agree("reserved CPU", u64::from(total.cpu_units - free.cpu_units), cpu)?;
        agree("reserved memory", u64::from(total.memory_mib - free.memory_mib), memory)?;
        agree("instances on a node", u64::from(node.instances), instances)?;
    }
    Ok(())
}

fn agree(what: &'static str, region: u64, books: u64) -> Result<(), SimError> {
    if region == books { Ok(()) } else { Err(disagree(what)) }
}

const fn disagree(what: &'static str) -> SimError {
    SimError::Inconsistent { what }
}
