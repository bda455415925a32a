//! Whole replays in virtual time, in requests a second.

use core::time::Duration as WallTime;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::placement::NodeSpec;
use warmstow_core::resources::Resources;
use warmstow_core::rng::Rng;
use warmstow_core::sim::{
    Arrivals, ColdStart, Distribution, Poisson, PoissonSpec, Report, SimConfig, SimFunction, Trace,
    TraceSeconds, Workload, replay,
};

/// Functions of the trace.
const FUNCTIONS: u32 = 500;
/// Requests of the trace.
const REQUESTS: usize = 200_000;

fn parse<T: core::str::FromStr>(text: &str) -> T
where
    T::Err: core::fmt::Debug,
{
    text.parse().expect("the text is valid")
}

/// The workload of SimFaaS's published example, for 100,000 s.
fn poisson() -> (SimConfig, Poisson) {
    let spec: PoissonSpec = parse("poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1e5");
    let function = SimFunction::new("f", FunctionSpec::of_memory(128));
    let workload = Poisson::new(spec, 1).expect("the workload is valid");
    (SimConfig::new(vec![function], cold_start()), workload)
}

fn cold_start() -> ColdStart {
    let stage = parse::<Distribution>("lognormal:0.2,0.5");
    ColdStart { environment: stage, code: stage }
}

/// An hour of 500 functions whose popularity falls as Zipf's law says, on 20
/// nodes, under an account limit that bites at times.
fn functions_on_a_fleet() -> (SimConfig, Trace) {
    let functions = (0..FUNCTIONS)
        .map(|index| {
            let spec = FunctionSpec::of_memory(128 << (index % 4));
            SimFunction::new(format!("f{index}"), FunctionSpec { max_instances: 200, ..spec })
        })
        .collect();
    let config = SimConfig {
        region: RegionConfig { account_limit: 50, ..RegionConfig::default() },
        nodes: vec![NodeSpec::new(Resources::new(32 * 1_024, 64 * 1_024), 0); 20],
        ..SimConfig::new(functions, cold_start())
    };
    (config, trace())
}

fn trace() -> Trace {
    let mut draws = Rng::stream(1, 0);
    let service = parse::<Distribution>("lognormal:0.8,1");
    let weights: Vec<f64> = (1..=FUNCTIONS).map(|rank| f64::from(rank).recip()).collect();
    let total: f64 = weights.iter().sum();
    let mut arrival_s: Vec<f64> = (0..REQUESTS).map(|_| draws.uniform_open() * 3_600.0).collect();
    arrival_s.sort_unstable_by(f64::total_cmp);
    let function: Vec<u32> = (0..REQUESTS)
        .map(|_| {
            let mut left = draws.uniform_open() * total;
            let found = weights.iter().position(|weight| {
                left -= weight;
                left <= 0.0
            });
            found.map_or(0, |index| u32::try_from(index).expect("few functions"))
        })
        .collect();
    let duration_s: Vec<f64> =
        (0..REQUESTS).map(|_| service.sample(&mut draws).as_secs_f64()).collect();
    let columns = TraceSeconds {
        arrival_s: &arrival_s,
        function: &function,
        duration_s: &duration_s,
        cold_start_s: None,
    };
    Trace::from_seconds(columns, None).expect("the trace is valid")
}

fn run<W: Workload>((config, workload): (SimConfig, W)) -> Report {
    replay(config, workload).expect("the replay is valid")
}

fn replays(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10).warm_up_time(WallTime::from_millis(300));
    group.measurement_time(WallTime::from_secs(3));

    let requests = run(poisson()).total.invocations;
    group.throughput(Throughput::Elements(requests));
    group.bench_function("ours: one function, Poisson", |bencher| {
        bencher.iter_batched(poisson, run, BatchSize::LargeInput);
    });

    let (config, trace) = functions_on_a_fleet();
    let shared = || (config.clone(), Arrivals::new(&trace));
    let report = run(shared());
    assert!(report.total.throttled() > 0, "the limit is meant to bite");
    group.throughput(Throughput::Elements(report.total.invocations));
    group.bench_function("ours: 500 functions, limits, 20 nodes", |bencher| {
        bencher.iter_batched(shared, run, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, replays);
criterion_main!(benches);
