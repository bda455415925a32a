//! Prints criterion's last results as one table, with the ratio to the best peer.
//!
//! Usage: `warmstow-benches CRITERION_FOLDER`. Rows named `floor:` and `peer:`
//! are what ours are set beside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Deserialize;

/// criterion's `benchmark.json`, of which these are used.
#[derive(Deserialize)]
struct Identity {
    group_id: String,
    function_id: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
enum Throughput {
    Elements(u64),
    #[serde(other)]
    Other,
}

/// criterion's `estimates.json`, of which this is used.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    confidence_interval: Interval,
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

struct Row {
    group: String,
    name: String,
    nanoseconds: Estimate,
    elements: Option<u64>,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: warmstow-benches CRITERION_FOLDER");
        return ExitCode::from(2);
    };
    let mut rows = vec![];
    collect(&folder, &mut rows);
    if rows.is_empty() {
        eprintln!("{}: no results of criterion", folder.display());
        return ExitCode::from(2);
    }
    rows.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    for group in rows.chunk_by(|a, b| a.group == b.group) {
        show(group);
    }
    ExitCode::SUCCESS
}

/// Every result below `folder`.
fn collect(folder: &Path, rows: &mut Vec<Row>) {
    let new = folder.join("new");
    if let (Some(identity), Some(estimates)) = (
        read::<Identity>(&new.join("benchmark.json")),
        read::<Estimates>(&new.join("estimates.json")),
    ) {
        rows.push(Row {
            name: identity.function_id.unwrap_or_else(|| identity.group_id.clone()),
            group: identity.group_id,
            nanoseconds: estimates.median,
            elements: match identity.throughput {
                Some(Throughput::Elements(count)) => Some(count),
                _ => None,
            },
        });
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), rows);
        }
    }
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn show(group: &[Row]) {
    let best_peer = group
        .iter()
        .filter(|row| row.name.starts_with("peer"))
        .map(|row| row.nanoseconds.point_estimate)
        .min_by(f64::total_cmp);
    println!("\n{}", group[0].group);
    println!("  {:<40} {:>11} {:>23} {:>12}", "", "median", "95 % interval", "best peer /");
    for row in group {
        let Interval { lower_bound, upper_bound } = row.nanoseconds.confidence_interval;
        let median = row.nanoseconds.point_estimate;
        let ratio = best_peer.map_or_else(String::new, |peer| format!("{:.2}", peer / median));
        let rate = row.elements.map_or_else(String::new, |elements| rate(elements, median));
        let interval = format!("{} - {}", time(lower_bound), time(upper_bound));
        println!("  {:<40} {:>11} {interval:>23} {ratio:>12} {rate}", row.name, time(median));
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        value if value < 1e3 => format!("{value:.1} ns"),
        value if value < 1e6 => format!("{:.2} us", value / 1e3),
        value if value < 1e9 => format!("{:.2} ms", value / 1e6),
        value => format!("{:.3} s", value / 1e9),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn rate(elements: u64, nanoseconds: f64) -> String {
    format!("{:.1} M/s", elements as f64 / nanoseconds * 1e3)
}
