//! A clock cheap enough to time single pairs: the processor's counter where it
//! runs at one rate for ever, the system's clock elsewhere.

use core::time::Duration;
use std::time::Instant;

/// Reads ticks, and knows how long one is and what a read costs.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    counter: bool,
    ns_per_tick: f64,
    /// Ticks between two reads in a row, at the least.
    read_cost: u64,
}

impl Clock {
    /// A calibrated clock; takes 50 ms.
    pub fn calibrated() -> Self {
        let counter = counter_is_steady();
        let mut clock = Self { start: Instant::now(), counter, ns_per_tick: 1.0, read_cost: 0 };
        if counter {
            let (from, at) = (clock.ticks(), Instant::now());
            std::thread::sleep(Duration::from_millis(50));
            let (to, passed) = (clock.ticks(), at.elapsed());
            clock.ns_per_tick = passed.as_secs_f64() * 1e9 / as_f64(to - from);
        }
        let gap = |_| {
            let first = clock.ticks();
            clock.ticks() - first
        };
        clock.read_cost = (0..10_000).map(gap).min().unwrap_or(0);
        clock
    }

    /// What the report says of it.
    pub fn describe(&self) -> String {
        let name = if self.counter { "the processor's counter" } else { "the system's clock" };
        let cost = as_f64(self.read_cost) * self.ns_per_tick;
        format!("{name}, {cost:.0} ns a read (subtracted from tails)")
    }

    /// Now, in ticks.
    #[inline]
    pub fn ticks(&self) -> u64 {
        if self.counter {
            return counter();
        }
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What passed between two reads besides the reading, in ticks.
    #[inline]
    pub const fn net(&self, from: u64, to: u64) -> u64 {
        to.saturating_sub(from).saturating_sub(self.read_cost)
    }

    /// How many ticks `duration` is.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "durations of a bench are seconds, never negative"
    )]
    pub fn ticks_in(&self, duration: Duration) -> u64 {
        (duration.as_secs_f64() * 1e9 / self.ns_per_tick) as u64
    }

    /// How long `ticks` are.
    pub fn ns(&self, ticks: u64) -> f64 {
        as_f64(ticks) * self.ns_per_tick
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bench's ticks are far below 2^53")]
const fn as_f64(ticks: u64) -> f64 {
    ticks as f64
}

#[cfg(target_arch = "x86_64")]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction; it touches no memory.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn counter() -> u64 {
    0
}

/// Whether the counter has one rate on all cores, idle or not.
fn counter_is_steady() -> bool {
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has = |flag| flags.split_whitespace().any(|word| word == flag);
    cfg!(target_arch = "x86_64") && has("constant_tsc") && has("nonstop_tsc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_durations_agree() {
        let clock = Clock::calibrated();
        let ticks = clock.ticks_in(Duration::from_millis(5));
        assert!((clock.ns(ticks) - 5e6).abs() < 1e3);
        assert!(clock.ticks() <= clock.ticks());
        assert_eq!(clock.net(10, 10 + clock.read_cost), 0);
    }
}
