//! Caching by what an instance is worth: how often it is used, what its start
//! costs, and how large it is.
//!
//! A. Fuerst and P. Sharma, "FaasCache: Keeping Serverless Computing Alive with
//! Greedy-Dual Caching", ASPLOS 2021, apply Greedy-Dual-Size-Frequency to
//! instances. The priority of one is
//!
//! ```text
//! clock + frequency * cold start / memory
//! ```
//!
//! with the clock as it stood at its last use. Lowest goes first, under memory
//! pressure only, and the clock rises to the priority of what went: so what
//! stays without being used ages. Written from the paper.

use super::{ByIndex, Gap, KeepAlive, Profile, Window};
use crate::time::{Duration, Instant};

/// Greedy-Dual keep-alive; the head of its file says how it decides.
#[derive(Debug)]
pub struct GreedyDual {
    clock: f64,
    functions: ByIndex<Function>,
}

#[derive(Debug, Default)]
struct Function {
    /// Seconds of cold start a GB.
    cost: f64,
    /// Requests since the function last had no instance.
    frequency: f64,
    /// The clock at each level's last use.
    used_at: ByIndex<f64>,
}

impl GreedyDual {
    /// No function, and the clock at 0.
    pub const fn new() -> Self {
        Self { clock: 0.0, functions: ByIndex::new() }
    }
}

impl Default for GreedyDual {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for ByIndex<f64> {
    fn default() -> Self {
        Self::new()
    }
}

impl KeepAlive for GreedyDual {
    fn adopt(&mut self, function: u32, profile: Profile) {
        let cold_start_s = profile.cold_start.as_secs_f64();
        self.functions.entry(function).cost = cold_start_s / profile.memory_gb();
    }

    fn handle_rise(&mut self, _now: Instant, function: u32, level: u32, _gap: Option<Duration>) {
        let clock = self.clock;
        let function = self.functions.entry(function);
        function.frequency += 1.0;
        *function.used_at.entry(level) = clock;
    }

    fn window(&mut self, _now: Instant, _gap: Gap) -> Option<Window> {
        Some(Window::ALWAYS)
    }

    fn worth(&self, _now: Instant, gap: Gap) -> f64 {
        let Some(function) = self.functions.get(gap.function) else { return self.clock };
        let used_at = function.used_at.get(gap.level).copied().unwrap_or(0.0);
        used_at + function.frequency * function.cost
    }

    fn handle_eviction(&mut self, function: u32, worth: f64, last: bool) {
        self.clock = self.clock.max(worth);
        if last {
            self.functions.entry(function).frequency = 0.0;
        }
    }
}
