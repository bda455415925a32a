//! One cell of one subject, measured.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::cores::preemptions;
use super::rally::{Meeting, Rally};
use super::requests::BATCH;
use super::tail::{self, Tail, Ticks};
use super::{Cell, Clock, Cores, Pattern, Requests};
use crate::Subject;

/// How long a cell is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    warm_up: Duration,
    repetition: Duration,
    /// Repetitions that are enough.
    enough: usize,
    /// Repetitions after which it is given up, whatever remains of them.
    most: usize,
    tail: Duration,
    /// The slowest rally of two free cores, in nanoseconds.
    pub rally_ns: f64,
}

impl Effort {
    /// Two free cores of one chip always beat it; one that waits for another
    /// job's time slice, or that the hypervisor has moved, takes hundreds.
    /// Chips with cores further apart than that need another bound.
    pub const RALLY_NS: f64 = 60.0;

    /// For figures that are kept.
    pub const FULL: Self = Self {
        warm_up: Duration::from_millis(10),
        repetition: Duration::from_millis(6),
        enough: 9,
        most: 27,
        tail: Duration::from_millis(25),
        rally_ns: Self::RALLY_NS,
    };
    /// For a look.
    pub const QUICK: Self = Self {
        warm_up: Duration::from_millis(5),
        repetition: Duration::from_millis(4),
        enough: 5,
        most: 10,
        tail: Duration::from_millis(10),
        rally_ns: Self::RALLY_NS,
    };
}

/// Fewer repetitions than this are no measurement.
const LEAST: usize = 3;

/// What was found.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Attempts a second over all threads, in millions; the median over the
    /// repetitions that were kept.
    pub m_per_s: f64,
    /// The part of the attempts that was refused, 0 to 1.
    pub refused: f64,
    /// Repetitions that were kept.
    pub kept: usize,
    /// Repetitions that were made.
    pub made: usize,
    /// Too few were kept: another job held a core. The figure is of them all.
    pub suspect: bool,
    /// More threads than cores: they took turns.
    pub oversubscribed: bool,
    /// The fastest rally of the slowest neighbours, one way, in nanoseconds; 0
    /// where there was none.
    pub rally_ns: f64,
    /// Single attempts.
    pub tail: Tail,
}

/// One repetition, summed over the threads.
#[derive(Clone, Copy, Debug, Default)]
struct Repetition {
    m_per_s: f64,
    made: u64,
    refused: u64,
    slowest_rally_ns: f64,
    /// Another job ran on a thread's core.
    preempted: bool,
}

/// What the threads write, outside of what is timed.
struct Board {
    repetitions: Vec<Repetition>,
    tail: Ticks,
}

struct Bench<'a> {
    cell: &'a Cell,
    effort: &'a Effort,
    clock: &'a Clock,
    cores: &'a Cores,
    guarded: bool,
    meeting: Meeting,
    rally: Rally,
    board: Mutex<Board>,
}

/// Measures `subject`, which was built for the cell's world.
pub fn measure<S: Subject>(
    subject: &S,
    cell: &Cell,
    effort: &Effort,
    clock: &Clock,
    cores: &Cores,
) -> Measured {
    let oversubscribed = cell.threads > cores.count();
    let bench = Bench {
        cell,
        effort,
        clock,
        cores,
        guarded: cell.threads > 1 && !oversubscribed,
        meeting: Meeting::of(cell.threads),
        rally: Rally::of(cell.threads),
        board: Mutex::new(Board { repetitions: vec![], tail: tail::empty() }),
    };
    std::thread::scope(|scope| {
        for thread in 0..cell.threads as usize {
            let bench = &bench;
            scope.spawn(move || bench.run(subject, thread));
        }
    });
    let board = bench.board.into_inner().unwrap_or_else(PoisonError::into_inner);
    conclude(&board, clock, effort.rally_ns, oversubscribed)
}

