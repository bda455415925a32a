//! What a node has, and what is left of it.

use core::fmt;

use super::MAX_GPUS;
use super::pod::{Model, Pod, WHOLE_GPU};

/// What a node has: all its GPUs are of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GpuNode {
    pub(super) cpu_milli: u32,
    pub(super) memory_mib: u32,
    pub(super) gpus: u8,
    pub(super) model: Model,
}

impl GpuNode {
    /// A node with `gpus` idle GPUs of `model`.
    ///
    /// # Errors
    ///
    /// [`GpuNodeError`] for more than [`MAX_GPUS`] GPUs.
    pub const fn new(
        cpu_milli: u32,
        memory_mib: u32,
        gpus: u8,
        model: Model,
    ) -> Result<Self, GpuNodeError> {
        if gpus > MAX_GPUS {
            return Err(GpuNodeError { gpus });
        }
        Ok(Self { cpu_milli, memory_mib, gpus, model })
    }

    /// CPU, 1,000 a core.
    pub const fn cpu_milli(&self) -> u32 {
        self.cpu_milli
    }

    /// Memory in MiB.
    pub const fn memory_mib(&self) -> u32 {
        self.memory_mib
    }

    /// How many GPUs.
    pub const fn gpus(&self) -> u8 {
        self.gpus
    }

    /// Their model.
    pub const fn model(&self) -> Model {
        self.model
    }
}

/// More GPUs than a node can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuNodeError {
    /// How many.
    pub gpus: u8,
}

impl fmt::Display for GpuNodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a node with {} GPUs, {MAX_GPUS} at most", self.gpus)
    }
}

impl core::error::Error for GpuNodeError {}

/// The kinds of pods that a node tells apart: shares, then 1 to 8 whole GPUs.
pub(super) const KINDS: usize = 1 + MAX_GPUS as usize;

/// What is left of a node: all that a policy sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub(super) spec: GpuNode,
    pub(super) cpu_milli: u32,
    pub(super) memory_mib: u32,
    pub(super) gpu_milli: [u16; MAX_GPUS as usize],
    /// Pods by kind, and those without GPUs last.
    pub(super) pods: [u32; KINDS + 1],
}

impl Room {
    /// All of `spec`: nothing runs there.
    pub fn new(spec: GpuNode) -> Self {
        let mut gpu_milli = [0; MAX_GPUS as usize];
        gpu_milli[..usize::from(spec.gpus)].fill(WHOLE_GPU);
        let GpuNode { cpu_milli, memory_mib, .. } = spec;
        Self { spec, cpu_milli, memory_mib, gpu_milli, pods: [0; KINDS + 1] }
    }

    /// What the node has in all.
    pub const fn spec(&self) -> GpuNode {
        self.spec
    }

    /// CPU left.
    pub const fn cpu_milli(&self) -> u32 {
        self.cpu_milli
    }

    /// Memory left, MiB.
    pub const fn memory_mib(&self) -> u32 {
        self.memory_mib
    }

    /// What is left of each GPU.
    #[inline]
    pub fn gpu_milli(&self) -> &[u16] {
        &self.gpu_milli[..usize::from(self.spec.gpus)]
    }

    /// What is left of all GPUs together.
    #[inline]
    pub fn total_gpu_milli(&self) -> u32 {
        self.gpu_milli.iter().map(|milli| u32::from(*milli)).sum()
    }

    /// How many GPUs have at least `milli` left.
    #[inline]
    pub fn gpus_with(&self, milli: u16) -> u8 {
        self.gpu_milli().iter().map(|left| u8::from(*left >= milli)).sum()
    }

    /// Whether `pod` may run on this model of GPU, or needs none.
    #[inline]
    pub const fn is_accessible_to(&self, pod: &Pod) -> bool {
        pod.gpus == 0 || pod.models.contains(self.spec.model)
    }

    /// Whether the GPUs alone would do for `pod`.
    #[inline]
    pub fn has_gpus_for(&self, pod: &Pod) -> bool {
        pod.gpus == 0 || self.gpus_with(pod.gpu_milli) >= pod.gpus
    }

