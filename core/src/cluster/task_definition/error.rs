//! Why a task definition is refused: which container, field and value, and the bound.

use alloc::string::String;
use core::fmt;

/// Why a task definition is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// The container at fault; `None`: the task itself.
    pub container: Option<String>,
    /// The field, in AWS's spelling.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It must be given.
    Missing {
        /// Because of this.
        why: &'static str,
    },
    /// It must not be given.
    NotAllowed {
        /// What was given.
        value: String,
        /// Because of this.
        why: &'static str,
    },
    /// A number outside its bounds.
    OutOfRange {
        /// The number.
        value: i64,
        /// The least that is accepted.
        min: i64,
        /// The most that is accepted.
        max: i64,
    },
    /// A text that is too long, empty, or has other characters than are accepted.
    Malformed {
        /// The text.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// More entries than are accepted, or fewer.
    Count {
        /// How many there are.
        count: usize,
        /// The fewest accepted.
        min: usize,
        /// The most accepted.
        max: usize,
    },
    /// A number that is above one of another field.
    Above {
        /// The number, or the sum of all containers' numbers.
        value: i64,
        /// The other field.
        other: &'static str,
        /// Its value.
        bound: i64,
    },
    /// Two entries that must differ.
    Duplicate {
        /// What both are.
        value: String,
    },
    /// A name that nothing in the definition has.
    Unknown {
        /// The name.
        value: String,
        /// What it should name.
        what: &'static str,
    },
    /// Containers that wait for each other.
    Cycle {
        /// Their names in order, the first again at the end.
        path: String,
    },
    /// Neither `memory` nor `memoryReservation`, and no memory of the task.
    NoMemory,
    /// A host port that differs from the container port.
    PortsDiffer {
        /// The network mode.
        mode: &'static str,
        /// The host port.
        host_port: i64,
        /// The container port.
        container_port: i64,
    },
    /// Fargate has no such pair of CPU and memory.
    FargateSize {
        /// CPU units.
        cpu: i64,
        /// MiB.
        memory: i64,
    },
}

impl DefinitionError {
    /// About a field of the task.
    pub(super) fn of_task(field: &'static str, problem: Problem) -> Self {
        Self { container: None, field, problem }
    }

    /// About a field of a container.
    pub(super) fn of_container(name: &str, field: &'static str, problem: Problem) -> Self {
        Self { container: Some(name.into()), field, problem }
    }
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.problem, Problem::NoMemory) {
            // Word for word what AWS answers.
            let name = self.container.as_deref().unwrap_or_default();
            return write!(
                f,
                "Invalid setting for container '{name}'. At least one of 'memory' or \
                 'memoryReservation' must be specified."
            );
        }
        if let Some(name) = &self.container {
            write!(f, "container '{name}': ")?;
        }
        write!(f, "'{}': {}", self.field, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { why } => write!(f, "missing: {why}"),
            Self::NotAllowed { value, why } => write!(f, "{value}: {why}"),
            Self::OutOfRange { value, min, max } => {
                write!(f, "{value}: at least {min} and at most {max} is possible")
            }
            Self::Malformed { value, rule } => write!(f, "{value:?} is not acceptable: {rule}"),
            Self::Count { count, min, max } => {
                write!(f, "{count} entries: at least {min} and at most {max} are possible")
            }
            Self::Above { value, other, bound } => write!(f, "{value} is above {other}, {bound}"),
            Self::Duplicate { value } => write!(f, "{value} twice"),
            Self::Unknown { value, what } => write!(f, "'{value}' is no {what} of the definition"),
            Self::Cycle { path } => write!(f, "containers wait for each other: {path}"),
            Self::NoMemory => f.write_str("neither 'memory' nor 'memoryReservation'"),
            Self::PortsDiffer { mode, host_port, container_port } => write!(
                f,
                "{host_port}: when networkMode={mode}, the host ports and container ports in \
                 port mappings must match, and the container port is {container_port}"
            ),
            Self::FargateSize { cpu, memory } => {
                write!(f, "no Fargate configuration exists for {cpu} CPU units with {memory} MiB")
            }
        }
    }
}

impl core::error::Error for DefinitionError {}
