//! One placement decision on fleets of 100 and 10,000 nodes, for each strategy.

use core::hint::black_box;
use core::num::NonZeroU32;
use core::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use warmstow_core::placement::{Fleet, NodeSpec, Strategy};
use warmstow_core::resources::Resources;
use warmstow_core::rng::Rng;
use warmstow_core::sync::AtomicU64;

type Nodes = Fleet<Box<[AtomicU64]>>;

/// What one node has: 32 vCPU and 64 GiB.
const NODE: Resources = Resources::new(32 * 1_024, 64 * 1_024);

/// An instance of 0.1 to 4 vCPU and 128 MiB to 8 GiB.
fn instance(draws: &mut Rng) -> Resources {
    let mut between = |least: u32, range: u64| {
        least + u32::try_from(draws.below(range)).expect("the ranges are small")
    };
    Resources::new(between(100, 4_000), between(128, 8_064))
}

/// Nodes of equal size, each filled to a random degree around one half.
fn half_full(nodes: u32) -> Nodes {
    let fleet = Fleet::new(nodes, NonZeroU32::MIN, 1).expect("the size is in range");
    let mut draws = Rng::stream(u64::from(nodes), 0);
    for index in 0..nodes {
        let zone = u8::try_from(index % 3).expect("three zones");
        let node = fleet.add_node(NodeSpec::new(NODE, zone)).expect("the fleet has room");
        for _ in 0..draws.below(16) {
            // The last of a well-filled node may find no room: it is full then.
            let _ = fleet.reserve(node, instance(&mut draws));
        }
    }
    fleet
}

fn place(criterion: &mut Criterion) {
    for nodes in [100, 10_000] {
        let mut group = criterion.benchmark_group(format!("place + release, {nodes} nodes"));
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        let fleet = half_full(nodes);
        for strategy in Strategy::ALL {
            let mut draws = Rng::stream(7, 0);
            group.bench_function(format!("warmstow: {strategy}"), |bencher| {
                bencher.iter_batched(
                    || instance(&mut draws),
                    |needed| {
                        let room = fleet.place(black_box(needed), strategy);
                        fleet.release(room.expect("the fleet is half empty"))
                    },
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, place);
criterion_main!(benches);
