//! Warm while the chance of being needed pays for the memory.
//!
//! This project's own policy. It has one knob, what a cold start avoided is
//! worth in GB-seconds of idle memory, and from it follow, level by level, when
//! to keep, when to unload and when to load again:
//!
//! 1. **Learn** the idle times of each level of each function, on a logarithmic
//!    scale ([`gaps`](super::gaps): bins of about a tenth, so that a timer of an
//!    hour is known to some minutes and one of a minute to some seconds). Old
//!    ones fade: after 512 all weigh half.
//! 2. **Borrow** where little is known: to a level's own idle times, those of all
//!    functions under the policy are added with the weight of one. Each function
//!    counts there alike (its n-th idle time weighs 1/n), apart for the first,
//!    second and higher levels. Levels that were left and never needed again
//!    count as idle times without an end.
//! 3. **Plan** the cheapest windows for that distribution ([`plan`](super::plan)).
//!    A start ahead is charged a tenth of a cold start and its own memory, so
//!    that it is not done for little. Counts are smoothed over neighbouring bins
//!    (1/4, 1/2, 1/4) first.
//!
//! What makes it better than one time for all is that levels differ: the first
//! instance of a function that is called by a timer is worth its memory for a
//! few seconds an hour, the tenth instance of a busy one for a second, the
//! second for minutes. The histogram policy (ATC 2020) sees one distribution for
//! a function, in minutes, and always pays for 94 % of it, at whatever price.
//!
//! Plans are made anew after one idle time in sixteen (O(bins), some
//! microseconds), so a busy function costs little more than a look-up. Some
//! 700 bytes a level.

use alloc::vec::Vec;

use super::gaps::{BINS, Gaps};
use super::plan::{Costs, Weights, plan};
use super::{ByIndex, Gap, KeepAlive, KeepAlivePolicy, Profile, Window};
use crate::time::{Duration, Instant};

/// Idle times of its own after which a level's history fades to half.
const FADE_AT: f32 = 512.0;
/// What all functions together weigh in a level's distribution.
const BORROWED: f64 = 1.0;
/// What is believed before anything was seen, as so many functions: idle times
/// spread evenly over the logarithmic scale, and some without an end.
const BELIEF: f64 = 1.0;
const BELIEF_ENDLESS: f64 = 0.3;
/// A start ahead, in cold starts, beside its memory.
const RESTART: f64 = 0.1;
/// A plan holds until idle times of this share of its weight are new.
const REPLAN: f32 = 1.0 / 16.0;

/// The adaptive policy; the head of its file says how it decides.
#[derive(Debug)]
pub struct Adaptive {
    gb_seconds: f64,
    functions: ByIndex<Function>,
    /// Of levels 1, 2 and higher.
    shared: [Gaps; 3],
}

#[derive(Debug, Default)]
struct Function {
    memory_gb: f64,
    cold_start: Duration,
    levels: ByIndex<Level>,
}

#[derive(Debug, Default)]
struct Level {
    gaps: Gaps,
    /// The sum of `gaps`.
    weight: f32,
    /// How many idle times there were.
    seen: u32,
    /// The first idle time is under way.
    first: bool,
    /// Of the weight, what came after the plan was made.
    fresh: f32,
    plan: Vec<Window>,
}

impl Default for ByIndex<Level> {
    fn default() -> Self {
        Self::new()
    }
}

impl Adaptive {
    /// A cold start avoided is worth `gb_seconds` of idle memory. Brought into
    /// the range of [`KeepAlivePolicy::Adaptive`] where it is out of it.
    pub fn new(gb_seconds: f64) -> Self {
        // Written so that not-a-number is brought in too.
        let least = f64::MIN_POSITIVE;
        let gb_seconds = if gb_seconds > least { gb_seconds } else { least };
        Self {
            gb_seconds: gb_seconds.min(KeepAlivePolicy::MAX_GB_SECONDS),
            functions: ByIndex::new(),
            shared: core::array::from_fn(|_| Gaps::default()),
        }
    }
}

