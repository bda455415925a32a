//! Idle times, counted on a logarithmic scale.

use crate::time::Duration;

/// Bins a doubling, so that one is 9 to 12.5 % long.
const BITS: u32 = 3;
/// The first bin ends a little after 2^26 ns, 67 ms.
const FIRST: u32 = 26;
/// The last one ends at 2^46 ns, 19.5 hours.
const LAST: u32 = 46;
/// How many bins there are.
pub(super) const BINS: usize = ((LAST - FIRST) << BITS) as usize;

/// The bin of an idle time; `None`: it is longer than any.
#[expect(clippy::cast_possible_truncation, reason = "a number below 8")]
pub(super) const fn bin(idle: Duration) -> Option<usize> {
    let nanos = idle.as_nanos();
    if nanos >> FIRST == 0 {
        return Some(0);
    }
    let doublings = nanos.ilog2();
    if doublings >= LAST {
        return None;
    }
    let within = (nanos >> (doublings - BITS)) - (1 << BITS);
    Some((((doublings - FIRST) << BITS) as usize) + within as usize)
}

/// Where a bin ends and the next one begins.
pub(super) const fn end(bin: usize) -> Duration {
    let next = bin as u64 + 1;
    let (doublings, within) = (next >> BITS, next & ((1 << BITS) - 1));
    Duration::from_nanos(((1 << BITS) + within) << (FIRST as u64 + doublings - BITS as u64))
}

/// Where a bin begins; the first one at nothing.
pub(super) const fn begin(bin: usize) -> Duration {
    if bin == 0 { Duration::ZERO } else { end(bin - 1) }
}

/// How long a bin is, in seconds.
pub(super) const fn length_s(bin: usize) -> f64 {
    Duration::from_nanos(end(bin).as_nanos() - begin(bin).as_nanos()).as_secs_f64()
}

/// Weights of idle times by bin.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    bins: [f32; BINS],
    /// Of idle times longer than the last bin, or without an end.
    pub(super) beyond: f32,
}

impl Default for Gaps {
    fn default() -> Self {
        Self { bins: [0.0; BINS], beyond: 0.0 }
    }
}

impl Gaps {
    /// Adds an idle time of `weight`.
    pub(super) fn add(&mut self, idle: Duration, weight: f32) {
        match bin(idle) {
            Some(bin) => self.bins[bin] += weight,
            None => self.beyond += weight,
        }
    }

    /// Halves all weights.
    pub(super) fn halve(&mut self) {
        for weight in &mut self.bins {
            *weight *= 0.5;
        }
        self.beyond *= 0.5;
    }

    /// The weight of a bin.
    pub(super) const fn of(&self, bin: usize) -> f32 {
        self.bins[bin]
    }

    /// The sum of all weights.
    pub(super) fn total(&self) -> f32 {
        self.bins.iter().sum::<f32>() + self.beyond
    }
}
