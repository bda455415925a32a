//! The report page, in Markdown, with its plots beside it.

use core::error::Error;
use core::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::table::{self, by_cell, write_line};
use super::{plot, targets};
use crate::growth::{Curve, Line};
use crate::harness::Pressure;
use crate::results::{Machine, Results};
use crate::roster::Kind;

/// Writes `NAME.json`, `NAME.md` and the folder `NAME` of plots into `folder`.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_page(results: &Results, folder: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let plots = folder.join(name);
    fs::create_dir_all(&plots)?;
    fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(results)?)?;
    let threads = threads(results);
    let criterion = of_parameters(results);
    let curves: Vec<&Curve> = results.curves.iter().chain(&threads).chain(&criterion).collect();
    for curve in &curves {
        plot::draw(curve, &plots.join(format!("{}.svg", curve.id)))?;
    }
    fs::write(folder.join(format!("{name}.md")), page(results, &curves, name)?)?;
    Ok(())
}

fn page(results: &Results, curves: &[&Curve], name: &str) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("# What was measured\n\n");
    machine(&mut text, &results.machine)?;
    text.push_str(&distance(results));
    if results.quick {
        text.push_str("\nA quick run: for a look, not for keeping.\n");
    }
    if results.machine.cores < 16 {
        text.push_str("\nThis machine has fewer than 16 cores: nothing here says how 16 do.\n");
    }
    text.push_str("\n## Targets\n\n");
    text.push_str(&target_table(results));
    text.push_str(
        "\n## Ours beside the best peer and the floor\n\n\
         A pair: a permit of the account and of the function, a warm instance, all given back. \
         Rates are over all threads; `?`: fewer than three repetitions had the cores to \
         themselves. Tails are of single pairs, timed apart from the rates, by a clock that \
         resolves some nanoseconds.\n\n",
    );
    text.push_str(&table::summary(results));
    instructions(&mut text, results)?;
    text.push_str(
        "\n## Growth\n\nThe exponent is over the whole range: 0 is constant, 1 linear.\n",
    );
    for curve in curves {
        write!(
            text,
            "\n### {} against {}\n\n![{2}]({name}/{2}.svg)\n\n",
            curve.y, curve.x, curve.id
        )?;
        text.push_str(&growth_table(curve));
    }
    text.push_str("\n## Every subject in every cell\n");
    for group in by_cell(results) {
        write!(text, "\n### {}\n\n{}", group.cell, table::cell(&group))?;
    }
    text.push_str("\n## What criterion found\n");
    for group in results.criterion.chunk_by(|a, b| a.group == b.group) {
        write!(text, "\n### {}\n\n{}", group[0].group, table::criterion(group))?;
    }
    Ok(text)
}

fn machine(text: &mut String, machine: &Machine) -> Result<(), core::fmt::Error> {
    let Machine { processor, cores, memory_mib, kernel, rustc, commit, date, load_before, clock } =
        machine;
    writeln!(text, "* {processor}, {cores} cores, {memory_mib} MiB, Linux {kernel}")?;
    writeln!(text, "* {rustc}; commit {commit}; {date}")?;
    writeln!(text, "* load in the minute before: {load_before}; time by {clock}")
}

/// How far apart the cores are, which decides what contention costs.
fn distance(results: &Results) -> String {
    let rallies = results.cells.iter().map(|row| row.found.rally_ns).filter(|ns| *ns > 0.0);
    let nearest = rallies.fold(f64::INFINITY, f64::min);
    if nearest.is_finite() {
        format!("* a cache line goes from one core to its neighbour in {nearest:.0} ns\n")
    } else {
        String::new()
    }
}

/// The targets as a table.
pub(super) fn target_table(results: &Results) -> String {
    let mut text = String::from("| target | measured | |\n|---|--:|---|\n");
    for target in targets(results) {
        let measured = table::ratio(target.measured);
        write_line(&mut text, &[target.must, measured, target.verdict.to_string()]);
    }
    text
}

