//! The cores of the machine, and threads tied to them.

use core_affinity::CoreId;

/// The cores that this process may use.
#[derive(Clone, Debug)]
pub struct Cores {
    ids: Vec<CoreId>,
}

impl Cores {
    /// Those of this machine.
    pub fn of_this_machine() -> Self {
        Self { ids: core_affinity::get_core_ids().unwrap_or_default() }
    }

    /// How many; at least 1.
    pub fn count(&self) -> u32 {
        u32::try_from(self.ids.len()).unwrap_or(u32::MAX).max(1)
    }

    /// Ties the calling thread to a core: the `thread`th, round and round.
    /// Where the system refuses, it runs where the system likes.
    pub fn pin(&self, thread: usize) {
        if let Some(id) = self.ids.get(thread % self.ids.len().max(1)) {
            core_affinity::set_for_current(*id);
        }
    }
}

/// How often the system took the core from the calling thread for another job;
/// 0 where it does not say. A wait for a lock is not counted.
pub(super) fn preemptions() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(name, _)| *name == "nonvoluntary_ctxt_switches");
    found.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or(0)
}
