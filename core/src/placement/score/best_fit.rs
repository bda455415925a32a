//! Best fit: 20 - 10^(free share of CPU) - 10^(free share of memory), from 0 to
//! 18, in ten-thousandths (Nomad's `ScoreFitBinPack`, "BestFit v3" of Google's
//! published comparison of packing policies). `libm`'s power, so the same bits
//! on every target.

use super::{Load, narrow};
use crate::math::pow;

/// 0 where nothing would be taken, 180,000 where all would.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "amounts have 24 bits; the score is between 0 and 180,000"
)]
pub(super) fn score(load: &Load) -> u32 {
    let power = |share: &super::Share| {
        let free = share.capacity - share.taken.min(share.capacity);
        pow(10.0, free as f64 / share.capacity as f64)
    };
    let total: f64 = load.shares().iter().map(power).sum();
    let score = (20.0 - total).clamp(0.0, 18.0);
    narrow((score * 10_000.0 + 0.5) as u64)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::resources::Resources;

    #[test]
    fn scores_are_those_of_the_tests_of_nomad() {
        let of = |cpu, memory| {
            let capacity = Resources::new(4_096 - 2_048, 8_192 - 4_096);
            score(&Load { capacity, free: capacity, needed: Resources::new(cpu, memory) })
        };
        // A perfect fit, the worst fit, and a mid-case.
        assert_eq!(of(2_048, 4_096), 180_000);
        assert_eq!(of(0, 0), 0);
        // 20 - 2 * sqrt(10) = 13.6754.
        assert_eq!(of(1_024, 2_048), 136_754);
    }
}
