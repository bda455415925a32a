//! Placement of GPUs: lists in, what became of each pod out.

use alloc::collections::BTreeMap;

use pyo3::prelude::*;
use warmstow_core::placement::gpu::{
    GpuNode, GpuRefusal, Model, Models, Outcome, Pod, PolicyName, place_all,
};

use crate::errors;

/// `(cpu_milli, memory_mib, gpus, model)`.
type NodeRow = (u32, u32, u8, String);

/// `(cpu_milli, memory_mib, gpus, gpu_milli, models)`; no model: any.
type PodRow = (u32, u32, u8, u16, Vec<String>);

/// `(node, gpus, reasons)`: the node's position or None, the numbers of its
/// GPUs, and where refused how many nodes were short of what.
type Row = (Option<u32>, Vec<u32>, Option<BTreeMap<&'static str, u32>>);

/// Numbers the models as they come.
#[derive(Default)]
struct ModelNames(BTreeMap<String, Model>);

impl ModelNames {
    fn number(&mut self, name: String) -> PyResult<Model> {
        if let Some(model) = self.0.get(&name) {
            return Ok(*model);
        }
        let next = u8::try_from(self.0.len()).unwrap_or(u8::MAX);
        let model = Model::new(next).map_err(errors::config)?;
        self.0.insert(name, model);
        Ok(model)
    }
}

/// The names of the policies.
pub(crate) const POLICIES: [&str; PolicyName::ALL.len()] = {
    let mut names = [""; PolicyName::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = PolicyName::ALL[at].name();
        at += 1;
    }
    names
};

/// Place pods one by one on nodes with GPUs; what does not fit is passed over.
///
/// A node is (cpu_milli, memory_mib, gpus, model), a pod (cpu_milli,
/// memory_mib, gpus, gpu_milli, models): gpu_milli of each GPU, less than 1000
/// only where it asks for one; no models: any. Policies that look ahead expect
/// the mix of these pods. For each pod (node, gpus, reasons): the position of
/// its node and the numbers of its GPUs, or None and, by cause, how many nodes
/// were in the way.
#[pyfunction]
#[pyo3(signature = (nodes, pods, *, policy = "foresight", seed = 0))]
pub(crate) fn place_gpu(
    py: Python<'_>,
    nodes: Vec<NodeRow>,
    pods: Vec<PodRow>,
    policy: &str,
    seed: u64,
) -> PyResult<Vec<Row>> {
    let policy = PolicyName::try_from(policy).map_err(errors::config)?;
    let mut models = ModelNames::default();
    let node = |(position, (cpu, memory, gpus, model)): (usize, NodeRow)| {
        let model = models.number(model)?;
        GpuNode::new(cpu, memory, gpus, model)
            .map_err(|error| errors::config(format_args!("node {position}: {error}")))
    };
    let nodes: Vec<GpuNode> = nodes.into_iter().enumerate().map(node).collect::<PyResult<_>>()?;
    let pod = |(position, (cpu, memory, gpus, milli, names)): (usize, PodRow)| {
        let pod = Pod::new(cpu, memory, gpus, milli)
            .map_err(|error| errors::config(format_args!("pod {position}: {error}")))?;
        let mut allowed = Models::NONE;
        for name in names {
            allowed = allowed.with(models.number(name)?);
        }
        Ok(if allowed == Models::NONE { pod } else { pod.on(allowed) })
    };
    let pods: Vec<Pod> = pods.into_iter().enumerate().map(pod).collect::<PyResult<_>>()?;
    let placed = py.detach(|| place_all(&nodes, &pods, policy, seed)).map_err(errors::config)?;
    Ok(placed.outcomes.into_iter().map(row).collect())
}

fn row(outcome: Outcome) -> Row {
    match outcome {
        // As numbers: Python takes a list of bytes for `bytes`.
        Outcome::Placed { node, gpus } => {
            (Some(node), gpus.into_iter().map(u32::from).collect(), None)
        }
        Outcome::Refused(why) => (None, vec![], Some(reasons(&why))),
    }
}

/// How many nodes were in the way, by cause; causes of none are left out.
fn reasons(why: &GpuRefusal) -> BTreeMap<&'static str, u32> {
    let all = [
        ("model", why.inaccessible),
        ("gpu", why.short_of_gpu),
        ("cpu", why.short_of_cpu),
        ("memory", why.short_of_memory),
    ];
    all.into_iter().filter(|(_, nodes)| *nodes > 0).collect()
}
