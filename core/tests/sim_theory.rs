//! The simulator against queueing theory and the published model of SimFaaS.
#![cfg(feature = "sim")]

use core::ops::Range;

use warmstow_core::function::{FunctionSpec, RegionConfig};
use warmstow_core::pool::Pick;
use warmstow_core::sim::{
    ColdStart, Distribution, Poisson, PoissonSpec, Report, SimConfig, SimFunction, Summary, replay,
};

/// The example of SimFaaS's README (N. Mahmoudi, H. Khazaei, "SimFaaS: A
/// Performance Simulator for Serverless Computing Platforms", CLOSER 2021).
const SIMFAAS: &str = "poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1e6";

fn one_function(spec: FunctionSpec) -> SimConfig {
    SimConfig::new(vec![SimFunction::new("f", spec)], ColdStart::NONE)
}

fn run(config: SimConfig, workload: PoissonSpec, seed: u64) -> Report {
    let poisson = Poisson::new(workload, seed).unwrap();
    replay(SimConfig { seed, ..config }, poisson).unwrap()
}

fn simfaas(pick: Pick, seeds: Range<u64>) -> Vec<Summary> {
    let spec = FunctionSpec { pick, ..FunctionSpec::of_memory(128) };
    let workload: PoissonSpec = SIMFAAS.parse().unwrap();
    seeds.map(|seed| run(one_function(spec), workload, seed).total).collect()
}

fn mean(summaries: &[Summary], of: impl Fn(&Summary) -> f64) -> f64 {
    summaries.iter().map(of).sum::<f64>() / summaries.len() as f64
}

/// Mean and half width of the 99.9 % confidence interval (Student's t for the
/// nine degrees of freedom of ten runs: 4.781).
fn interval(values: &[f64]) -> (f64, f64) {
    assert_eq!(values.len(), 10, "the quantile is that of ten runs");
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, 4.781 * (variance / n).sqrt())
}

#[track_caller]
fn assert_near(what: &str, got: f64, want: f64, tolerance: f64) {
    eprintln!("{what}: {got:.6}, wanted {want} +- {tolerance}");
    assert!((got - want).abs() <= tolerance, "{what}: {got}, wanted {want} +- {tolerance}");
}

#[test]
fn the_model_of_simfaas_gives_its_published_figures() {
    let runs = simfaas(Pick::Packed, 0..8);
    assert_near("p_cold", mean(&runs, |r| r.cold_start_probability), 0.001_33, 0.000_05);
    assert_near("instances", mean(&runs, |r| r.mean_instances), 7.70, 0.05);
    assert_near("busy", mean(&runs, |r| r.mean_busy_instances), 1.792, 0.005);
    assert_near("idle", mean(&runs, |r| r.mean_idle_instances), 5.91, 0.05);
    assert_near("lifespan", mean(&runs, |r| r.mean_instance_lifespan_s), 6_450.0, 200.0);
}

#[test]
fn the_order_of_picking_decides_how_many_instances_stay_warm() {
    let recent = simfaas(Pick::MostRecent, 0..3);
    assert_near("most recent", mean(&recent, |r| r.mean_instances), 7.69, 0.08);
    let least = simfaas(Pick::LeastRecent, 0..12);
    // Every instance comes round before its 600 s are over, so none expires
    // and there are as many as requests have ever met: 13.2 after some 1e7 s.
    for run in &least {
        assert_eq!((run.stopped_instances, run.peak_instances), (0, run.peak_concurrency));
        assert!(run.cold_start_probability < 3e-5, "{}", run.cold_start_probability);
    }
    let want = mean_record(0.9, 0.9 * 1.991, 1e6);
    // One run varies by 0.7: three standard errors of twelve.
    assert_near("least recent", mean(&least, |r| r.mean_instances), want, 0.6);
}

/// The time average over [0, `time`] of the most requests that have met so far
/// in M/G/infinity: level k is first reached at a rate of `rate` times the
/// chance of k - 1 (Poisson of mean `load`), rare and so nearly independent.
fn mean_record(rate: f64, load: f64, time: f64) -> f64 {
    let mut poisson = (-load).exp();
    let mut record = 0.0;
    for level in 1..40 {
        let expected = rate * poisson * time;
        record += 1.0 + (-expected).exp_m1() / expected;
        poisson *= load / f64::from(level);
    }
    record
}