/// Which of the shared distributions a level has a part in.
const fn class(level: u32) -> usize {
    match level {
        0 | 1 => 0,
        2 => 1,
        _ => 2,
    }
}

impl KeepAlive for Adaptive {
    fn adopt(&mut self, function: u32, profile: Profile) {
        let function = self.functions.entry(function);
        function.memory_gb = profile.memory_gb();
        function.cold_start = profile.cold_start;
        // The plans were made for another profile.
        function.levels.0.iter_mut().for_each(|level| level.fresh = level.weight);
    }

    fn handle_rise(&mut self, _now: Instant, function: u32, level: u32, gap: Option<Duration>) {
        let Some(gap) = gap else { return };
        let shared = &mut self.shared[class(level)];
        self.functions.entry(function).levels.entry(level).learn(gap, shared);
    }

    fn window(&mut self, _now: Instant, gap: Gap) -> Option<Window> {
        let shared = &mut self.shared[class(gap.level)];
        let function = self.functions.entry(gap.function);
        let costs = Costs {
            second: function.memory_gb / self.gb_seconds,
            restart: RESTART
                + function.cold_start.as_secs_f64() * function.memory_gb / self.gb_seconds,
            lead: function.cold_start,
        };
        let level = function.levels.entry(gap.level);
        if level.seen == 0 && !level.first {
            level.first = true;
            shared.beyond += 1.0;
        }
        if level.seen == 0 || level.fresh >= level.weight * REPLAN {
            level.fresh = 0.0;
            plan(&level.weights(shared), costs, &mut level.plan);
        }
        level.plan.iter().copied().find(|window| window.until > gap.idle_for)
    }

    /// Cold starts saved a second and GB: the chance that the level is needed
    /// in the bin that it has come to.
    fn worth(&self, _now: Instant, gap: Gap) -> f64 {
        let Some(function) = self.functions.get(gap.function) else { return 0.0 };
        let Some(level) = function.levels.get(gap.level) else { return 0.0 };
        level.weights(&self.shared[class(gap.level)]).hazard(gap.idle_for) / function.memory_gb
    }
}

impl Level {
    fn learn(&mut self, gap: Duration, shared: &mut Gaps) {
        if core::mem::take(&mut self.first) {
            shared.beyond = (shared.beyond - 1.0).max(0.0);
        }
        self.seen = self.seen.saturating_add(1);
        #[expect(clippy::cast_precision_loss, reason = "a weight, not a count")]
        shared.add(gap, 1.0 / self.seen as f32);
        self.gaps.add(gap, 1.0);
        self.weight += 1.0;
        self.fresh += 1.0;
        if self.weight >= FADE_AT {
            self.gaps.halve();
            self.weight *= 0.5;
        }
    }

    /// Its own idle times, and some of what all have in common; smoothed.
    fn weights(&self, shared: &Gaps) -> Weights {
        let scale = BORROWED / (f64::from(shared.total()) + BELIEF);
        #[expect(clippy::cast_precision_loss, reason = "a few bins")]
        let even = BELIEF * (1.0 - BELIEF_ENDLESS) / BINS as f64;
        let raw = |bin: usize| {
            let (own, all) = (self.gaps.of(bin), shared.of(bin));
            f64::from(own) + scale * (f64::from(all) + even)
        };
        let bins = core::array::from_fn(|bin| {
            // The outermost bins take the place of the neighbours they lack.
            let (below, above) = (bin.saturating_sub(1), (bin + 1).min(BINS - 1));
            0.25 * raw(below) + 0.5 * raw(bin) + 0.25 * raw(above)
        });
        let endless = f64::from(shared.beyond) + BELIEF * BELIEF_ENDLESS;
        Weights { bins, beyond: f64::from(self.gaps.beyond) + scale * endless }
    }
}
