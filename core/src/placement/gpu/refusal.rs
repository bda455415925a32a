//! Why no node had room for a pod.

use core::fmt;

use super::node::Room;
use super::pod::Pod;

/// Why no node had room for a pod, node by node summed up.
///
/// A node that is short of several things counts for each. A node of another
/// model counts as `inaccessible` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuRefusal {
    /// What was asked for.
    pub pod: Pod,
    /// The nodes looked at: all of the fleet.
    pub nodes: u32,
    /// Of these, the nodes whose model of GPU the pod may not run on.
    pub inaccessible: u32,
    /// Of these, the nodes with too few GPUs that have as much left.
    pub short_of_gpu: u32,
    /// Of these, the nodes with too little CPU left.
    pub short_of_cpu: u32,
    /// Of these, the nodes with too little memory left.
    pub short_of_memory: u32,
}

impl GpuRefusal {
    /// Why none of `rooms` has room for `pod`.
    pub(super) fn explain<'a>(pod: Pod, rooms: impl Iterator<Item = &'a Room>) -> Self {
        let mut why = Self {
            pod,
            nodes: 0,
            inaccessible: 0,
            short_of_gpu: 0,
            short_of_cpu: 0,
            short_of_memory: 0,
        };
        for room in rooms {
            why.nodes += 1;
            if room.is_accessible_to(&pod) {
                why.short_of_gpu += u32::from(!room.has_gpus_for(&pod));
                why.short_of_cpu += u32::from(room.cpu_milli < pod.cpu_milli);
                why.short_of_memory += u32::from(room.memory_mib < pod.memory_mib);
            } else {
                why.inaccessible += 1;
            }
        }
        why
    }
}

impl fmt::Display for GpuRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pod { cpu_milli, memory_mib, gpus, gpu_milli, .. } = self.pod;
        write!(
            f,
            "no room for {gpus} GPUs of {gpu_milli} milli, {cpu_milli} milli-CPU and {memory_mib} MiB; "
        )?;
        if self.nodes == 0 {
            return f.write_str("the fleet has no nodes");
        }
        write!(
            f,
            "of {} nodes {} of another model, {} short of GPU, {} short of CPU, {} short of memory",
            self.nodes,
            self.inaccessible,
            self.short_of_gpu,
            self.short_of_cpu,
            self.short_of_memory
        )
    }
}

impl core::error::Error for GpuRefusal {}
