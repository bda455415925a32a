//! How cost and memory grow with the size of what is managed.

use core::hint::black_box;
use core::num::NonZeroU32;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use warmstow_core::placement::{self, Fleet, NodeSpec, Strategy};
use warmstow_core::pool::PoolConfig;
use warmstow_core::resources::Resources;

use crate::harness::{Clock, Pattern, Requests, median};
use crate::{FLOOR, Floor, OURS, Subject, WholeRegion, World};

/// One plot.
#[derive(Debug, Serialize, Deserialize)]
pub struct Curve {
    /// A name for files.
    pub id: String,
    /// What grows.
    pub x: String,
    /// What is measured, with its unit.
    pub y: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One line of a plot.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Size and figure, by size.
    pub points: Vec<(f64, f64)>,
}

impl Line {
    /// The exponent of growth from the first to the last point: 0 is constant,
    /// 1 is linear. `None` of fewer than two points.
    pub fn exponent(&self) -> Option<f64> {
        let ((x0, y0), (x1, y1)) = (self.points.first()?, self.points.last()?);
        (x1 > x0 && *y0 > 0.0).then(|| (y1 / y0).ln() / (x1 / x0).ln())
    }
}

/// Powers of ten up to `most`.
fn sizes(most: u32) -> impl Iterator<Item = u32> {
    (0..=6).map(|power| 10_u32.pow(power)).filter(move |size| *size <= most)
}

/// Every curve that one thread measures. A quick run stops at a tenth of the sizes.
pub fn curves(clock: &Clock, quick: bool) -> Vec<Curve> {
    let (large, fleet) = if quick { (100_000, 10_000) } else { (1_000_000, 100_000) };
    vec![functions(clock, large), instances(clock, large), nodes(clock, fleet), memory(large)]
}

/// Any of the functions at random: what is left of growth is the memory's own
/// latency, which the floor pays as well.
fn functions(clock: &Clock, most: u32) -> Curve {
    let world =
        |functions| World { functions, instances: 1, account_limit: World::FAR, threads: 1 };
    let pair = |functions| pair_ns::<WholeRegion<false>>(&world(functions), 0, clock);
    let floor = |functions| pair_ns::<Floor<4>>(&world(functions), 0, clock);
    let lines = vec![line(OURS, sizes(most), pair), line(FLOOR, sizes(most), floor)];
    curve("functions", "functions in the region", "a pair of one at random, ns", lines)
}

/// One function, of which none, half or all but one of the instances are busy.
fn instances(clock: &Clock, most: u32) -> Curve {
    let world =
        |instances| World { functions: 1, instances, account_limit: World::FAR, threads: 1 };
    let pair = |busy: fn(u32) -> u32| {
        move |size| pair_ns::<WholeRegion<false>>(&world(size), busy(size), clock)
    };
    let lines = vec![
        line("all idle", sizes(most), pair(|_| 0)),
        line("half busy", sizes(most), pair(|size| size / 2)),
        line("all but one busy", sizes(most), pair(|size| size - 1)),
    ];
    curve("instances", "instances of the function", "a pair, ns", lines)
}

/// A decision and its release, on nodes filled to a half.
fn nodes(clock: &Clock, most: u32) -> Curve {
    let lines = Strategy::ALL.into_iter().map(|strategy| {
        line(strategy.name(), sizes(most), |nodes| place_ns(nodes, strategy, clock))
    });
    curve("nodes", "nodes of the fleet", "place and release, ns", lines.collect())
}

/// From the sizes of the structures: exact.
fn memory(most: u32) -> Curve {
    let each = |words: usize, count: u32| as_f64(words) * 8.0 / f64::from(count);
    let pool = |count| each(PoolConfig::new(count).words(), count);
    let fleet = |count| each(placement::words(count), count);
    let lines = vec![line("an instance", sizes(most), pool), line("a node", sizes(most), fleet)];
    curve("memory", "instances or nodes", "bytes each", lines)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}

fn curve(id: &str, x: &str, y: &str, lines: Vec<Line>) -> Curve {
    Curve { id: id.to_owned(), x: x.to_owned(), y: y.to_owned(), lines }
}

fn line(name: &str, sizes: impl Iterator<Item = u32>, figure: impl Fn(u32) -> f64) -> Line {
    let points = sizes.map(|size| (size.into(), figure(size))).collect();
    Line { name: name.to_owned(), points }
}

/// Nanoseconds of a pair while `busy` instances of function 0 are held.
fn pair_ns<S: Subject>(world: &World, busy: u32, clock: &Clock) -> f64 {
    let subject = S::new(world);
    let held: Vec<_> = (0..busy).map_while(|_| subject.acquire(0, 0, 0)).collect();
    let pattern = Pattern::uniform(world.functions, 0);
    let mut requests = Requests::new(&subject, 0, &pattern, 1);
    let ns = each_ns(clock, |count| requests.make(count));
    for held in held {
        subject.release(0, 0, 1, held);
    }
    ns
}

fn place_ns(nodes: u32, strategy: Strategy, clock: &Clock) -> f64 {
    let fleet = Fleet::new(nodes, NonZeroU32::MIN, 1).expect("the size is in range");
    let (node, task) = (Resources::new(32_768, 65_536), Resources::new(1_024, 2_048));
    for index in 0..nodes {
        let zone = u8::try_from(index % 3).expect("three zones");
        let id = fleet.add_node(NodeSpec::new(node, zone)).expect("the fleet has room");
        for _ in 0..8 + index % 16 {
            drop(fleet.reserve(id, task));
        }
    }
    each_ns(clock, |count| {
        for _ in 0..count {
            let room = fleet.place(black_box(task), strategy).expect("the fleet is half empty");
            fleet.release(room).expect("the room is held");
        }
    })
}

/// The median time of one, over repetitions of at least a millisecond.
fn each_ns(clock: &Clock, mut run: impl FnMut(u32)) -> f64 {
    let millisecond = clock.ticks_in(Duration::from_millis(1));
    let mut repetition = || {
        let (start, mut done) = (clock.ticks(), 0_u32);
        loop {
            run(64);
            done += 64;
            let passed = clock.ticks() - start;
            if passed > millisecond {
                return clock.ns(passed) / f64::from(done);
            }
        }
    };
    // The first touches what the rest find in the caches.
    repetition();
    median((0..9).map(|_| repetition()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_tell_constant_from_linear() {
        let of = |y: fn(f64) -> f64| {
            let points = [1.0, 10.0, 100.0].map(|x| (x, y(x))).to_vec();
            Line { name: String::new(), points }.exponent().unwrap()
        };
        assert!(of(|_| 7.0).abs() < 1e-9);
        assert!((of(|x| 3.0 * x) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn sizes_are_powers_of_ten() {
        assert_eq!(sizes(1_000).collect::<Vec<_>>(), [1, 10, 100, 1_000]);
    }
}
