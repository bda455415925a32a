//! What a node has and a function instance or task needs: CPU and memory.

use core::fmt;

/// One dimension of [`Resources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Resource {
    /// CPU units; 1,024 are one vCPU.
    Cpu,
    /// Memory in MiB.
    Memory,
}

impl Resource {
    /// The reason that Amazon ECS gives when this resource is short:
    /// `RESOURCE:CPU` or `RESOURCE:MEMORY`
    /// (Amazon ECS Developer Guide, "API failure reasons").
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Cpu => "RESOURCE:CPU",
            Self::Memory => "RESOURCE:MEMORY",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu_units",
            Self::Memory => "memory_mib",
        })
    }
}

/// An amount of each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Resources {
    /// CPU units; 1,024 are one vCPU.
    pub cpu_units: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
}

impl Resources {
    /// The largest amount of either resource: 24 bits, 16,383 vCPU or 16 TiB.
    ///
    /// A node's free resources share one atomic word; see
    /// [`placement`](crate::placement).
    pub const MAX: u32 = (1 << 24) - 1;

    /// Memory at which AWS Lambda gives a function one full vCPU, in MiB
    /// (AWS Lambda Developer Guide, "Configure Lambda function memory").
    pub const LAMBDA_MIB_PER_VCPU: u32 = 1_769;

    /// `cpu_units` and `memory_mib`.
    pub const fn new(cpu_units: u32, memory_mib: u32) -> Self {
        Self { cpu_units, memory_mib }
    }

    /// What AWS Lambda gives a function of `memory_mib`: CPU in proportion to
    /// memory, one vCPU at 1,769 MiB, rounded up to a CPU unit.
    #[expect(clippy::cast_possible_truncation, reason = "below u32::MAX: the factor is 0.58")]
    pub const fn of_lambda_memory(memory_mib: u32) -> Self {
        let cpu = (memory_mib as u64 * 1024).div_ceil(Self::LAMBDA_MIB_PER_VCPU as u64);
        Self { cpu_units: cpu as u32, memory_mib }
    }

    /// The first resource of which `self` has less than `needed`, CPU first.
    #[inline]
    pub const fn short_of(self, needed: Self) -> Option<Resource> {
        if self.cpu_units < needed.cpu_units {
            Some(Resource::Cpu)
        } else if self.memory_mib < needed.memory_mib {
            Some(Resource::Memory)
        } else {
            None
        }
    }

    /// The amount of `resource`.
    #[inline]
    pub const fn get(self, resource: Resource) -> u32 {
        match resource {
            Resource::Cpu => self.cpu_units,
            Resource::Memory => self.memory_mib,
        }
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cpu_units, {} memory_mib", self.cpu_units, self.memory_mib)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn lambda_gives_one_vcpu_at_1769_mib() {
        assert_eq!(Resources::of_lambda_memory(1_769).cpu_units, 1_024);
        assert_eq!(Resources::of_lambda_memory(128).cpu_units, 75);
        assert_eq!(Resources::of_lambda_memory(0).cpu_units, 0);
    }

    #[test]
    fn the_short_resource_is_named_cpu_first() {
        let has = Resources::new(10, 10);
        assert_eq!(has.short_of(Resources::new(10, 10)), None);
        assert_eq!(has.short_of(Resources::new(11, 11)), Some(Resource::Cpu));
        assert_eq!(has.short_of(Resources::new(1, 11)), Some(Resource::Memory));
    }
}
