//! What a share of a GPU is worth where a mix of shares is to be packed.

use alloc::vec;
use alloc::vec::Vec;

use super::mix::Mix;
use super::pod::{Pod, WHOLE_GPU};
use super::simplex::Simplex;

/// One place for each amount of milli-GPU, 0 to 1,000.
const AMOUNTS: usize = WHOLE_GPU as usize + 1;

/// The most sizes of shares that are priced; the rarest are left out.
const MAX_SIZES: usize = 64;

/// Micro-GPU in one GPU.
const MICRO: f64 = 1_000_000.0;

/// What shares of a GPU are worth, in micro-GPU, where the shares of a mix are
/// to be packed on as few GPUs as possible.
///
/// The worth of a share is the dual price of its size in the linear program of
/// Gilmore and Gomory ("A linear programming approach to the cutting-stock
/// problem", Operations Research 9(6), 1961): how many GPUs one more share of
/// that size costs where all are packed as well as can be. A share of 810 milli
/// that finds no partner costs a whole GPU; one of 160 that fits beside it costs
/// nothing. It follows what is left of a GPU is worth (the best set of shares
/// that still fits), and what is lost when a share goes there.
///
/// Worked out once: column generation with a dense basis of at most 64 rows,
/// with additions, subtractions, multiplications and divisions alone, which
/// IEEE 754 fixes to the bit, then rounded to micro-GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worth {
    /// Of a share of that many milli-GPU.
    of_share: Vec<u32>,
    /// Of a GPU with that many milli-GPU left: of the best set of shares.
    of_left: Vec<u32>,
}

impl Worth {
    /// The worth of shares where those of `mix` are to be packed. Pods of whole
    /// GPUs and without GPUs share with nobody and say nothing.
    pub fn new(mix: &Mix) -> Self {
        let mut demand = vec![0_u64; AMOUNTS];
        for (pod, weight) in mix.shapes().iter().filter(|(pod, _)| pod.is_shared()) {
            demand[usize::from(pod.gpu_milli())] += weight;
        }
        let mut sizes: Vec<(u16, u64)> = (0_u16..).zip(demand).filter(|(_, n)| *n > 0).collect();
        sizes.sort_by_key(|(size, count)| (core::cmp::Reverse(*count), *size));
        sizes.truncate(MAX_SIZES);
        sizes.sort_unstable();
        Self::from_prices(&sizes, &prices(&sizes))
    }

    fn from_prices(sizes: &[(u16, u64)], prices: &[u32]) -> Self {
        let mut of_share = vec![0; AMOUNTS];
        let mut of_left = vec![0; AMOUNTS];
        for ((size, _), price) in sizes.iter().zip(prices) {
            of_share[usize::from(*size)] = *price;
        }
        for amount in 1..AMOUNTS {
            // A share is worth no less than a smaller one that could be there.
            of_share[amount] = of_share[amount].max(of_share[amount - 1]);
            of_left[amount] = of_left[amount - 1];
            for (size, _) in sizes.iter().filter(|(size, _)| usize::from(*size) <= amount) {
                let size = usize::from(*size);
                let with = of_left[amount - size] + of_share[size];
                of_left[amount] = of_left[amount].max(with);
            }
        }
        Self { of_share, of_left }
    }

    /// The worth of a share of `milli`, micro-GPU; that of a whole one for more.
    pub fn of_share(&self, milli: u16) -> u32 {
        self.of_share[usize::from(milli.min(WHOLE_GPU))]
    }

    /// The worth of a GPU with `milli` left: of the best set of shares that fits.
    pub fn of_left(&self, milli: u16) -> u32 {
        self.of_left[usize::from(milli.min(WHOLE_GPU))]
    }

    /// What is lost, micro-GPU, when `pod` takes its share of a GPU with `left`
    /// milli: the worth of what is left falls by that much more than the worth
    /// of the share. 0 where the packing stays as good as it can be, and for
    /// pods of whole GPUs.
    pub fn loss(&self, left: u16, pod: &Pod) -> u32 {
        if !pod.is_shared() {
            return 0;
        }
        let after = self.of_left(left.saturating_sub(pod.gpu_milli()));
        self.of_left(left).saturating_sub(after).saturating_sub(self.of_share(pod.gpu_milli()))
    }
}

/// The dual price of each size, micro-GPU.
fn prices(sizes: &[(u16, u64)]) -> Vec<u32> {
    #[expect(clippy::cast_precision_loss, reason = "counts of pods")]
    let demand: Vec<f64> = sizes.iter().map(|(_, count)| *count as f64).collect();
    let alone: Vec<u16> = sizes.iter().map(|(size, _)| WHOLE_GPU / size).collect();
    let mut simplex = Simplex::new(&demand, &alone);
    let mut best = simplex.prices().to_vec();
    let mut scale = 1.0;
    // Far more rounds than the sizes of a trace need; prices are usable after any.
    for _ in 0..MAX_SIZES * MAX_SIZES {
        best.clear();
        best.extend_from_slice(simplex.prices());
        let (pattern, worth) = dearest(sizes, &best);
        scale = if worth > 1.0 { worth } else { 1.0 };
        if worth <= 1.0 + 1e-9 || !simplex.enter(&pattern) {
            break;
        }
    }
    // Scaled down so that no set of shares that fits is worth more than a GPU.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10^6")]
    let micro = |price: &f64| (price / scale * MICRO + 1e-3) as u32;
    best.iter().map(micro).collect()
}

/// The set of shares that fits on one GPU and is dearest at `prices`: how many
/// of each size, and their sum.
fn dearest(sizes: &[(u16, u64)], prices: &[f64]) -> (Vec<f64>, f64) {
    let mut worth = vec![0.0_f64; AMOUNTS];
    let mut last = vec![usize::MAX; AMOUNTS];
    for amount in 1..AMOUNTS {
        worth[amount] = worth[amount - 1];
        for (row, (size, _)) in sizes.iter().enumerate() {
            let size = usize::from(*size);
            if size <= amount && worth[amount - size] + prices[row] > worth[amount] {
                worth[amount] = worth[amount - size] + prices[row];
                last[amount] = row;
            }
        }
    }
    let mut pattern = vec![0.0; sizes.len()];
    let mut amount = AMOUNTS - 1;
    while amount > 0 {
        match last[amount] {
            usize::MAX => amount -= 1,
            row => {
                pattern[row] += 1.0;
                amount -= usize::from(sizes[row].0);
            }
        }
    }
    (pattern, worth[AMOUNTS - 1])
}
