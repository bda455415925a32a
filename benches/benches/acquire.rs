//! Acquire and release of a warm instance, alone and with a second thread.
//!
//! The rows of two threads mean something only where both cores are free:
//! otherwise the threads take turns and contention looks cheap.

use core::hint::black_box;
use core::time::Duration;
use std::sync::Barrier;
use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use warmstow_benches::{
    ArrayQueuePeer, Floor, GateAlone, MutexPeer, PoolAlone, Subject, WholeRegion,
};

/// Times `pairs` on this thread.
fn run<S: Subject>(subject: &S, pairs: u64) -> Duration {
    let start = Instant::now();
    for now_ns in 0..pairs {
        let held = subject.acquire(black_box(now_ns)).expect("the limits are far away");
        subject.release(now_ns, black_box(held));
    }
    start.elapsed()
}

/// Times `pairs` on each of `threads` at once; the mean over threads.
fn run_together<S: Subject>(subject: &S, threads: u32, pairs: u64) -> Duration {
    let gate = Barrier::new(threads as usize);
    let sum: Duration = std::thread::scope(|scope| {
        let start = || {
            gate.wait();
            run(subject, pairs)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(start)).collect();
        running.into_iter().map(|thread| thread.join().expect("the run has no panic")).sum()
    });
    sum / threads
}

fn measure<S: Subject>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    threads: u32,
    subject: S,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|pairs| match threads {
            1 => run(&subject, pairs),
            _ => run_together(&subject, threads, pairs),
        });
    });
}

fn acquire(criterion: &mut Criterion) {
    for (threads, title) in [(1, "acquire + release"), (2, "acquire + release, 2 threads")] {
        let mut group = criterion.benchmark_group(title);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        let all = &mut group;
        measure(all, "floor: 2 atomic operations", threads, Floor::<1>::default());
        measure(all, "floor: 4 atomic operations", threads, Floor::<2>::default());
        measure(all, "peer: std Mutex", threads, MutexPeer::default());
        measure(all, "peer: crossbeam ArrayQueue", threads, ArrayQueuePeer::default());
        measure(all, "warmstow: limits alone", threads, GateAlone::default());
        measure(all, "warmstow: pool alone", threads, PoolAlone::default());
        measure(all, "warmstow: region", threads, WholeRegion::new(false));
        measure(all, "warmstow: region, reserved function", threads, WholeRegion::new(true));
        group.finish();
    }
}

criterion_group!(benches, acquire);
criterion_main!(benches);