impl Bench<'_> {
    /// One thread's part.
    fn run<S: Subject>(&self, subject: &S, thread: usize) {
        self.cores.pin(thread);
        let pattern = Pattern::zipf(self.cell.functions, thread as u64);
        let mut requests = Requests::new(subject, thread, &pattern, self.cell.wanted());
        self.meeting.wait();
        self.requests_for(&mut requests, self.effort.warm_up);
        for number in 0..self.effort.most {
            let before = self.rally_ns(thread);
            requests.counted();
            let switches = self.switches();
            self.meeting.wait();
            let ns = self.requests_for(&mut requests, self.effort.repetition);
            let (made, refused) = requests.counted();
            let preempted = self.switches() != switches;
            let rally = before.max(self.rally_ns(thread));
            self.write(|board| {
                board.repetitions.resize(number + 1, Repetition::default());
                let all = &mut board.repetitions[number];
                all.m_per_s += made as f64 / ns * 1e3;
                all.made += made;
                all.refused += refused;
                all.slowest_rally_ns = all.slowest_rally_ns.max(rally);
                all.preempted |= preempted;
            });
            self.meeting.wait();
            if self.write(|board| {
                kept(&board.repetitions, self.effort.rally_ns).count() >= self.effort.enough
            }) {
                break;
            }
            // No one writes the next repetition before all have looked.
            self.meeting.wait();
        }
        self.meeting.wait();
        let ticks = tail::record(&mut requests, self.clock, self.effort.tail);
        self.write(|board| board.tail.add(ticks).expect("both have the same bounds"));
        requests.finish();
    }

    /// Makes requests for `duration`; how long it was, in nanoseconds.
    fn requests_for<S: Subject>(&self, requests: &mut Requests<'_, S>, duration: Duration) -> f64 {
        let start = self.clock.ticks();
        let end = start + self.clock.ticks_in(duration);
        loop {
            requests.make(BATCH);
            let now = self.clock.ticks();
            if now >= end {
                return self.clock.ns(now - start);
            }
        }
    }

    fn rally_ns(&self, thread: usize) -> f64 {
        if !self.guarded {
            return 0.0;
        }
        self.meeting.wait();
        self.rally.play(self.clock, &self.meeting, thread)
    }

    /// How often this thread's core went to another job so far; 0 where threads
    /// take turns anyway.
    fn switches(&self) -> u64 {
        if self.cell.threads > self.cores.count() { 0 } else { preemptions() }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        change(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The repetitions in which every thread had a core to itself.
fn kept(all: &[Repetition], rally_ns: f64) -> impl Iterator<Item = &Repetition> {
    all.iter().filter(move |one| one.slowest_rally_ns <= rally_ns && !one.preempted)
}

fn best_rally_ns(all: &[Repetition]) -> f64 {
    all.iter().map(|one| one.slowest_rally_ns).fold(f64::INFINITY, f64::min)
}

fn conclude(board: &Board, clock: &Clock, rally_ns: f64, oversubscribed: bool) -> Measured {
    let all = &board.repetitions;
    let good: Vec<f64> = kept(all, rally_ns).map(|one| one.m_per_s).collect();
    let suspect = good.len() < LEAST;
    let rates = if suspect { all.iter().map(|one| one.m_per_s).collect() } else { good.clone() };
    let made: u64 = all.iter().map(|one| one.made).sum();
    let refused: u64 = all.iter().map(|one| one.refused).sum();
    Measured {
        m_per_s: median(rates),
        refused: refused as f64 / made.max(1) as f64,
        kept: good.len(),
        made: all.len(),
        suspect,
        oversubscribed,
        rally_ns: best_rally_ns(all),
        tail: Tail::of(&board.tail, clock),
    }
}

/// The middle one; 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(rallies_ns: &[f64]) -> Board {
        let repetition = |(at, rally): (usize, &f64)| Repetition {
            m_per_s: at as f64,
            made: 4,
            refused: 1,
            slowest_rally_ns: *rally,
            preempted: false,
        };
        let repetitions = rallies_ns.iter().enumerate().map(repetition).collect();
        Board { repetitions, tail: tail::empty() }
    }

    #[test]
    fn a_repetition_without_its_cores_is_dropped() {
        let clock = Clock::calibrated();
        let found = conclude(&board(&[25.0, 700.0, 30.0, 20.0]), &clock, 60.0, false);
        assert_eq!((found.kept, found.made, found.suspect), (3, 4, false));
        assert_eq!(found.m_per_s, 2.0);
        assert_eq!(found.refused, 0.25);
        let stolen = conclude(&board(&[25.0, 700.0, 900.0, 20.0, 800.0]), &clock, 60.0, false);
        assert!(stolen.suspect);
        assert_eq!(stolen.m_per_s, 2.0);
    }

    #[test]
    fn a_repetition_in_which_another_job_ran_is_dropped() {
        let mut board = board(&[20.0; 4]);
        board.repetitions[1].preempted = true;
        let found = conclude(&board, &Clock::calibrated(), 60.0, false);
        assert_eq!((found.kept, found.suspect), (3, false));
        assert_eq!(found.m_per_s, 2.0);
    }

    #[test]
    fn rallies_that_are_all_slow_do_not_pass_for_free_cores() {
        let found = conclude(&board(&[200.0; 9]), &Clock::calibrated(), 60.0, false);
        assert!(found.suspect && found.kept == 0);
    }

    #[test]
    fn two_threads_are_measured_together() {
        let cell = Cell {
            threads: 2,
            functions: 3,
            instances: 64,
            held: 8,
            pressure: super::super::Pressure::At,
        };
        let subject = crate::peers::GlobalMutex::new(&cell.world());
        let (clock, cores) = (Clock::calibrated(), Cores::of_this_machine());
        let found = measure(&subject, &cell, &Effort::QUICK, &clock, &cores);
        assert!(found.m_per_s > 0.0 && found.made > 0);
        assert!(found.refused > 0.0 && found.refused < 1.0);
        assert!(found.tail.p50_ns <= found.tail.p999_ns);
    }
}
