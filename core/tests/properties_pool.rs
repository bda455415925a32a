//! Pools against a trivial oracle, and under many threads.
//!
//! The oracle and its properties are in `support/pool_model.rs`; what a fuzz
//! target finds on it is printed as a test of this file. Under threads:
//! * an instance never serves more requests than its concurrency, and there are
//!   never more instances than the pool has slots;
//! * every stop is reported once, and everything comes back at the end;
//! * a claim answers "none" only if there was none;
//! * a thread that stops for good stops no other.

#![cfg(feature = "alloc")]

#[path = "support/pool_model.rs"]
mod pool_model;

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64 as Counter, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

use pool_model::Action::{self, *};
use pool_model::{check, shape};
use proptest::prelude::*;
use warmstow_core::id::SlotId;
use warmstow_core::pool::{Claim, Pick, Pool, PoolConfig, Seat};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::{Duration, Instant};

type Heap = Pool<Box<[AtomicU64]>>;

const THREADS: u32 = 4;

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![Just(Pick::Packed), Just(Pick::MostRecent), Just(Pick::LeastRecent)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_pool_answers_as_the_oracle(
        max_instances in 1..7_u32,
        instance_concurrency in 1..6_u32,
        pick in pick(),
        lanes in 1..9_u32,
        bytes in prop::collection::vec(any::<[u8; 3]>(), 0..250),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(Action::from_bytes).collect();
        check(PoolConfig { max_instances, instance_concurrency, pick, lanes }, &actions);
    }

    /// As fuzz targets draw them, shapes out of range among them.
    #[test]
    fn a_pool_of_any_shape_answers_as_the_oracle(
        config in any::<[u8; 3]>(),
        bytes in prop::collection::vec(any::<[u8; 3]>(), 0..250),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(Action::from_bytes).collect();
        check(shape(config), &actions);
    }

    /// Instances whose seats are in several words.
    #[test]
    fn a_pool_of_wide_instances_answers_as_the_oracle(
        instance_concurrency in prop_oneof![9 => 31..70_u32, 1 => Just(1_600)],
        pick in pick(),
        bytes in prop::collection::vec(any::<[u8; 3]>(), 0..400),
    ) {
        // Mostly claims, so that the instances fill up.
        let widen = |[kind, a, b]: [u8; 3]| if kind > 99 { [0, a, b] } else { [kind, a, b] };
        let actions: Vec<_> = bytes.into_iter().map(widen).map(Action::from_bytes).collect();
        check(PoolConfig { max_instances: 2, instance_concurrency, pick, lanes: 4 }, &actions);
    }
}

#[test]
fn a_shape_out_of_range_is_refused() {
    let ends = [0, 1, 1_600, 1_601, PoolConfig::MAX_SEATS + 1, u32::MAX];
    for (max_instances, instance_concurrency) in
        ends.into_iter().flat_map(|a| ends.into_iter().map(move |b| (a, b)))
    {
        let config = PoolConfig { max_instances, instance_concurrency, ..PoolConfig::new(1) };
        check(config, &[ClaimOrBegin { place: 2 }, Started(0), Release(0), Claim]);
    }
}

/// Numbers for one thread of a stress test (xorshift64).
struct Random(u64);

impl Random {
    const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }
}

/// A pool under threads, and what they count beside it.
struct Watched {
    pool: Heap,
    clock: Counter,
    live: AtomicU32,
    serving: Vec<AtomicU32>,
    requests: Counter,
    starts: Counter,
    stops: Counter,
}

impl Watched {
    fn new(config: PoolConfig) -> Self {
        Self {
            pool: Pool::new(config).unwrap(),
            clock: Counter::new(0),
            live: AtomicU32::new(0),
            serving: (0..config.max_instances).map(|_| AtomicU32::new(0)).collect(),
            requests: Counter::new(0),
            starts: Counter::new(0),
            stops: Counter::new(0),
        }
    }

    fn now(&self) -> Instant {
        // ORDERING: Relaxed: only a number that rises.
        Instant::from_nanos(self.clock.fetch_add(1, Ordering::Relaxed))
    }

