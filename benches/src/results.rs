//! What one run found: the file that is kept in `benches/results/`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::growth::Curve;
use crate::harness::{Cell, Clock, Cores, Measured};
use crate::roster::Kind;

/// Everything that one `make bench` measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// Where.
    pub machine: Machine,
    /// A quick run, whose figures are not kept.
    pub quick: bool,
    /// Cells of one and more threads.
    pub cells: Vec<Row>,
    /// Instructions a pair; empty where valgrind does not run.
    pub instructions: Vec<Instructions>,
    /// How cost and memory grow.
    pub curves: Vec<Curve>,
    /// What criterion found.
    pub criterion: Vec<Timed>,
}

/// A machine, as far as it bears on the figures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The processor.
    pub processor: String,
    /// Cores that the benches could use.
    pub cores: u32,
    /// Of the machine, in MiB.
    pub memory_mib: u64,
    /// The operating system's version.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// What was measured: the commit, with `-dirty` where files were changed.
    pub commit: String,
    /// The day, in UTC.
    pub date: String,
    /// Mean number of runnable threads in the minute before.
    pub load_before: String,
    /// How time was taken.
    pub clock: String,
}

/// One subject in one cell.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// The subject.
    pub subject: String,
    /// What it is to the others.
    pub kind: Kind,
    /// The cell.
    #[serde(flatten)]
    pub cell: Cell,
    /// What was found.
    #[serde(flatten)]
    pub found: Measured,
}

/// Instructions of one subject.
#[derive(Debug, Serialize, Deserialize)]
pub struct Instructions {
    /// The subject.
    pub subject: String,
    /// One function, 64 instances.
    pub per_pair: f64,
}

/// One of criterion's benchmarks.
#[derive(Debug, Serialize, Deserialize)]
pub struct Timed {
    /// Its group.
    pub group: String,
    /// Its name in the group.
    pub name: String,
    /// The parameter, where it has one.
    pub parameter: Option<String>,
    /// The median of one iteration, in nanoseconds.
    pub median_ns: f64,
    /// The 95 % interval of the median.
    pub interval_ns: [f64; 2],
    /// What one iteration works on, where the benchmark says.
    pub elements: Option<u64>,
}

impl Machine {
    /// This one, now.
    pub fn here(cores: &Cores, clock: &Clock) -> Self {
        Self {
            processor: field("/proc/cpuinfo", "model name"),
            cores: cores.count(),
            memory_mib: field("/proc/meminfo", "MemTotal")
                .trim_end_matches(" kB")
                .parse::<u64>()
                .map_or(0, |kib| kib / 1_024),
            kernel: read("/proc/sys/kernel/osrelease"),
            rustc: said("rustc", &["--version"]),
            commit: said("git", &["describe", "--always", "--dirty", "--exclude=*"]),
            date: said("date", &["-u", "+%Y-%m-%d"]),
            load_before: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
            clock: clock.describe(),
        }
    }

    /// A name for its results: `amd-epyc-2core`.
    pub fn slug(&self) -> String {
        let words = self.processor.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<String> = words
            .filter(|word| !["", "R", "TM", "CPU", "Processor"].contains(word))
            .map(str::to_ascii_lowercase)
            .collect();
        format!("{}-{}core", words.join("-"), self.cores)
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The first value of `name:` in a file of the kernel's.
fn field(path: &str, name: &str) -> String {
    let text = read(path);
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.into_iter().find(|(key, _)| key.trim() == name);
    found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// What a program prints; nothing where it does not run.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// Reads a file of results.
///
/// # Errors
///
/// The file cannot be read, or is not such a file.
pub fn load(path: &Path) -> io::Result<Results> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// criterion's `benchmark.json`, of which these are used.
#[derive(Deserialize)]
struct Identity {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
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

/// Every result of criterion's below `folder`, by group and name.
pub fn of_criterion(folder: &Path) -> Vec<Timed> {
    let mut found = vec![];
    collect(folder, &mut found);
    found.sort_by(|a, b| (&a.group, &a.name, &a.parameter).cmp(&(&b.group, &b.name, &b.parameter)));
    found
}

fn collect(folder: &Path, found: &mut Vec<Timed>) {
    let new = folder.join("new");
    if let (Some(identity), Some(estimates)) = (
        parsed::<Identity>(&new.join("benchmark.json")),
        parsed::<Estimates>(&new.join("estimates.json")),
    ) {
        let Interval { lower_bound, upper_bound } = estimates.median.confidence_interval;
        found.push(Timed {
            name: identity.function_id.unwrap_or_else(|| identity.group_id.clone()),
            group: identity.group_id,
            parameter: identity.value_str,
            median_ns: estimates.median.point_estimate,
            interval_ns: [lower_bound, upper_bound],
            elements: match identity.throughput {
                Some(Throughput::Elements(count)) => Some(count),
                _ => None,
            },
        });
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), found);
        }
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_short_name() {
        let processor = "Intel(R) Xeon(R) CPU @ 2.80GHz".to_owned();
        let machine = Machine { processor, cores: 16, ..Machine::default() };
        assert_eq!(machine.slug(), "intel-xeon-2-80ghz-16core");
    }

    #[test]
    fn results_come_back_from_their_file_as_they_were() {
        let text = serde_json::to_string(&Results::default()).unwrap();
        let back: Results = serde_json::from_str(&text).unwrap();
        assert!(back.cells.is_empty() && !back.quick);
    }
}
