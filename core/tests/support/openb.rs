//! The openb trace of a GPU cluster, and the published way to load it.
//!
//! Nodes and pods are those of Alibaba's cluster-trace-gpu-v2023. The protocol
//! is that of Weng et al. (USENIX ATC'23): pods are added at random until they
//! ask for 130 % of the GPUs, they arrive in random order, one at a time, none
//! leaves, and one that does not fit is passed over.

#![expect(clippy::std_instead_of_alloc, reason = "for hosts")]

use core::error::Error;
use core::num::NonZeroU32;
use core::str::FromStr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use warmstow_core::placement::gpu::{GpuFleet, GpuNode, Model, Models, Pod, PolicyName, WHOLE_GPU};
use warmstow_core::rng::Rng;

/// Load in percent of the GPUs at which pods stop to arrive.
pub(crate) const LOAD_PERCENT: u64 = 130;

/// The draws of one seed for one purpose.
const PODS: u64 = 1;
const NODES: u64 = 2;

/// A cluster and the pods of one workload.
pub(crate) struct Openb {
    pub(crate) nodes: Vec<GpuNode>,
    pub(crate) pods: Vec<Pod>,
}

/// What came of one run.
pub(crate) struct Run {
    /// GPUs allocated at the end, percent.
    pub(crate) allocated_percent: f64,
    /// The same once pods for 0, 1, .. percent of the GPUs had arrived.
    pub(crate) curve: Vec<f64>,
    /// Pods that arrived.
    pub(crate) decisions: usize,
}

/// Where the trace lies; `None`, said aloud, where it does not.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
pub(crate) fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder of the project");
    let found = root.join("../shared/data/containers/openb");
    if found.is_dir() {
        return Some(found);
    }
    println!("SKIPPED: the openb trace is not at {}", found.display());
    None
}

impl Openb {
    /// Reads the nodes with GPUs and the pods of `workload`.
    pub(crate) fn read(folder: &Path, workload: &str) -> Result<Self, Box<dyn Error>> {
        let mut models = BTreeMap::new();
        let nodes = rows(&folder.join("openb_node_list_gpu_node.csv"))?;
        let nodes = nodes.iter().map(|row| node(row, &mut models)).collect::<Result<_, _>>()?;
        let pods = rows(&folder.join(format!("openb_pod_list_{workload}.csv")))?;
        let pods = pods.iter().map(|row| pod(row, &mut models)).collect::<Result<_, _>>()?;
        Ok(Self { nodes, pods })
    }

    /// All GPUs, milli.
    pub(crate) fn gpu_milli(&self) -> u64 {
        self.nodes.iter().map(|node| u64::from(node.gpus()) * u64::from(WHOLE_GPU)).sum()
    }

    /// The pods in the order of their arrival under `seed`.
    pub(crate) fn arrivals(&self, seed: u64) -> Vec<Pod> {
        let mut rng = Rng::stream(seed, PODS);
        let mut arrivals = self.pods.clone();
        let limit = self.gpu_milli() * LOAD_PERCENT / 100;
        let mut asked: u64 = arrivals.iter().map(|pod| u64::from(pod.total_gpu_milli())).sum();
        if asked > limit {
            while asked > limit {
                let pod = arrivals.remove(below(&mut rng, arrivals.len()));
                asked -= u64::from(pod.total_gpu_milli());
            }
        } else {
            loop {
                let pod = self.pods[below(&mut rng, self.pods.len())];
                asked += u64::from(pod.total_gpu_milli());
                if asked > limit {
                    break;
                }
                arrivals.push(pod);
            }
        }
        shuffle(&mut arrivals, &mut rng);
        arrivals
    }

    /// One run. The nodes are registered in an order drawn with the seed:
    /// policies fill equal nodes in that order, and the published order is not
    /// known.
    pub(crate) fn run(&self, policy: PolicyName, seed: u64) -> Run {
        let mut nodes = self.nodes.clone();
        shuffle(&mut nodes, &mut Rng::stream(seed, NODES));
        let mut fleet = GpuFleet::new(NonZeroU32::MIN, policy.policy(&self.pods), seed);
        for node in nodes {
            fleet.add_node(node).expect("fewer nodes than a fleet can have");
        }
        let (total, arrivals) = (self.gpu_milli(), self.arrivals(seed));
        let (mut asked, mut allocated, mut curve) = (0, 0, vec![]);
        for pod in &arrivals {
            asked += u64::from(pod.total_gpu_milli());
            if fleet.place(*pod).is_ok() {
                allocated += u64::from(pod.total_gpu_milli());
            }
            while curve.len() as u64 * total <= asked * 100 {
                curve.push(percent(allocated, total));
            }
        }
        Run { allocated_percent: percent(allocated, total), curve, decisions: arrivals.len() }
    }
}

fn percent(part: u64, all: u64) -> f64 {
    part as f64 * 100.0 / all as f64
}

fn below(rng: &mut Rng, n: usize) -> usize {
    usize::try_from(rng.below(n as u64)).expect("below a usize")
}

fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}

/// The rows below the header, by name of the column.
fn rows(path: &Path) -> Result<Vec<BTreeMap<String, String>>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

fn number<T: FromStr>(row: &BTreeMap<String, String>, column: &str) -> Result<T, Box<dyn Error>>
where
    T::Err: Error + 'static,
{
    Ok(row.get(column).ok_or_else(|| format!("no column {column}"))?.parse()?)
}

/// The number of a model: they are numbered as they come.
fn model(name: &str, models: &mut BTreeMap<String, Model>) -> Result<Model, Box<dyn Error>> {
    let next = Model::new(u8::try_from(models.len())?)?;
    Ok(*models.entry(name.to_owned()).or_insert(next))
}

fn node(
    row: &BTreeMap<String, String>,
    models: &mut BTreeMap<String, Model>,
) -> Result<GpuNode, Box<dyn Error>> {
    let model = model(row.get("model").map_or("", String::as_str), models)?;
    let (cpu, memory) = (number(row, "cpu_milli")?, number(row, "memory_mib")?);
    Ok(GpuNode::new(cpu, memory, number(row, "gpu")?, model)?)
}

fn pod(
    row: &BTreeMap<String, String>,
    models: &mut BTreeMap<String, Model>,
) -> Result<Pod, Box<dyn Error>> {
    let (cpu, memory) = (number(row, "cpu_milli")?, number(row, "memory_mib")?);
    let pod = Pod::new(cpu, memory, number(row, "num_gpu")?, number(row, "gpu_milli")?)?;
    let allowed = row.get("gpu_spec").map_or("", String::as_str);
    let allowed = allowed.split('|').filter(|name| !name.is_empty());
    let mut on = Models::NONE;
    for name in allowed {
        on = on.with(model(name, models)?);
    }
    Ok(if on == Models::NONE { pod } else { pod.on(on) })
}