    /// Counted from the claim until just before the release, so never too high.
    fn holds(&self, claim: Claim) -> Held {
        let config = self.pool.config();
        // ORDERING: SeqCst throughout: the test's own counts are not under test.
        let now = self.serving[claim.slot.index() as usize].fetch_add(1, Ordering::SeqCst) + 1;
        assert!(now <= config.instance_concurrency, "{now} requests in one instance");
        // ORDERING: SeqCst: as above.
        self.requests.fetch_add(1, Ordering::SeqCst);
        Held { seat: claim.seat, slot: claim.slot }
    }

    fn request(&self) -> Option<Held> {
        let claim = match self.pool.claim_or_begin(self.now())? {
            Ok(claim) => claim,
            Err(vacancy) => {
                // ORDERING: SeqCst: as above.
                let live = self.live.fetch_add(1, Ordering::SeqCst) + 1;
                assert!(live <= self.pool.config().max_instances, "{live} instances");
                // ORDERING: SeqCst: as above.
                self.starts.fetch_add(1, Ordering::SeqCst);
                let place = self.pool.config().max_instances;
                let claim = vacancy.start(place);
                self.pool.started(&claim.seat).unwrap();
                claim
            }
        };
        Some(self.holds(claim))
    }

    fn end(&self, held: Held, failed: bool) {
        // ORDERING: SeqCst: as above.
        self.serving[held.slot.index() as usize].fetch_sub(1, Ordering::SeqCst);
        let stop = if failed {
            self.pool.fail(self.now(), held.seat)
        } else {
            self.pool.release(self.now(), held.seat)
        };
        self.stop(stop.unwrap());
    }

    fn stop(&self, told: impl IntoIterator<Item = SlotId>) {
        for slot in told {
            // ORDERING: SeqCst: as above.
            self.live.fetch_sub(1, Ordering::SeqCst);
            // ORDERING: SeqCst: as above.
            self.stops.fetch_add(1, Ordering::SeqCst);
            assert_eq!(self.pool.stopped(slot), Ok(self.pool.config().max_instances), "told once");
        }
    }

    fn step(&self, random: &mut Random, held: &mut Vec<Held>, seen: &mut Vec<SlotId>) {
        match random.below(40) {
            0 => {
                let keep_alive = Duration::from_nanos(random.below(200));
                self.stop(self.pool.reap(self.now(), keep_alive));
            }
            1 => {
                if let Some(slot) = seen.pop() {
                    self.stop(self.pool.drain(slot).ok().flatten());
                }
            }
            2 => {
                if let Some(held) = held.pop() {
                    self.end(held, true);
                }
            }
            3..=20 => {
                if let Some(new) = self.request() {
                    seen.truncate(7);
                    seen.insert(0, new.slot);
                    held.push(new);
                }
            }
            _ => {
                if !held.is_empty() {
                    let any = usize::try_from(random.below(held.len() as u64)).unwrap();
                    self.end(held.swap_remove(any), false);
                }
            }
        }
    }

    /// Nothing is in flight: ends what is left, and counts.
    fn settle(&self) {
        self.stop(self.pool.reap(Instant::MAX, Duration::ZERO));
        let tally = self.pool.tally();
        assert_eq!((tally.in_flight, tally.instances), (0, 0));
        // ORDERING: SeqCst: as above.
        let count = |counter: &Counter| counter.load(Ordering::SeqCst);
        assert_eq!(tally.requests, count(&self.requests));
        assert_eq!(tally.instances_started, count(&self.starts));
        assert_eq!(count(&self.starts), count(&self.stops), "each started one stopped once");
        assert!(self.pool.claim(Instant::MAX).is_none());
        let vacant: Vec<_> = core::iter::from_fn(|| self.pool.begin()).collect();
        assert_eq!(vacant.len(), self.serving.len(), "every slot is vacant again");
    }
}

/// A request in flight.
struct Held {
    seat: Seat,
    slot: SlotId,
}

fn stress(config: PoolConfig, steps: u32) {
    let watched = Watched::new(config);
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for seed in 1..=u64::from(THREADS) {
            let (watched, start) = (&watched, &start);
            scope.spawn(move || {
                let (mut random, mut held, mut seen) = (Random::new(seed), Vec::new(), Vec::new());
                start.wait();
                for _ in 0..steps {
                    watched.step(&mut random, &mut held, &mut seen);
                }
                for held in held {
                    watched.end(held, false);
                }
            });
        }
    });
    watched.settle();
}

