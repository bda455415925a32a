//! The simulator against 20 measured experiments on AWS Lambda.
//!
//! Data: `examples/exp.csv` of SimFaaS (MIT, N. Mahmoudi 2020), where the
//! simulated and measured cold start probabilities differ by 12.23 % and the
//! instance counts by 3.05 % on average; another simulation of the same model
//! gave 12.95 % and 3.18 %. The measurements' own mean standard error is about
//! 10 %, so this is close to the noise.
#![cfg(feature = "sim")]

use warmstow_core::function::FunctionSpec;
use warmstow_core::sim::{
    ColdStart, Distribution, Poisson, PoissonSpec, SimConfig, SimFunction, replay,
};

/// See the ATTRIBUTION.md beside it.
const DATA: &str = include_str!("data/lambda-measurements.csv");

struct Experiment {
    rate_per_s: f64,
    warm_ms: f64,
    cold_ms: f64,
    instances: f64,
    cold_start_probability: f64,
}

fn read(text: &str) -> Vec<Experiment> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let rows = lines.filter(|line| !line.is_empty()).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let value = |name: &str| -> f64 {
            let column = names.iter().position(|other| *other == name).expect(name);
            fields[column].parse().expect(name)
        };
        assert_eq!(value("IdleMinutesBeforeKill"), 10.0);
        Experiment {
            rate_per_s: value("ArrivalRate"),
            warm_ms: value("ServiceTimeWarm"),
            cold_ms: value("ServiceTimeCold"),
            instances: value("AverageInstanceCount"),
            cold_start_probability: value("ColdStartProbability"),
        }
    });
    rows.collect()
}

/// The mean absolute percentage error.
fn mape(pairs: &[(f64, f64)]) -> f64 {
    let errors = pairs.iter().map(|(got, want)| (got / want - 1.0).abs());
    100.0 * errors.sum::<f64>() / pairs.len() as f64
}

#[test]
fn cold_starts_and_instances_are_those_measured_on_lambda() {
    let experiments = read(DATA);
    assert_eq!(experiments.len(), 20);
    let mean_s = |of: fn(&Experiment) -> f64| {
        experiments.iter().map(of).sum::<f64>() / experiments.len() as f64 / 1e3
    };
    let warm = Distribution::exponential(mean_s(|e| e.warm_ms)).unwrap();
    let cold = Distribution::exponential(mean_s(|e| e.cold_ms)).unwrap();

    let (mut colds, mut counts) = (Vec::new(), Vec::new());
    for (seed, experiment) in (0..).zip(&experiments) {
        let rate_per_s = experiment.rate_per_s;
        // At least 3,000 cold starts at every rate: 2 % of standard error.
        let duration_s = (2.5e6 / rate_per_s).min(2e7);
        let spec = PoissonSpec { rate_per_s, warm, cold: Some(cold), duration_s };
        let functions = vec![SimFunction::new("f", FunctionSpec::of_memory(128))];
        let config = SimConfig::new(functions, ColdStart::NONE);
        let total = replay(config, Poisson::new(spec, seed).unwrap()).unwrap().total;
        colds.push((total.cold_start_probability, experiment.cold_start_probability));
        counts.push((total.mean_instances, experiment.instances));
    }
    let (cold, count) = (mape(&colds), mape(&counts));
    eprintln!("MAPE: cold start probability {cold:.2} %, instances {count:.2} %");
    assert!((12.0..=13.5).contains(&cold), "cold start probability: {cold} %");
    assert!((2.8..=3.3).contains(&count), "instances: {count} %");
}
