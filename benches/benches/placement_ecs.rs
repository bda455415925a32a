//! One decision by the rules of Amazon ECS, its room taken and another's given
//! back, beside a scan of all nodes that gives the same answers.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use warmstow_benches::placement::ecs::{Cluster, Ours, Rule, Scan};

const NODES: u32 = 5_000;

fn rounds<C: Cluster>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, rule: Rule, of: usize) {
    let mut cluster = C::new(rule, NODES, of);
    let mut service = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let start = Instant::now();
            for _ in 0..rounds {
                black_box(cluster.round(black_box(service)));
                service = (service + 1) % of;
            }
            start.elapsed()
        });
    });
}

/// Both give the same nodes.
fn agree(rule: Rule, of: usize) {
    let (mut ours, mut scan) = (Ours::new(rule, 600, of), Scan::new(rule, 600, of));
    for round in 0..3_000 {
        assert_eq!(ours.round(round % of), scan.round(round % of), "{rule:?}, round {round}");
    }
}

fn decision(criterion: &mut Criterion) {
    for (rule, name) in Rule::ALL {
        let mut group = criterion.benchmark_group(format!("ECS, {NODES} nodes, {name}"));
        group.sample_size(10).warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_millis(600));
        for of in [1, 10, 100] {
            agree(rule, of);
            rounds::<Ours>(&mut group, &format!("ours, {of} services in turn"), rule, of);
        }
        rounds::<Scan>(&mut group, "peer: scan of all nodes, 10 services in turn", rule, 10);
        group.finish();
    }
}

criterion_group!(benches, decision);
criterion_main!(benches);
