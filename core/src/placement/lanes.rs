//! The exact choice: all nodes of a run compared by one key, four at a time
//! where the processor has AVX2.
//!
//! The two paths do the same arithmetic on the same integers, so they give the
//! same node. A node's words are read one by one, each an atomic load, and put
//! side by side in a register afterwards: no vector load ever meets another
//! thread's write. The only unsafe code is the call of the AVX2 path and the
//! question whether the processor has it.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "AVX2 where the processor has it")
)]

use super::class::Bounds;
use super::word::{Free, MAX_INSTANCES};
use crate::resources::Resources;

/// Bits of a node's index in a [`Ranked`]: `MAX_NODES` is two to this.
const INDEX_BITS: u32 = 20;
/// What a product of an amount and its weight is divided by: two to this. The
/// largest product has 56 bits; with the index they leave the sign bit alone.
const KEY_SHIFT: u32 = 13;
/// The weight at which a key is the amount itself.
const ONE: u32 = 1 << KEY_SHIFT;

/// What a strategy minimises: the largest of three weighted amounts, what an
/// instance would leave of CPU, what it would leave of memory, and the
/// instances there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    cpu: u32,
    memory: u32,
    instances: u32,
}

impl Weights {
    pub(super) const CPU: Self = Self { cpu: ONE, memory: 0, instances: 0 };
    pub(super) const MEMORY: Self = Self { cpu: 0, memory: ONE, instances: 0 };
    pub(super) const INSTANCES: Self = Self { cpu: 0, memory: 0, instances: ONE };

    /// Each resource by its share of `unit`, in steps of 2^-19 of it.
    pub(super) const fn shares_of(unit: Resources) -> Self {
        Self { cpu: share(unit.cpu_units), memory: share(unit.memory_mib), instances: 0 }
    }

    /// The key of what is left, without instances: never above the key of a
    /// node that has more left of either.
    #[inline]
    pub(super) const fn key_of_left(self, cpu_left: u32, memory_left: u32) -> u64 {
        let cpu = weighted(cpu_left, self.cpu);
        let memory = weighted(memory_left, self.memory);
        if cpu > memory { cpu } else { memory }
    }

    /// Whether they weigh what is left, which is what the index knows of.
    #[inline]
    pub(super) const fn are_of_room(self) -> bool {
        self.instances == 0
    }

    /// Whether memory alone counts.
    #[inline]
    pub(super) const fn is_memory_alone(self) -> bool {
        self.cpu == 0 && self.memory != 0
    }
}

/// 2^32 / `amount`, at most what 32 bits hold.
#[expect(clippy::cast_possible_truncation, reason = "clamped to 32 bits")]
const fn share(amount: u32) -> u32 {
    let share = (1_u64 << 32) / if amount == 0 { 1 } else { amount as u64 };
    if share > u32::MAX as u64 { u32::MAX } else { share as u32 }
}

#[inline]
const fn weighted(amount: u32, weight: u32) -> u64 {
    (amount as u64 * weight as u64) >> KEY_SHIFT
}

/// A node by its key, then by its index: the least is the one to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ranked(u64);

impl Ranked {
    /// No node: above every node.
    pub(super) const NONE: Self = Self(i64::MAX as u64);

    /// The rank of node `index`, or [`Ranked::NONE`] where it has no room.
    #[inline]
    pub(super) const fn of(free: Free, index: u32, needed: Resources, weights: Weights) -> Self {
        let left = free.resources();
        let left = (
            left.cpu_units.wrapping_sub(needed.cpu_units),
            left.memory_mib.wrapping_sub(needed.memory_mib),
        );
        let key = weights.key_of_left(left.0, left.1);
        let instances = weighted(free.instances(), weights.instances);
        let key = if instances > key { instances } else { key };
        if free.fits(needed) { Self(key << INDEX_BITS | index as u64) } else { Self::NONE }
    }

    #[inline]
    pub(super) const fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }

    #[inline]
    pub(super) const fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }

    #[inline]
    pub(super) const fn key(self) -> u64 {
        self.0 >> INDEX_BITS
    }
}