#[test]
fn threads_lose_and_mint_nothing() {
    for pick in [Pick::Packed, Pick::MostRecent, Pick::LeastRecent] {
        for (max_instances, instance_concurrency) in [(3, 1), (40, 1), (3, 3), (2, 40)] {
            stress(PoolConfig { max_instances, instance_concurrency, pick, lanes: 4 }, 100_000);
        }
    }
}

/// As many seats as threads, and each thread holds at most one: there is always
/// one free for a thread that holds none.
fn never_none(threads: u32, config: PoolConfig, keep: impl Fn(u32) -> bool) {
    let pool = Heap::new(config).unwrap();
    let at = Instant::from_nanos;
    let mut kept = Vec::new();
    let mut open = Vec::new();
    while let Some(vacancy) = pool.begin() {
        let claim = vacancy.start(0);
        pool.started(&claim.seat).unwrap();
        open.push(claim.seat);
    }
    open.extend(core::iter::from_fn(|| pool.claim(at(0))).map(|claim| claim.seat));
    for (number, seat) in (0..).zip(open) {
        if keep(number) {
            kept.push(seat);
        } else {
            pool.release(at(1), seat).unwrap();
        }
    }
    let start = Barrier::new(threads as usize);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                for time in 2..200_000 {
                    let claim = pool.claim(at(time)).expect("a seat was free throughout");
                    pool.release(at(time), claim.seat).unwrap();
                }
            });
        }
    });
    assert_eq!(pool.tally().in_flight, kept.len() as u64);
}

#[test]
fn a_claim_never_misses_the_free_seat_of_one_word() {
    for pick in [Pick::Packed, Pick::MostRecent, Pick::LeastRecent] {
        never_none(THREADS, PoolConfig { pick, ..PoolConfig::new(THREADS) }, |_| false);
    }
}

/// Two threads take the seat of the other in turn, twenty words apart; four
/// have one in every fifth word.
#[test]
fn a_claim_never_misses_the_free_seat_of_many_words() {
    for pick in [Pick::Packed, Pick::LeastRecent] {
        let config = PoolConfig { pick, ..PoolConfig::new(641) };
        never_none(2, config, |seat| seat % 640 != 0);
        never_none(4, config, |seat| seat % 160 != 0 || seat == 640);
    }
}

/// A thread stops for good while it holds a request, a vacancy and a reap that
/// is half way through: only what it holds is missing to the others.
#[test]
fn a_thread_that_stops_for_good_stops_no_other() {
    let config = PoolConfig { instance_concurrency: 2, ..PoolConfig::new(4) };
    let watched = Watched::new(config);
    let finished = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let stopped = scope.spawn(|| {
            let held = watched.request().unwrap();
            let vacancy = watched.pool.begin().unwrap();
            let mut reap = watched.pool.reap(watched.now(), Duration::ZERO);
            assert_eq!(reap.next(), None, "it holds the only instance");
            tell.send(thread::current()).unwrap();
            // ORDERING: SeqCst: the test's own flag.
            while !finished.load(Ordering::SeqCst) {
                thread::park();
            }
            drop(vacancy);
            watched.end(held, false);
        });
        let parked = told.recv().unwrap();
        let others: Vec<_> = (1..u64::from(THREADS))
            .map(|seed| {
                let watched = &watched;
                scope.spawn(move || {
                    let (mut random, mut held, mut seen) =
                        (Random::new(seed), Vec::new(), Vec::new());
                    for _ in 0..100_000 {
                        watched.step(&mut random, &mut held, &mut seen);
                    }
                    held.into_iter().for_each(|held| watched.end(held, false));
                })
            })
            .collect();
        let ended: Vec<_> = others.into_iter().map(|other| other.join()).collect();
        let (tally, still_there) = (watched.pool.tally(), !stopped.is_finished());
        // Woken before any assertion, so that a failure does not hang the test.
        // ORDERING: SeqCst: the test's own flag.
        finished.store(true, Ordering::SeqCst);
        parked.unpark();
        assert!(ended.iter().all(Result::is_ok), "the others went on");
        assert!(still_there);
        assert_eq!(tally.in_flight, 1, "only the stopped thread's request");
    });
    watched.settle();
}
