//! The hold model of event queues: take the first event, schedule another an
//! exponential time later, with a number of events pending that stays.
//!
//! A step includes the draw and its logarithm, which every row pays alike.

use core::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use warmstow_benches::{BinaryHeapPeer, OurQueue, QuadHeapPeer, TimeQueue};
use warmstow_core::rng::Rng;

/// Mean time from an event to the one that it schedules, in nanoseconds.
const MEAN: f64 = 1e9;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some seconds, in nanoseconds"
)]
fn later(draws: &mut Rng) -> u64 {
    (-MEAN * draws.uniform_open().ln()) as u64
}

fn hold<Q: TimeQueue>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, pending: u32) {
    let mut draws = Rng::stream(3, 0);
    let mut queue = Q::default();
    for number in 0..pending {
        queue.push(later(&mut draws), number);
    }
    let mut step = || {
        let (now, number) = queue.pop().expect("as many are pending as at first");
        queue.push(now + later(&mut draws), number);
    };
    // Into the steady state: each event a few times.
    (0..4 * pending).for_each(|_| step());
    group.bench_function(name, |bencher| bencher.iter(&mut step));
}

fn queues(criterion: &mut Criterion) {
    for (pending, title) in [(1_000, "1k"), (30_000, "30k"), (1_000_000, "1M")] {
        let mut group =
            criterion.benchmark_group(format!("event queue: pop + push, {title} pending"));
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        hold::<BinaryHeapPeer>(&mut group, "peer: BinaryHeap", pending);
        hold::<QuadHeapPeer>(&mut group, "peer: 4-ary heap", pending);
        hold::<OurQueue>(&mut group, "warmstow: radix heap", pending);
        group.finish();
    }
}

criterion_group!(benches, queues);
criterion_main!(benches);
