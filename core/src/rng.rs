//! A small seeded generator: the only source of randomness of the crate.
//!
//! `xoshiro256++` (D. Blackman and S. Vigna, "Scrambled linear pseudorandom
//! number generators", ACM TOMS 47(4), 2021; public-domain reference code at
//! <https://prng.di.unimi.it/xoshiro256plusplus.c>), its state filled by
//! `splitmix64` (<https://prng.di.unimi.it/splitmix64.c>) as its authors
//! advise. Integers only, so the same seed gives the same numbers on every
//! target. Not for secrets.

/// One step of `splitmix64`: a bijection of 64-bit words, used to fill seeds
/// and to draw by number.
#[inline]
pub const fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seeded generator (`xoshiro256++`), period 2^256 - 1.
///
/// ```
/// use warmstow_core::rng::Rng;
///
/// let (mut a, mut b) = (Rng::new(7), Rng::new(7));
/// assert_eq!(a.next_u64(), b.next_u64());
/// assert!(a.below(6) < 6);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The generator of `seed`. Every seed is good, 0 too: `splitmix64` maps
    /// four successive states to four distinct words, so never to all zeros.
    pub const fn new(seed: u64) -> Self {
        let mut s = seed;
        let state =
            [splitmix64(&mut s), splitmix64(&mut s), splitmix64(&mut s), splitmix64(&mut s)];
        Self { state }
    }

    /// The generator of substream `stream` of `seed`, so that one purpose's
    /// draws do not move another's.
    pub const fn stream(seed: u64, stream: u64) -> Self {
        let (mut a, mut b) = (seed, !stream);
        Self::new(splitmix64(&mut a) ^ splitmix64(&mut b))
    }

    /// 64 uniform bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A uniform number in [0, 1): a multiple of 2^-53, so exact.
    #[inline]
    pub const fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * EPSILON
    }

    /// A uniform number in (0, 1]: the form whose logarithm is finite.
    #[inline]
    pub const fn uniform_open(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * EPSILON
    }

    /// A uniform integer below `n`, or 0 where `n` is 0.
    ///
    /// Unbiased: multiply and reject (D. Lemire, "Fast random integer
    /// generation in an interval", ACM TOMACS 29(1), 2019). The expected
    /// number of draws is below 2.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a 128-bit product")]
    pub const fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let mut product = self.next_u64() as u128 * n as u128;
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = self.next_u64() as u128 * n as u128;
            }
        }
        (product >> 64) as u64
    }
}

/// 2^-53: the spacing of 53-bit uniform numbers.
const EPSILON: f64 = 1.0 / (1u64 << 53) as f64;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_values() {
        // From seed 1234567, as many ports of the reference code check it.
        let mut state = 1_234_567;
        let want =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for value in want {
            assert_eq!(splitmix64(&mut state), value);
        }
    }

    #[test]
    fn xoshiro_gives_the_values_of_the_reference_code() {
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let want = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        for value in want {
            assert_eq!(rng.next_u64(), value);
        }
        let mut rng = Rng { state: [0, 0, 0, 1] };
        for value in [0x80_0000, 0x80_0011, 0x0002_2000_0080_0011, 0x0002_2000_4400_0020] {
            assert_eq!(rng.next_u64(), value);
        }
    }

    #[test]
    fn uniform_numbers_stay_in_their_interval_and_have_their_mean() {
        let mut rng = Rng::new(1);
        let mut sum = 0.0;
        for _ in 0..100_000 {
            let (a, b) = (rng.uniform(), rng.uniform_open());
            assert!((0.0..1.0).contains(&a) && b > 0.0 && b <= 1.0, "{a} {b}");
            sum += a;
        }
        // Standard error 1 / sqrt(12 * 1e5) = 0.0009; five of them.
        assert!((sum / 1e5 - 0.5).abs() < 0.0046, "{sum}");
    }

    #[test]
    fn below_reaches_every_value_evenly_and_no_other() {
        let mut rng = Rng::new(2);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[usize::try_from(rng.below(7)).unwrap()] += 1;
        }
        // Standard deviation of one count: sqrt(70000 * 6/49) = 92.6.
        assert!(counts.iter().all(|&n| n.abs_diff(10_000) < 463), "{counts:?}");
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let first = |stream| Rng::stream(3, stream).next_u64();
        assert_ne!(first(0), first(1));
        assert_ne!(Rng::stream(3, 4).next_u64(), Rng::stream(4, 3).next_u64());
    }
}
