//! The results as tables in Markdown.

use core::fmt::Write;
use core::time::Duration;
use std::collections::BTreeMap;

use super::data::{Instance, Set};
use super::run::Outcome;

/// The sums of a class, over the instances whose optimum is known.
#[derive(Clone, Debug, Default)]
struct Sums {
    instances: u64,
    known: u64,
    ours: Vec<u64>,
    bound: u64,
    optimum: u64,
    published: u64,
    has_published: bool,
    at_optimum: Vec<u64>,
    gaps: Vec<f64>,
    worst: u64,
}

impl Sums {
    fn add(&mut self, instance: &Instance, outcomes: &[Outcome]) {
        self.instances += 1;
        let Some(optimum) = instance.optimum else { return };
        self.ours.resize(outcomes.len(), 0);
        self.at_optimum.resize(outcomes.len(), 0);
        self.gaps.resize(outcomes.len(), 0.0);
        for (at, outcome) in outcomes.iter().enumerate() {
            self.ours[at] += outcome.bins;
            self.at_optimum[at] += u64::from(outcome.bins == optimum);
            self.gaps[at] += outcome.bins as f64 / optimum as f64 - 1.0;
        }
        let last = outcomes.last().map_or((0, 0), |outcome| (outcome.bound, outcome.bins));
        self.known += 1;
        self.bound += last.0;
        self.worst = self.worst.max(last.1.saturating_sub(optimum));
        self.optimum += optimum;
        self.published += instance.published.unwrap_or(0);
        self.has_published |= instance.published.is_some();
    }

    fn row(&self, label: &str) -> String {
        let mut row = format!("| {label} | {} | {}", self.instances, self.known);
        for (ours, at_optimum) in self.ours.iter().zip(&self.at_optimum) {
            let _ = write!(row, " | {ours} | {at_optimum}");
        }
        let published =
            if self.has_published { self.published.to_string() } else { "-".to_owned() };
        let _ = write!(row, " | {} | {} | {published} |", self.bound, self.optimum);
        row
    }
}

/// The tables of a set.
pub fn tables(set: Set, times: &[Duration], results: &[(Instance, Vec<Outcome>)]) -> String {
    let mut by_class: BTreeMap<(String, u64, u64), Sums> = BTreeMap::new();
    let mut all = Sums::default();
    for (instance, outcomes) in results {
        by_class.entry(key(&instance.class)).or_default().add(instance, outcomes);
        all.add(instance, outcomes);
    }
    let mut text = format!("## {}\n\n", set.name());
    for (at, time) in times.iter().enumerate() {
        let known = all.known.max(1) as f64;
        let ours = all.ours.get(at).copied().unwrap_or(0);
        let optimum = all.optimum.max(1) as f64;
        let _ = writeln!(
            text,
            "- {}: {ours} bins, optimum {}: {:+.2} % in sum, {:+.2} % in the mean of the \
             instances; {} of {} at the optimum",
            shown(*time),
            all.optimum,
            100.0 * (ours as f64 / optimum - 1.0),
            100.0 * all.gaps.get(at).copied().unwrap_or(0.0) / known,
            all.at_optimum.get(at).copied().unwrap_or(0),
            all.known,
        );
    }
    if all.has_published {
        let gap = 100.0 * (all.published as f64 / all.optimum.max(1) as f64 - 1.0);
        let _ = writeln!(
            text,
            "- best of all published heuristics: {} bins, {gap:+.2} % in sum",
            all.published
        );
    }
    let _ = writeln!(text, "- furthest from an optimum: {} bins", all.worst);
    let mut head = "\n| class, items, dimensions | instances | optimum known".to_owned();
    for time in times {
        let _ = write!(head, " | ours, {0} | optimal, {0}", shown(*time));
    }
    let columns = 3 + 2 * times.len() + 3;
    let _ = writeln!(text, "{head} | bound | optimum | published |");
    let _ = writeln!(text, "|---|{}", "--:|".repeat(columns - 1));
    for ((class, items, dims), sums) in &by_class {
        let label = match (items, dims) {
            (0, _) => class.clone(),
            _ => format!("{class}, {items}, {dims}"),
        };
        let _ = writeln!(text, "{}", sums.row(&label));
    }
    let _ = writeln!(text, "{}\n", all.row("**all**"));
    text
}

fn key(class: &str) -> (String, u64, u64) {
    let mut parts = class.split('_');
    let name = parts.next().unwrap_or(class).to_owned();
    let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    (name, number(), number())
}

fn shown(time: Duration) -> String {
    if time >= Duration::from_secs(1) {
        format!("{} s", time.as_secs_f64())
    } else {
        format!("{} ms", time.as_millis())
    }
}
