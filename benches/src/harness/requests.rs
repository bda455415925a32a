//! What one thread does: request after request, from a fixed sequence.

use core::hint::black_box;

use warmstow_core::rng::Rng;

use crate::Subject;

/// Pairs between two reads of the clock; its cost is 0.1 ns a pair.
pub(super) const BATCH: u32 = 128;

/// Which functions are called, over and over. A power of two of them.
const LENGTH: usize = 8_192;

/// A sequence of functions.
#[derive(Clone, Debug)]
pub struct Pattern(Vec<u32>);

impl Pattern {
    /// Popularity after Zipf's law with exponent 1, different for each `stream`.
    pub fn zipf(functions: u32, stream: u64) -> Self {
        let mut sum = 0.0;
        let mut reach = vec![];
        for rank in 1..=functions {
            sum += f64::from(rank).recip();
            reach.push(sum);
        }
        let mut draws = Rng::stream(11, stream);
        let draw = |_| {
            let at = draws.uniform() * sum;
            let rank = reach.partition_point(|reach| *reach <= at);
            u32::try_from(rank).unwrap_or(u32::MAX).min(functions - 1)
        };
        Self((0..LENGTH).map(draw).collect())
    }

    /// All functions alike.
    pub fn uniform(functions: u32, stream: u64) -> Self {
        let mut draws = Rng::stream(13, stream);
        let draw = |_| u32::try_from(draws.below(functions.into())).unwrap_or(0);
        Self((0..LENGTH).map(draw).collect())
    }
}

/// One thread's requests to a subject.
#[derive(Debug)]
pub struct Requests<'a, S: Subject> {
    subject: &'a S,
    thread: usize,
    pattern: &'a Pattern,
    /// How many requests were made.
    made: usize,
    /// As many were made before `made` was last counted.
    before: usize,
    /// How many of them were refused.
    refused: u64,
    /// What is held, with its function: each step gives back the oldest and
    /// takes one more. Empty: each step gives back what it took.
    held: Vec<Option<(usize, S::Held<'a>)>>,
}

impl<'a, S: Subject> Requests<'a, S> {
    /// Requests of which `wanted`, a power of two, are held at once.
    pub fn new(subject: &'a S, thread: usize, pattern: &'a Pattern, wanted: u32) -> Self {
        let ring = if wanted == 1 { 0 } else { wanted.next_power_of_two() };
        let held = (0..ring).map(|_| None).collect();
        Self { subject, thread, pattern, made: 0, before: 0, refused: 0, held }
    }

    /// Makes `count` requests.
    #[inline]
    pub fn make(&mut self, count: u32) {
        if self.held.is_empty() {
            for _ in 0..count {
                self.take_and_give_back();
            }
        } else {
            for _ in 0..count {
                self.give_back_the_oldest_and_take();
            }
        }
    }

    /// Requests made and refused since the last call.
    pub const fn counted(&mut self) -> (u64, u64) {
        let counted = (self.made as u64, self.refused);
        self.before += self.made;
        (self.made, self.refused) = (0, 0);
        counted
    }

    /// The function of the next request.
    #[inline]
    fn next(&mut self) -> usize {
        let function = self.pattern.0[self.made & (LENGTH - 1)];
        self.made += 1;
        function as usize
    }

    /// A time that passes by a microsecond a request, and never goes back: a
    /// host's clock does not, and subjects may have a longer way for one that
    /// does.
    #[inline]
    fn now_ns(&self) -> u64 {
        black_box((self.before + self.made) as u64 * 1_000)
    }

    #[inline]
    fn take_and_give_back(&mut self) {
        let function = self.next();
        match self.subject.acquire(self.thread, function, self.now_ns()) {
            Some(held) => {
                self.subject.release(self.thread, function, self.now_ns(), black_box(held));
            }
            None => self.refused += 1,
        }
    }

    #[inline]
    fn give_back_the_oldest_and_take(&mut self) {
        let at = self.made & (self.held.len() - 1);
        if let Some((function, held)) = self.held[at].take() {
            self.subject.release(self.thread, function, self.now_ns(), black_box(held));
        }
        let function = self.next();
        match self.subject.acquire(self.thread, function, self.now_ns()) {
            Some(held) => self.held[at] = Some((function, held)),
            None => self.refused += 1,
        }
    }

    /// Gives back all that is held.
    pub fn finish(&mut self) {
        for held in &mut self.held {
            if let Some((function, held)) = held.take() {
                self.subject.release(self.thread, function, black_box(0), held);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::GlobalMutex;
    use crate::{Cell, Pressure};

    /// The refused share of one thread's requests.
    fn refused(pressure: Pressure, held: u32) -> f64 {
        let cell = Cell { threads: 1, functions: 3, instances: 64, held, pressure };
        let subject = GlobalMutex::new(&cell.world());
        let pattern = Pattern::zipf(3, 0);
        let mut requests = Requests::new(&subject, 0, &pattern, cell.wanted());
        requests.make(1_024);
        requests.counted();
        requests.make(1_024);
        let (made, refused) = requests.counted();
        assert_eq!(made, 1_024);
        refused as f64 / made as f64
    }

    #[test]
    fn half_of_the_attempts_are_refused_at_the_limit_and_none_before() {
        for held in [1, 8] {
            assert_eq!(refused(Pressure::Far, held), 0.0);
            assert_eq!(refused(Pressure::Near, held), 0.0);
            assert_eq!(refused(Pressure::At, held), 0.5);
        }
    }

    #[test]
    fn zipf_falls_as_the_law_says_and_uniform_does_not() {
        let count = |pattern: &Pattern, function| {
            pattern.0.iter().filter(|found| **found == function).count()
        };
        let zipf = Pattern::zipf(1_000, 0);
        let (first, tenth) = (count(&zipf, 0) as f64, count(&zipf, 9) as f64);
        // Shares 13.4 % and 1.34 % of 8,192 draws.
        assert!((900.0..1_300.0).contains(&first) && (60.0..170.0).contains(&tenth));
        let uniform = Pattern::uniform(4, 0);
        assert!((0..4).all(|function| count(&uniform, function) > 1_800));
    }
}
