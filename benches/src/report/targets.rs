//! The targets that the data plane is built for, and whether a run meets them.

use core::fmt;

use super::table::{CellRows, by_cell};
use crate::harness::Pressure;
use crate::results::Results;
use crate::roster::OURS;

/// One row of the table of targets.
#[derive(Debug)]
pub struct Target {
    /// What is measured, and what it must reach.
    pub must: String,
    /// What was measured; the worst cell where there are several.
    pub measured: Option<f64>,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// Whether a target holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    Missed,
    /// This run did not measure it, or other jobs held the cores.
    NotMeasured,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Missed => "**missed**",
            Self::NotMeasured => "not measured",
        })
    }
}

/// Whether more or less is better.
#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

fn target(must: &str, measured: Option<f64>, bound: Bound) -> Target {
    let verdict = match (measured, bound) {
        (None, _) => Verdict::NotMeasured,
        (Some(value), Bound::AtLeast(least)) if value >= least => Verdict::Holds,
        (Some(value), Bound::AtMost(most)) if value <= most => Verdict::Holds,
        _ => Verdict::Missed,
    };
    Target { must: must.to_owned(), measured, verdict }
}

/// Every target that one run can decide.
pub fn targets(results: &Results) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let all = by_cell(results);
    let worst = |of: &dyn Fn(&CellRows<'_>) -> bool| {
        let cells = all.iter().filter(|group| of(group) && !group.is_suspect());
        cells.filter_map(CellRows::over_best_peer).min_by(f64::total_cmp)
    };
    let headline = all.iter().find(|group| {
        let cell = group.cell;
        let far = cell.pressure == Pressure::Far && cell.held == 1 && cell.threads == 1;
        far && (cell.functions, cell.instances) == (1, 64)
    });
    let far = |group: &CellRows<'_>, threads| {
        group.cell.threads == threads && group.cell.pressure == Pressure::Far
    };
    let instructions = results.instructions.iter().find(|row| row.subject == OURS);
    let mut targets = vec![
        target(
            "1 thread, a pair: at most 1.1 x four uncontended RMWs",
            headline.and_then(CellRows::over_floor),
            AtMost(1.1),
        ),
        target(
            "1 thread, a pair: at most 80 instructions",
            instructions.map(|row| row.per_pair),
            AtMost(80.0),
        ),
        target(
            "1 thread, every cell far from the limit: at least 1.25 x the best peer",
            worst(&|group| far(group, 1)),
            AtLeast(1.25),
        ),
        target(
            "2 threads, every cell far from the limit: at least 3 x the best peer",
            worst(&|group| far(group, 2)),
            AtLeast(3.0),
        ),
        target(
            "16 threads, one function: at least 50 x the best peer",
            worst(&|group| far(group, 16) && group.cell.functions == 1),
            AtLeast(50.0),
        ),
        target(
            "one function, M/s: the least rise with a doubling of threads, up to 16",
            least_rise(&all),
            AtLeast(1.0),
        ),
        target(
            "16 threads, 1,000 functions: at least 10 x the best peer",
            worst(&|group| far(group, 16) && group.cell.functions > 1),
            AtLeast(10.0),
        ),
        target(
            "at the limit, every cell: at least the best peer",
            worst(&|group| group.cell.pressure == Pressure::At),
            AtLeast(1.0),
        ),
    ];
    for (name, most) in [("an instance", 32.0), ("a node", 64.0)] {
        let must = format!("memory: {name} at most {most} bytes, in the thousands");
        targets.push(target(&must, bytes(results, name), AtMost(most)));
    }
    for (group, must, least) in [
        ("replay one function", "replay, one function: at least 17 M requests a second", 17.0),
        ("replay 500 functions", "replay, 500 functions: at least 5 M requests a second", 5.0),
    ] {
        targets.push(target(must, replayed(results, group), AtLeast(least)));
    }
    targets
}

/// The least ratio of the rate to that at half the threads; only with 16.
fn least_rise(all: &[CellRows<'_>]) -> Option<f64> {
    let rate = |threads| {
        let of = |group: &&CellRows<'_>| {
            let cell = group.cell;
            cell.threads == threads
                && (cell.functions, cell.instances) == (1, 4_096)
                && (cell.held, cell.pressure) == (8, Pressure::Far)
        };
        all.iter().find(of)?.ours().map(|row| row.found.m_per_s)
    };
    let rises = [1, 2, 4, 8].map(|threads| Some(rate(2 * threads)? / rate(threads)?));
    rises.into_iter().collect::<Option<Vec<f64>>>()?.into_iter().min_by(f64::total_cmp)
}

/// Bytes each at the largest size measured.
fn bytes(results: &Results, name: &str) -> Option<f64> {
    let curve = results.curves.iter().find(|curve| curve.id == "memory")?;
    let line = curve.lines.iter().find(|line| line.name == name)?;
    line.points.last().map(|(_, bytes)| *bytes)
}

/// Millions of requests a second.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn replayed(results: &Results, words: &str) -> Option<f64> {
    let (group, name) = words.split_once(' ')?;
    let mut rows = results.criterion.iter();
    let row = rows.find(|row| row.group == group && row.name.contains(name))?;
    row.elements.map(|elements| elements as f64 / row.median_ns * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Cell, Measured, Tail};
    use crate::results::Row;
    use crate::roster::Kind;

    fn row(subject: &str, kind: Kind, threads: u32, m_per_s: f64, suspect: bool) -> Row {
        let cell = Cell { threads, functions: 1, instances: 64, held: 1, pressure: Pressure::Far };
        let found = Measured {
            m_per_s,
            refused: 0.0,
            kept: 9,
            made: 9,
            suspect,
            oversubscribed: false,
            rally_ns: 20.0,
            tail: Tail::default(),
        };
        Row { subject: subject.to_owned(), kind, cell, found }
    }

    fn verdict(results: &Results, start: &str) -> Verdict {
        let all = targets(results);
        all.iter().find(|target| target.must.starts_with(start)).unwrap().verdict
    }

    #[test]
    fn a_target_is_held_missed_or_not_measured() {
        let mut results = Results::default();
        assert_eq!(verdict(&results, "2 threads"), Verdict::NotMeasured);
        for (threads, ours) in [(1, 90.0), (2, 100.0)] {
            results.cells.push(row("peer: a", Kind::Peer, threads, 30.0, false));
            results.cells.push(row("peer: b", Kind::Peer, threads, 50.0, false));
            results.cells.push(row(OURS, Kind::Ours, threads, ours, false));
        }
        assert_eq!(verdict(&results, "1 thread, every cell"), Verdict::Holds);
        assert_eq!(verdict(&results, "2 threads"), Verdict::Missed);
    }

    #[test]
    fn a_suspect_cell_decides_nothing() {
        let mut results = Results::default();
        results.cells.push(row("peer: a", Kind::Peer, 2, 10.0, true));
        results.cells.push(row(OURS, Kind::Ours, 2, 100.0, false));
        assert_eq!(verdict(&results, "2 threads"), Verdict::NotMeasured);
    }
}