#[test]
fn mean_busy_instances_are_littles_law() {
    for (text, load) in [
        ("rate=5,warm=exp:2,cold=exp:2,duration=1e5", 10.0),
        ("rate=5,warm=det:2,cold=det:2,duration=1e5", 10.0),
        ("rate=5,warm=lognormal:2,1.5,cold=lognormal:2,1.5,duration=1e5", 10.0),
    ] {
        let report = run(one_function(FunctionSpec::of_memory(128)), text.parse().unwrap(), 1);
        // M/G/infinity: the count is Poisson of variance 10, correlated over
        // about 2 to 5 s: a standard error of about 0.04 over 1e5 s.
        assert_near(text, report.total.mean_busy_instances, load, 0.15);
        let idle = report.total.mean_idle_instances;
        let sum = report.total.mean_busy_instances + idle;
        assert!((report.total.mean_instances - sum).abs() < 1e-9);
    }
}

/// B(a, c): A. K. Erlang, 1917, by the usual recursion.
fn erlang_b(load: f64, servers: u32) -> f64 {
    (1..=servers).fold(1.0, |b, c| load * b / (f64::from(c) + load * b))
}

/// One function at a limit of 20 requests, all cold starts free: M/G/20/20.
fn limited_to_20() -> SimConfig {
    let region = RegionConfig { account_limit: 20, ..RegionConfig::default() };
    SimConfig { region, ..one_function(FunctionSpec::of_memory(128)) }
}

#[track_caller]
fn refused(report: &Report) -> f64 {
    let total = &report.total;
    assert_eq!(total.throttles.len(), 1, "{:?}", total.throttles);
    assert_eq!(total.throttles[0].reason, "ConcurrentInvocationLimitExceeded");
    assert_eq!(total.peak_concurrency, 20);
    total.throttled() as f64 / total.invocations as f64
}

#[test]
fn nine_million_arrivals_are_refused_as_erlang_b_says() {
    let want = erlang_b(18.0, 20);
    assert!((want - 0.109_21).abs() < 5e-6, "{want}");
    let workload = "rate=18,warm=exp:1,duration=5e5".parse().unwrap();
    let report = run(limited_to_20(), workload, 1);
    assert!(report.total.invocations.abs_diff(9_000_000) < 15_000);
    assert_near("refused", refused(&report), want, want / 100.0);
}

#[test]
fn refusals_do_not_depend_on_the_shape_of_service() {
    let want = erlang_b(18.0, 20);
    for service in ["exp:1", "det:1", "lognormal:1,0.5", "lognormal:1,2"] {
        let warm: Distribution = service.parse().unwrap();
        let spec = PoissonSpec { rate_per_s: 18.0, warm, cold: None, duration_s: 2e4 };
        let runs: Vec<f64> =
            (0..10).map(|seed| refused(&run(limited_to_20(), spec, seed))).collect();
        let (got, half_width) = interval(&runs);
        // Wide enough to hold the truth, narrow enough to mean something.
        assert!(half_width < want / 20.0, "{service}: {half_width}");
        assert_near(service, got, want, half_width);
    }
}

#[test]
fn a_start_from_empty_refuses_as_erlang_b_less_the_beginning() {
    // SimFaaS's second example: 1,000 a second, a cap of 1,000 instances.
    let region = RegionConfig { account_limit: 5_000, ..RegionConfig::default() };
    let spec = FunctionSpec { max_instances: 1_000, ..FunctionSpec::of_memory(128) };
    let config = SimConfig { region, ..one_function(spec) };
    let text = "rate=1000,warm=exp:2.016,cold=exp:2.163,duration=1000";
    let report = run(config, text.parse().unwrap(), 1);
    assert_eq!(report.total.throttles[0].reason, "InstanceLimitExceeded");
    let share = report.total.throttled() as f64 / report.total.invocations as f64;
    assert_near("refused", share, 0.5039, 0.0025);
    assert!(share < erlang_b(2_016.0, 1_000));
}
