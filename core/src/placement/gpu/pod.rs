//! What a pod asks for, and the models of GPUs it may run on.

use core::fmt;

use super::MAX_GPUS;

/// The milli of one whole GPU.
pub const WHOLE_GPU: u16 = 1_000;

/// A model of GPU by number; the host keeps the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model(u8);

impl Model {
    /// How many models there are room for.
    pub const COUNT: u8 = 32;

    /// The model of that number.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a number of [`Model::COUNT`] or more.
    pub const fn new(number: u8) -> Result<Self, ModelError> {
        if number < Self::COUNT { Ok(Self(number)) } else { Err(ModelError(number)) }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A number that is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelError(pub u8);

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model {} of GPU; they are numbered below {}", self.0, Model::COUNT)
    }
}

impl core::error::Error for ModelError {}

/// The models that a pod may run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Models(u32);

impl Models {
    /// Every model.
    pub const ANY: Self = Self(u32::MAX);

    /// No model yet: the start of a list.
    pub const NONE: Self = Self(0);

    /// These and `model`.
    #[must_use]
    pub const fn with(self, model: Model) -> Self {
        Self(self.0 | 1 << model.0)
    }

    /// Whether `model` is one of them.
    #[inline]
    pub const fn contains(self, model: Model) -> bool {
        self.0 >> model.0 & 1 == 1
    }
}

/// What a pod asks for. Pods that ask for the same are of one shape and compare equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pod {
    pub(super) cpu_milli: u32,
    pub(super) memory_mib: u32,
    pub(super) gpus: u8,
    pub(super) gpu_milli: u16,
    pub(super) models: Models,
}

impl Pod {
    /// A pod of `cpu_milli`, `memory_mib` and `gpu_milli` of each of `gpus` GPUs, of any model.
    ///
    /// # Errors
    ///
    /// [`PodError`] for more than [`MAX_GPUS`] GPUs, for a share of none or of more than one GPU,
    /// and for none or more than [`WHOLE_GPU`] of each.
    pub const fn new(
        cpu_milli: u32,
        memory_mib: u32,
        gpus: u8,
        gpu_milli: u16,
    ) -> Result<Self, PodError> {
        if gpus > MAX_GPUS {
            return Err(PodError::TooManyGpus(gpus));
        }
        if gpus == 0 && gpu_milli != 0 {
            return Err(PodError::ShareOfNone(gpu_milli));
        }
        if gpus > 0 && (gpu_milli == 0 || gpu_milli > WHOLE_GPU) {
            return Err(PodError::Share(gpu_milli));
        }
        if gpus > 1 && gpu_milli < WHOLE_GPU {
            return Err(PodError::SharesOfSeveral { gpus, gpu_milli });
        }
        Ok(Self { cpu_milli, memory_mib, gpus, gpu_milli, models: Models::ANY })
    }

    /// The same pod where it may run on `models` only. A pod without GPUs runs anywhere.
    #[must_use]
    pub const fn on(mut self, models: Models) -> Self {
        // Shapes that every node treats alike compare equal.
        self.models = if self.gpus == 0 { Models::ANY } else { models };
        self
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

    /// How much of each, 1,000 being all of it.
    pub const fn gpu_milli(&self) -> u16 {
        self.gpu_milli
    }

    /// The models that it may run on.
    pub const fn models(&self) -> Models {
        self.models
    }

    /// All GPUs together.
    pub const fn total_gpu_milli(&self) -> u32 {
        self.gpus as u32 * self.gpu_milli as u32
    }

    /// Whether it shares a GPU with others.
    #[inline]
    pub const fn is_shared(&self) -> bool {
        self.gpus == 1 && self.gpu_milli < WHOLE_GPU
    }
}

/// Why that is no pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PodError {
    /// More GPUs than a node can have.
    TooManyGpus(u8),
    /// A share where no GPU is asked for.
    ShareOfNone(u16),
    /// Nothing, or more than all, of a GPU.
    Share(u16),
    /// Less than all of several GPUs.
    SharesOfSeveral {
        /// How many.
        gpus: u8,
        /// How much of each.
        gpu_milli: u16,
    },
}

impl fmt::Display for PodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooManyGpus(gpus) => write!(f, "{gpus} GPUs, {MAX_GPUS} at most"),
            Self::ShareOfNone(milli) => write!(f, "{milli} milli of no GPU; ask for 0"),
            Self::Share(milli) => write!(f, "{milli} milli of a GPU, 1 to {WHOLE_GPU} allowed"),
            Self::SharesOfSeveral { gpus, gpu_milli } => {
                write!(f, "{gpu_milli} milli of each of {gpus} GPUs; only one GPU is shared")
            }
        }
    }
}

impl core::error::Error for PodError {}
