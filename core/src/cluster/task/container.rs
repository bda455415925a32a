//! One container of a task while it lives.

use alloc::string::String;

use super::status::{ContainerStatus, Health};
use crate::time::{Duration, Instant};

/// From SIGTERM to SIGKILL where neither the container nor the cluster says.
pub const DEFAULT_STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The reason of a container that was killed for its memory.
pub const OUT_OF_MEMORY: &str = "OutOfMemoryError: Container killed due to memory usage";

/// A container of a task at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskContainer {
    pub(in crate::cluster) status: ContainerStatus,
    pub(in crate::cluster) health: Health,
    pub(in crate::cluster) exit_code: Option<i32>,
    pub(in crate::cluster) reason: Option<String>,
    pub(in crate::cluster) started: bool,
    pub(in crate::cluster) start_told_at: Option<Instant>,
    pub(in crate::cluster) killed_for_memory: bool,
    pub(in crate::cluster) memory_used_mib: u32,
}

impl TaskContainer {
    pub(in crate::cluster) const fn new() -> Self {
        Self {
            status: ContainerStatus::Pending,
            health: Health::Unknown,
            exit_code: None,
            reason: None,
            started: false,
            start_told_at: None,
            killed_for_memory: false,
            memory_used_mib: 0,
        }
    }

    /// Where it stands.
    pub const fn status(&self) -> ContainerStatus {
        self.status
    }

    /// What its health check says.
    pub const fn health(&self) -> Health {
        self.health
    }

    /// What it exited with; `None` while it runs and where it never started.
    pub const fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Why it did not start, or was killed.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The memory that it was last said to use, in MiB.
    pub const fn memory_used_mib(&self) -> u32 {
        self.memory_used_mib
    }
}