fn instructions(text: &mut String, results: &Results) -> Result<(), core::fmt::Error> {
    text.push_str("\n## Instructions a pair\n\n");
    if results.instructions.is_empty() {
        text.push_str("Not counted: valgrind did not run.\n");
        return Ok(());
    }
    text.push_str("One function, 64 instances, one thread, counted by callgrind.\n\n");
    text.push_str("| subject | instructions |\n|---|--:|\n");
    for row in &results.instructions {
        writeln!(text, "| {} | {:.1} |", row.subject, row.per_pair)?;
    }
    Ok(())
}

fn growth_table(curve: &Curve) -> String {
    let mut text = String::from("| | from | to | exponent |\n|---|--:|--:|--:|\n");
    for line in &curve.lines {
        let point = |at: Option<&(f64, f64)>| {
            at.map_or_else(String::new, |(x, y)| format!("{y:.1} at {x:.0}"))
        };
        let (first, last) = (point(line.points.first()), point(line.points.last()));
        write_line(&mut text, &[line.name.clone(), first, last, table::ratio(line.exponent())]);
    }
    text
}

/// Total rate against threads: a plot for one function and one for many.
fn threads(results: &Results) -> Vec<Curve> {
    let shapes = [("threads-1-function", 1, 4_096), ("threads-1000-functions", 1_000, 64)];
    let mut curves = vec![];
    for (id, functions, instances) in shapes {
        let mut lines: Vec<Line> = vec![];
        for row in &results.cells {
            let cell = row.cell;
            let shown = (cell.functions, cell.instances) == (functions, instances)
                && (cell.held, cell.pressure) == (8, Pressure::Far)
                && row.kind != Kind::Part;
            if !shown {
                continue;
            }
            let point = (f64::from(cell.threads), row.found.m_per_s);
            match lines.iter_mut().find(|line| line.name == row.subject) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name: row.subject.clone(), points: vec![point] }),
            }
        }
        let y = format!("M pairs/s, {functions} functions of {instances}");
        curves.push(Curve { id: id.to_owned(), x: "threads".to_owned(), y, lines });
    }
    curves
}

/// A plot for each of criterion's groups whose benchmarks have a number for a parameter.
fn of_parameters(results: &Results) -> Vec<Curve> {
    let mut curves = vec![];
    for group in results.criterion.chunk_by(|a, b| a.group == b.group) {
        let mut lines: Vec<Line> = vec![];
        for timed in group {
            let number = timed.parameter.as_ref().and_then(|text| text.parse().ok());
            let Some(x) = number else { continue };
            match lines.iter_mut().find(|line| line.name == timed.name) {
                Some(line) => line.points.push((x, timed.median_ns)),
                None => {
                    let points = vec![(x, timed.median_ns)];
                    lines.push(Line { name: timed.name.clone(), points });
                }
            }
        }
        for line in &mut lines {
            line.points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        if !lines.is_empty() {
            let name = &group[0].group;
            let id = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let y = format!("{name}, ns");
            curves.push(Curve { id, x: "size".to_owned(), y, lines });
        }
    }
    curves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Timed;

    #[test]
    fn parameters_of_criterion_become_lines_in_order() {
        let timed = |parameter: &str, median_ns| Timed {
            group: "queue".to_owned(),
            name: "ours".to_owned(),
            parameter: Some(parameter.to_owned()),
            median_ns,
            interval_ns: [median_ns; 2],
            elements: None,
        };
        let criterion = vec![timed("1000", 9.0), timed("30", 7.0)];
        let curves = of_parameters(&Results { criterion, ..Results::default() });
        assert_eq!(curves[0].lines[0].points, [(30.0, 7.0), (1_000.0, 9.0)]);
    }

    #[test]
    fn a_page_says_what_was_not_measured() {
        let page = page(&Results::default(), &[], "x").unwrap();
        assert!(page.contains("fewer than 16 cores") && page.contains("not measured"));
        assert!(page.contains("valgrind did not run"));
    }
}