    /// Whether there is room for `pod`.
    #[inline]
    pub fn fits(&self, pod: &Pod) -> bool {
        self.cpu_milli >= pod.cpu_milli
            && self.memory_mib >= pod.memory_mib
            && self.is_accessible_to(pod)
            && self.has_gpus_for(pod)
    }

    /// The GPU with the least left that has room for a share of `pod`, the
    /// first of equals: the tightest fit. 0 where no GPU has.
    #[inline]
    pub fn tightest_gpu(&self, pod: &Pod) -> u8 {
        let fits = (0_u8..).zip(self.gpu_milli()).filter(|(_, left)| **left >= pod.gpu_milli);
        fits.min_by_key(|(_, left)| **left).map_or(0, |(gpu, _)| gpu)
    }

    /// The bits of the GPUs that `pod` takes: `gpu` where it shares one, else
    /// the first idle ones.
    pub(super) fn mask(&self, pod: &Pod, gpu: u8) -> u8 {
        if pod.is_shared() {
            return 1_u8.checked_shl(u32::from(gpu)).unwrap_or(0);
        }
        let idle = (0_u8..).zip(self.gpu_milli()).filter(|(_, left)| **left == WHOLE_GPU);
        idle.take(usize::from(pod.gpus)).fold(0, |mask, (gpu, _)| mask | 1 << gpu)
    }

    /// What is left once `pod` has started; where it shares a GPU, on `gpu`.
    ///
    /// For a pod that [`fits`](Self::fits). Another takes what there is.
    #[must_use]
    pub fn after(&self, pod: &Pod, gpu: u8) -> Self {
        let mut room = *self;
        room.take(pod, self.mask(pod, gpu));
        room
    }

    pub(super) fn take(&mut self, pod: &Pod, mask: u8) {
        self.cpu_milli = self.cpu_milli.saturating_sub(pod.cpu_milli);
        self.memory_mib = self.memory_mib.saturating_sub(pod.memory_mib);
        for (gpu, left) in self.gpu_milli.iter_mut().enumerate() {
            if mask >> gpu & 1 == 1 {
                *left = left.saturating_sub(pod.gpu_milli);
            }
        }
        self.pods[kind(pod)] += 1;
    }

    /// Gives back what `pod` held; `None`, and nothing changed, where the node
    /// cannot have held it.
    pub(super) fn give(&mut self, pod: &Pod, mask: u8) -> Option<()> {
        let mut room = *self;
        let within = |amount: u32, more: u32, all: u32| {
            amount.checked_add(more).filter(|amount| *amount <= all)
        };
        room.cpu_milli = within(self.cpu_milli, pod.cpu_milli, self.spec.cpu_milli)?;
        room.memory_mib = within(self.memory_mib, pod.memory_mib, self.spec.memory_mib)?;
        for (gpu, left) in room.gpu_milli.iter_mut().enumerate() {
            if mask >> gpu & 1 == 1 {
                let given = left.checked_add(pod.gpu_milli).filter(|sum| *sum <= WHOLE_GPU);
                *left = given.filter(|_| gpu < usize::from(self.spec.gpus))?;
            }
        }
        room.pods[kind(pod)] = room.pods[kind(pod)].checked_sub(1)?;
        *self = room;
        Some(())
    }

    /// How many pods of the kind of `pod` run here, and of how many kinds with GPUs any do.
    pub(super) fn kinds(&self, pod: &Pod) -> (u32, usize) {
        let kinds = self.pods[..KINDS].iter().filter(|pods| **pods > 0).count();
        (self.pods[kind(pod)], kinds)
    }
}

/// Shares, then 1 to 8 whole GPUs, then none.
const fn kind(pod: &Pod) -> usize {
    if pod.gpus == 0 {
        KINDS
    } else if pod.is_shared() {
        0
    } else {
        pod.gpus as usize
    }
}