/// What a look at every node comes to; the fields are those of a
/// [`Refusal`](super::Refusal).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) nodes: u32,
    pub(super) with_room: bool,
    pub(super) short_of_cpu: u32,
    pub(super) short_of_memory: u32,
    pub(super) full: u32,
    pub(super) largest_free: Resources,
}

impl Tally {
    #[inline]
    fn add(mut self, free: Free, needed: Resources) -> Self {
        let left = free.resources();
        let largest = &mut self.largest_free;
        largest.cpu_units = largest.cpu_units.max(left.cpu_units);
        largest.memory_mib = largest.memory_mib.max(left.memory_mib);
        self.nodes += 1;
        self.with_room |= free.fits(needed);
        self.short_of_cpu += u32::from(left.cpu_units < needed.cpu_units);
        self.short_of_memory += u32::from(left.memory_mib < needed.memory_mib);
        self.full += u32::from(free.instances() == MAX_INSTANCES);
        self
    }
}

/// Which of the two paths a fleet takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// One node at a time.
    Portable,
    /// Four at a time. Made by [`Lanes::detect`] alone.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Lanes {
    /// The best that this processor has.
    pub(super) fn detect() -> Self {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        if avx2::is_there() {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// The least rank of `nodes`, which are counted from `first`; `read` gives
    /// what is left of one.
    #[inline]
    pub(super) fn least<T>(
        self,
        first: u32,
        nodes: &[T],
        needed: Resources,
        weights: Weights,
        read: impl Fn(&T) -> u64 + Copy,
    ) -> Ranked {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx2 {
            // SAFETY: `detect` found AVX2, and nothing else makes this value.
            return unsafe { avx2::least(first, nodes, needed, weights, read) };
        }
        least(first, nodes, needed, weights, read)
    }

    /// What `nodes` come to.
    pub(super) fn tally<T>(
        self,
        nodes: &[T],
        needed: Resources,
        read: impl Fn(&T) -> u64 + Copy,
    ) -> Tally {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx2 {
            // SAFETY: as in `least`.
            return unsafe { avx2::tally(nodes, needed, read) };
        }
        tally(Tally::default(), nodes, needed, read)
    }

    /// Whether one of `nodes` is within `bounds`.
    #[inline]
    pub(super) fn any_within<T>(
        self,
        nodes: &[T],
        bounds: Bounds,
        read: impl Fn(&T) -> u64 + Copy,
    ) -> bool {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx2 {
            // SAFETY: as in `least`.
            return unsafe { avx2::any_within(nodes, bounds, read) };
        }
        any_within(nodes, bounds, read)
    }
}

/// [`Lanes::least`] one node at a time.
fn least<T>(
    first: u32,
    nodes: &[T],
    needed: Resources,
    weights: Weights,
    read: impl Fn(&T) -> u64,
) -> Ranked {
    let nodes = (first..).zip(nodes);
    let ranks =
        nodes.map(|(index, node)| Ranked::of(Free::from_bits(read(node)), index, needed, weights));
    ranks.fold(Ranked::NONE, Ord::min)
}

/// [`Lanes::tally`] one node at a time, from where `tally` is.
fn tally<T>(tally: Tally, nodes: &[T], needed: Resources, read: impl Fn(&T) -> u64) -> Tally {
    nodes.iter().fold(tally, |tally, node| tally.add(Free::from_bits(read(node)), needed))
}

/// [`Lanes::any_within`] one node at a time.
fn any_within<T>(nodes: &[T], bounds: Bounds, read: impl Fn(&T) -> u64) -> bool {
    nodes.iter().any(|node| {
        let free = Free::from_bits(read(node)).resources();
        free.short_of(bounds.least).is_none() && bounds.most.short_of(free).is_none()
    })
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! The same on four nodes at a time, a 64-bit lane each.

    use core::arch::x86_64::{
        __cpuid, __cpuid_count, __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blendv_epi8,
        _mm256_castsi256_pd, _mm256_cmpeq_epi64, _mm256_cmpgt_epi64, _mm256_extract_epi64,
        _mm256_movemask_pd, _mm256_mul_epu32, _mm256_or_si256, _mm256_set_epi64x,
        _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_slli_epi64, _mm256_srli_epi64,
        _mm256_sub_epi64, _xgetbv,
    };

    use super::{Bounds, INDEX_BITS, KEY_SHIFT, MAX_INSTANCES, Ranked, Resources, Tally, Weights};

    /// Whether processor and operating system support AVX2 (Intel SDM volume
    /// 1, 14.7.1 "Detection of Intel AVX2 Hardware support").
    pub(super) fn is_there() -> bool {
        const XSAVE_AND_AVX: u32 = 1 << 27 | 1 << 28;
        const AVX2: u32 = 1 << 5;
        const XMM_AND_YMM: u64 = 0b110;

        /// The register sets that the operating system saves.
        #[target_feature(enable = "xsave")]
        fn saved() -> u64 {
            // SAFETY: the caller found OSXSAVE.
            unsafe { _xgetbv(0) }
        }

        if __cpuid(0).eax < 7 || __cpuid(1).ecx & XSAVE_AND_AVX != XSAVE_AND_AVX {
            return false;
        }
        // SAFETY: OSXSAVE says that XGETBV can be used.
        let saved = unsafe { saved() };
        saved & XMM_AND_YMM == XMM_AND_YMM && __cpuid_count(7, 0).ebx & AVX2 != 0
    }

    /// The same number in each lane; all are below 2^63.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn each(value: u64) -> __m256i {
        _mm256_set1_epi64x(value.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn max(a: __m256i, b: __m256i) -> __m256i {
        _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn min(a: __m256i, b: __m256i) -> __m256i {
        _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load<T>(nodes: &[T; 4], read: impl Fn(&T) -> u64) -> __m256i {
        let [a, b, c, d] = nodes.each_ref().map(|node| read(node).cast_signed());
        _mm256_set_epi64x(d, c, b, a)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn cpu(free: __m256i) -> __m256i {
        _mm256_srli_epi64::<40>(free)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn memory(free: __m256i) -> __m256i {
        _mm256_and_si256(_mm256_srli_epi64::<16>(free), each(Resources::MAX.into()))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn least<T>(
        first: u32,
        nodes: &[T],
        needed: Resources,
        weights: Weights,
        read: impl Fn(&T) -> u64 + Copy,
    ) -> Ranked {
        let needs = (each(needed.cpu_units.into()), each(needed.memory_mib.into()));
        let by = (each(weights.cpu.into()), each(weights.memory.into()));
        let by_instances = each(weights.instances.into());
        let full = each(MAX_INSTANCES.into());
        let none = each(Ranked::NONE.0);
        let mut best = none;
        let mut indexes = _mm256_add_epi64(each(first.into()), _mm256_set_epi64x(3, 2, 1, 0));
        let mut index = first;
        let (fours, rest) = nodes.as_chunks::<4>();
        for four in fours {
            let free = load(four, read);
            let cpu_left = _mm256_sub_epi64(cpu(free), needs.0);
            let memory_left = _mm256_sub_epi64(memory(free), needs.1);
            let instances = _mm256_and_si256(free, full);
            let key = max(
                max(_mm256_mul_epu32(cpu_left, by.0), _mm256_mul_epu32(memory_left, by.1)),
                _mm256_mul_epu32(instances, by_instances),
            );
            let key = _mm256_srli_epi64::<{ KEY_SHIFT.cast_signed() }>(key);
            let key = _mm256_slli_epi64::<{ INDEX_BITS.cast_signed() }>(key);
            let rank = _mm256_or_si256(key, indexes);
            let short =
                _mm256_cmpgt_epi64(_mm256_setzero_si256(), _mm256_or_si256(cpu_left, memory_left));
            let out = _mm256_or_si256(short, _mm256_cmpeq_epi64(instances, full));
            best = min(best, _mm256_blendv_epi8(rank, none, out));
            indexes = _mm256_add_epi64(indexes, each(4));
            index += 4;
        }
        let rest = super::least(index, rest, needed, weights, read);
        let lanes = [
            _mm256_extract_epi64::<0>(best),
            _mm256_extract_epi64::<1>(best),
            _mm256_extract_epi64::<2>(best),
            _mm256_extract_epi64::<3>(best),
        ];
        lanes.into_iter().fold(rest, |least, lane| least.min(Ranked(lane.cast_unsigned())))
    }

    /// The four lanes; what is in them is not negative.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn lanes(of: __m256i) -> [u32; 4] {
        [
            _mm256_extract_epi64::<0>(of),
            _mm256_extract_epi64::<1>(of),
            _mm256_extract_epi64::<2>(of),
            _mm256_extract_epi64::<3>(of),
        ]
        .map(|lane| u32::try_from(lane).unwrap_or(u32::MAX))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn tally<T>(
        nodes: &[T],
        needed: Resources,
        read: impl Fn(&T) -> u64 + Copy,
    ) -> Tally {
        let needs = (each(needed.cpu_units.into()), each(needed.memory_mib.into()));
        let most = each(MAX_INSTANCES.into());
        let zero = _mm256_setzero_si256();
        let (mut largest_cpu, mut largest_memory) = (zero, zero);
        let (mut short_of_cpu, mut short_of_memory, mut full) = (zero, zero, zero);
        let mut out_everywhere = each(1);
        let mut counted = 0;
        let (fours, rest) = nodes.as_chunks::<4>();
        for four in fours {
            let free = load(four, read);
            let (cpu, memory) = (cpu(free), memory(free));
            largest_cpu = max(largest_cpu, cpu);
            largest_memory = max(largest_memory, memory);
            // The sign bit of each lane says 1.
            let little_cpu = _mm256_srli_epi64::<63>(_mm256_sub_epi64(cpu, needs.0));
            let little_memory = _mm256_srli_epi64::<63>(_mm256_sub_epi64(memory, needs.1));
            let no_more = _mm256_cmpeq_epi64(_mm256_and_si256(free, most), most);
            let no_more = _mm256_srli_epi64::<63>(no_more);
            short_of_cpu = _mm256_add_epi64(short_of_cpu, little_cpu);
            short_of_memory = _mm256_add_epi64(short_of_memory, little_memory);
            full = _mm256_add_epi64(full, no_more);
            let out = _mm256_or_si256(_mm256_or_si256(little_cpu, little_memory), no_more);
            out_everywhere = _mm256_and_si256(out_everywhere, out);
            counted += 4;
        }
        let greatest = |of| lanes(of).into_iter().fold(0, u32::max);
        let sum = |of| lanes(of).into_iter().sum();
        let counted = Tally {
            nodes: counted,
            with_room: lanes(out_everywhere).contains(&0),
            short_of_cpu: sum(short_of_cpu),
            short_of_memory: sum(short_of_memory),
            full: sum(full),
            largest_free: Resources::new(greatest(largest_cpu), greatest(largest_memory)),
        };
        super::tally(counted, rest, needed, read)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn any_within<T>(
        nodes: &[T],
        bounds: Bounds,
        read: impl Fn(&T) -> u64 + Copy,
    ) -> bool {
        let Bounds { least, most } = bounds;
        let least = (each(least.cpu_units.into()), each(least.memory_mib.into()));
        let most = (each(most.cpu_units.into()), each(most.memory_mib.into()));
        let (fours, rest) = nodes.as_chunks::<4>();
        for four in fours {
            let free = load(four, read);
            let (cpu, memory) = (cpu(free), memory(free));
            // Negative where the amount is out of that end.
            let below =
                _mm256_or_si256(_mm256_sub_epi64(cpu, least.0), _mm256_sub_epi64(memory, least.1));
            let above =
                _mm256_or_si256(_mm256_sub_epi64(most.0, cpu), _mm256_sub_epi64(most.1, memory));
            let out = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_or_si256(below, above)));
            if out != 0b1111 {
                return true;
            }
        }
        super::any_within(rest, bounds, read)
    }
}
