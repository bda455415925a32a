//! One placement decision, for each strategy and beside the peers, on fleets
//! of 100 to 100,000 nodes; what is left when a fleet is full; and two threads
//! on one fleet.

use core::hint::black_box;
use core::time::Duration;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use warmstow_benches::placement::{
    ByMemory, ExactScan, Filled, FirstFit, Kube, Nomad, Ours, Placer, Scan, fill, fleet, half_full,
    instance,
};
use warmstow_core::placement::{SpreadBy, Strategy};
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::rng::Rng;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    group
}

/// The instances of the workload; a power of two of them.
fn instances() -> Vec<Resources> {
    let mut draws = Rng::stream(43, 0);
    (0..4_096).map(|_| instance(&mut draws)).collect()
}

/// Places four instances a node on a half-full fleet, then begins anew: from
/// half full to nine tenths.
fn decide<P: Placer>(group: &mut Group<'_>, name: &str, free: &[Resources]) {
    let needs = instances();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|mut rounds| {
            let mut spent = Duration::ZERO;
            while rounds > 0 {
                let now = rounds.min(4 * free.len() as u64);
                let mut placer = P::new(free);
                let start = Instant::now();
                for needed in needs.iter().cycle().take(usize::try_from(now).unwrap_or(0)) {
                    black_box(placer.place(black_box(*needed)));
                }
                spent += start.elapsed();
                rounds -= now;
            }
            spent
        });
    });
}

fn decision(criterion: &mut Criterion) {
    for nodes in [100, 1_000, 10_000, 100_000] {
        let free = half_full(nodes);
        let mut group = group(criterion, &format!("place, {nodes} nodes"));
        decide::<Scan>(&mut group, "floor: scan with AVX2, nothing taken", &free);
        decide::<ExactScan>(&mut group, "peer: exact best fit with AVX2", &free);
        decide::<FirstFit>(&mut group, "peer: first fit", &free);
        decide::<ByMemory>(&mut group, "peer: tree by free memory", &free);
        decide::<Nomad>(&mut group, "peer: scan as Nomad scores", &free);
        decide::<Kube<false>>(&mut group, "peer: two passes as kube-scheduler", &free);
        decide::<Kube<true>>(&mut group, "peer: the same, adaptive sample", &free);
        decide::<Ours<5>>(&mut group, "ours: binpack:balanced", &free);
        decide::<Ours<1>>(&mut group, "ours: binpack:memory", &free);
        decide::<Ours<0>>(&mut group, "ours: binpack:cpu", &free);
        decide::<Ours<3>>(&mut group, "ours: spread:node", &free);
        decide::<Ours<2>>(&mut group, "ours: spread:zone", &free);
        decide::<Ours<4>>(&mut group, "ours: random", &free);
        group.finish();
    }
}

// The numbers above.
const _: () = {
    assert!(matches!(Strategy::ALL[0], Strategy::Binpack(Resource::Cpu)));
    assert!(matches!(Strategy::ALL[1], Strategy::Binpack(Resource::Memory)));
    assert!(matches!(Strategy::ALL[2], Strategy::Spread(SpreadBy::Zone)));
    assert!(matches!(Strategy::ALL[3], Strategy::Spread(SpreadBy::Node)));
    assert!(matches!(Strategy::ALL[4], Strategy::Random));
    assert!(matches!(Strategy::ALL[5], Strategy::Balanced));
};

/// Fills a fleet until 200 instances in a row find no room: what is left, and
/// the time of an attempt, refusals and their reasons included.
#[expect(clippy::print_stdout, reason = "what is left is no time: criterion has no place for it")]
fn fill_up<P: Placer>(name: &str, nodes: u32) {
    let free = half_full(nodes);
    let mut placer = P::new(&free);
    let start = Instant::now();
    let filled = fill(&mut placer, &free, u64::MAX);
    let nanoseconds = start.elapsed().as_nanos() / u128::from(filled.attempts);
    let Filled { attempts, failures, cpu_left, memory_left } = filled;
    println!(
        "{nodes:>7} nodes  {name:<32} {nanoseconds:>7} ns an attempt, {failures} of {attempts} \
         refused; left: {cpu_left:.2} % of CPU, {memory_left:.2} % of memory"
    );
}

#[expect(clippy::print_stdout, reason = "as in fill_up")]
fn until_full(_: &mut Criterion) {
    println!("\nfrom half full until 200 in a row find no room");
    for nodes in [100, 1_000, 10_000] {
        fill_up::<ExactScan>("peer: exact best fit with AVX2", nodes);
        fill_up::<FirstFit>("peer: first fit", nodes);
        fill_up::<ByMemory>("peer: tree by free memory", nodes);
        fill_up::<Ours<5>>("ours: binpack:balanced", nodes);
        fill_up::<Ours<1>>("ours: binpack:memory", nodes);
        fill_up::<Ours<0>>("ours: binpack:cpu", nodes);
    }
}

/// `rounds` of `work` on each of `threads`; the time until all are done, for
/// one of all their rounds.
fn at_once(threads: u64, rounds: u64, work: impl Fn(&mut Rng) + Sync) -> Duration {
    let begin = Barrier::new(usize::try_from(threads).unwrap_or(1));
    let run = |thread: u64| {
        let mut draws = Rng::stream(7, thread);
        begin.wait();
        let start = Instant::now();
        (0..rounds).for_each(|_| work(&mut draws));
        start.elapsed()
    };
    let times = thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|number| scope.spawn(move || run(number))).collect();
        started.into_iter().map(|thread| thread.join().unwrap_or_default()).max()
    });
    times.unwrap_or_default()
}

/// Threads on one fleet of 10,000 nodes, each with rounds of its own.
fn together(criterion: &mut Criterion) {
    let free = half_full(10_000);
    let fleet = fleet(&free);
    let ids: Vec<_> = fleet.nodes().map(|view| view.id).collect();
    let needs = instances();
    let mut group = group(criterion, "10000 nodes: a round of each thread");
    for threads in [1, 2] {
        group.bench_function(format!("ours: reserve + release, {threads} threads"), |bencher| {
            bencher.iter_custom(|rounds| {
                at_once(threads, rounds, |draws| {
                    let node = ids[usize::try_from(draws.below(10_000)).unwrap_or(0)];
                    if let Ok(room) = fleet.reserve(node, Resources::new(64, 128)) {
                        let _held = fleet.release(black_box(room));
                    }
                })
            });
        });
        for strategy in [Strategy::Balanced, Strategy::Random] {
            group.bench_function(
                format!("ours: place + release, {strategy}, {threads} threads"),
                |bencher| {
                    bencher.iter_custom(|rounds| {
                        at_once(threads, rounds, |draws| {
                            let needed = needs[usize::try_from(draws.below(4_096)).unwrap_or(0)];
                            if let Ok(room) = fleet.place(needed, strategy) {
                                let _held = fleet.release(black_box(room));
                            }
                        })
                    });
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, decision, together, until_full);
criterion_main!(benches);
