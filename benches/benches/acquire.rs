//! A pair on one thread: every subject, one function of 64 instances.
//!
//! `warmstow-benches measure` has the cells of more threads, which need guards
//! that criterion does not have.

use core::time::Duration;
use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use warmstow_benches::harness::{Pattern, Requests};
use warmstow_benches::{Kind, Subject, Visitor, World, visit_all};

struct Pairs<'a>(BenchmarkGroup<'a, WallTime>);

impl Visitor for Pairs<'_> {
    fn visit<S: Subject>(&mut self, name: &'static str, _kind: Kind) {
        let world = World { functions: 1, instances: 64, account_limit: World::FAR, threads: 1 };
        let subject = S::new(&world);
        let pattern = Pattern::zipf(1, 0);
        let mut requests = Requests::new(&subject, 0, &pattern, 1);
        self.0.bench_function(name, |bencher| {
            bencher.iter_custom(|pairs| {
                let start = Instant::now();
                requests.make(u32::try_from(pairs).expect("a sample is shorter than seconds"));
                start.elapsed()
            });
        });
    }
}

fn acquire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("acquire + release");
    group.sample_size(50);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800));
    visit_all(&mut Pairs(group));
}

criterion_group!(benches, acquire);
criterion_main!(benches);
