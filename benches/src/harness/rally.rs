//! The guard against a stolen core, and the meeting point of the threads.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use super::Clock;

/// Strokes of one rally: 0.1 ms where two cores are free.
const STROKES: u64 = 2_000;
/// Where all threads wait for each other, spinning, so that they start within
/// nanoseconds; a thread that waits long lets others run.
#[derive(Debug)]
pub(super) struct Meeting {
    threads: u32,
    arrived: CachePadded<AtomicU32>,
    round: CachePadded<AtomicU32>,
}

impl Meeting {
    pub(super) fn of(threads: u32) -> Self {
        Self { threads, arrived: CachePadded::default(), round: CachePadded::default() }
    }

    pub(super) fn wait(&self) {
        // ORDERING: Acquire, pairs with the Release below: what the others wrote
        // before they met is seen after it.
        let round = self.round.load(Ordering::Acquire);
        // ORDERING: AcqRel, pairs with itself: the last to come has seen all.
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            // ORDERING: Relaxed: published by the store to `round`.
            self.arrived.store(0, Ordering::Relaxed);
            // ORDERING: Release, pairs with the Acquire loads of those who wait.
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0_u32;
        // ORDERING: Acquire, pairs with the Release of the last to come.
        while self.round.load(Ordering::Acquire) == round {
            spins += 1;
            if spins.is_multiple_of(1_024) {
                std::thread::yield_now();
            }
            spin_loop();
        }
    }
}

/// One ball for each two neighbours.
#[derive(Debug)]
pub(super) struct Rally {
    balls: Vec<CachePadded<AtomicU64>>,
    threads: u32,
}

impl Rally {
    pub(super) fn of(threads: u32) -> Self {
        let balls = (0..threads.div_ceil(2)).map(|_| CachePadded::default()).collect();
        Self { balls, threads }
    }

    /// Plays with the neighbour; how long the ball takes one way, in
    /// nanoseconds. All threads call it together, after a meeting. 0 for a
    /// thread without a neighbour.
    pub(super) fn play(&self, clock: &Clock, meeting: &Meeting, thread: usize) -> f64 {
        let (ball, side) = (&self.balls[thread / 2], thread as u64 % 2);
        // ORDERING: Relaxed: the meeting publishes it.
        ball.store(0, Ordering::Relaxed);
        meeting.wait();
        let last_of_odd = self.threads % 2 == 1 && thread / 2 + 1 == self.balls.len();
        if last_of_odd {
            return 0.0;
        }
        let start = clock.ticks();
        for stroke in 0..STROKES {
            // ORDERING: Acquire, pairs with the Release of the neighbour's store.
            while ball.load(Ordering::Acquire) != 2 * stroke + side {
                spin_loop();
            }
            // ORDERING: Release, pairs with the Acquire of the neighbour's load.
            ball.store(2 * stroke + side + 1, Ordering::Release);
        }
        clock.ns(clock.ticks() - start) / (2 * STROKES) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_meet_see_what_the_others_did() {
        let (meeting, sum) = (Meeting::of(3), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 1..=100 {
                        // ORDERING: Relaxed: the meeting publishes it.
                        sum.fetch_add(1, Ordering::Relaxed);
                        meeting.wait();
                        // ORDERING: Relaxed: ordered by the meeting.
                        assert_eq!(sum.load(Ordering::Relaxed), 3 * round);
                        meeting.wait();
                    }
                });
            }
        });
    }
}
