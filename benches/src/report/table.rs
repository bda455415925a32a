//! The tables: one row a subject and cell, beside the best peer and the floor.

use core::fmt::Write as _;

use crate::harness::Cell;
use crate::results::{Results, Row, Timed};
use crate::roster::{FLOOR, Kind, OURS};

/// The rows of one cell.
pub(super) struct CellRows<'a> {
    pub(super) cell: Cell,
    pub(super) rows: Vec<&'a Row>,
}

impl CellRows<'_> {
    fn rate(&self, subject: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.subject == subject).map(|row| row.found.m_per_s)
    }

    pub(super) fn ours(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.subject == OURS).copied()
    }

    pub(super) fn best_peer(&self) -> Option<&Row> {
        let peers = self.rows.iter().filter(|row| row.kind == Kind::Peer);
        peers.max_by(|a, b| a.found.m_per_s.total_cmp(&b.found.m_per_s)).copied()
    }

    /// How many times the best peer's rate ours is.
    pub(super) fn over_best_peer(&self) -> Option<f64> {
        Some(self.ours()?.found.m_per_s / self.best_peer()?.found.m_per_s)
    }

    /// How many times the floor's time ours takes.
    pub(super) fn over_floor(&self) -> Option<f64> {
        Some(self.rate(FLOOR)? / self.ours()?.found.m_per_s)
    }

    /// Ours, the best peer or both had no cores to themselves.
    pub(super) fn is_suspect(&self) -> bool {
        [self.ours(), self.best_peer()].into_iter().flatten().any(|row| row.found.suspect)
    }
}

/// The cells in their order.
pub(super) fn by_cell(results: &Results) -> Vec<CellRows<'_>> {
    let mut cells: Vec<CellRows<'_>> = vec![];
    for row in &results.cells {
        match cells.iter_mut().find(|group| group.cell == row.cell) {
            Some(group) => group.rows.push(row),
            None => cells.push(CellRows { cell: row.cell, rows: vec![row] }),
        }
    }
    cells
}

/// One line a cell: ours beside the best peer and the floor, in Markdown.
pub fn summary(results: &Results) -> String {
    let mut text = String::from(
        "| threads | functions x instances | held | limit | ours, M/s | ns a pair | p50 / p99 / p99.9 ns \
         | best peer, M/s | ours / best peer | time / 4-RMW floor |\n\
         |--:|--:|--:|---|--:|--:|--:|---|--:|--:|\n",
    );
    for group in by_cell(results) {
        let (Some(ours), Some(peer)) = (group.ours(), group.best_peer()) else { continue };
        let Cell { threads, functions, instances, held, pressure } = group.cell;
        let over = if ours.found.oversubscribed { " (oversubscribed)" } else { "" };
        let pressure = pressure.to_string();
        let limit = pressure.split(' ').next().unwrap_or_default();
        let tail = ours.found.tail;
        write_line(
            &mut text,
            &[
                format!("{threads}{over}"),
                format!("{functions} x {instances}"),
                held.to_string(),
                limit.to_owned(),
                rate(ours),
                format!("{:.1}", f64::from(threads) * 1e3 / ours.found.m_per_s),
                format!("{:.0} / {:.0} / {:.0}", tail.p50_ns, tail.p99_ns, tail.p999_ns),
                format!("{} ({})", rate(peer), short(&peer.subject)),
                ratio(group.over_best_peer()),
                ratio(group.over_floor()),
            ],
        );
    }
    text
}

/// Every subject of one cell.
pub(super) fn cell(group: &CellRows<'_>) -> String {
    let mut text = String::from(
        "| subject | M/s | ns a pair | refused | p50 ns | p99 ns | p99.9 ns | kept |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in &group.rows {
        let tail = row.found.tail;
        write_line(
            &mut text,
            &[
                row.subject.clone(),
                rate(row),
                format!("{:.1}", f64::from(group.cell.threads) * 1e3 / row.found.m_per_s),
                format!("{:.0} %", row.found.refused * 100.0),
                format!("{:.0}", tail.p50_ns),
                format!("{:.0}", tail.p99_ns),
                format!("{:.0}", tail.p999_ns),
                format!("{} of {}", row.found.kept, row.found.made),
            ],
        );
    }
    text
}

/// One group of criterion's.
pub(super) fn criterion(group: &[Timed]) -> String {
    let mut text = String::from("| | median | 95 % interval | rate |\n|---|--:|--:|--:|\n");
    for timed in group {
        let rate = timed.elements.map_or_else(String::new, |elements| per_s(elements, timed));
        let parameter = timed.parameter.as_ref().map_or_else(String::new, |p| format!(", {p}"));
        let [low, high] = timed.interval_ns;
        let interval = format!("{} to {}", time(low), time(high));
        let name = format!("{}{parameter}", timed.name);
        write_line(&mut text, &[name, time(timed.median_ns), interval, rate]);
    }
    text
}

pub(super) fn write_line(text: &mut String, fields: &[String]) {
    let written = writeln!(text, "| {} |", fields.join(" | "));
    debug_assert!(written.is_ok(), "a string takes everything");
}

/// A rate; `?` where another job held a core.
fn rate(row: &Row) -> String {
    format!("{:.1}{}", row.found.m_per_s, if row.found.suspect { "?" } else { "" })
}

pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// A subject without its kind.
pub(super) fn short(subject: &str) -> &str {
    subject.split_once(": ").map_or(subject, |(_, name)| name)
}

fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.3} s", ns / 1e9),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn per_s(elements: u64, timed: &Timed) -> String {
    format!("{:.1} M/s", elements as f64 / timed.median_ns * 1e3)
}
