//! From bytes to columns, counts and text: mostly sound, so that the checks
//! behind the first are reached, with the ends of each range among them.

use warmstow_core::sim::TraceColumns;

use super::{Case, FUNCTIONS, LIMIT_NS, LIMIT_S, MAX_ROWS, Seconds};

/// A step of time.
const fn nanos([kind, size]: [u8; 2]) -> u64 {
    match kind {
        0..250 => (size as u64) << (kind % 40),
        250 => LIMIT_NS,
        251 => LIMIT_NS + 1,
        252 => u64::MAX,
        253.. => 0,
    }
}

const fn seconds_of([kind, size]: [u8; 2]) -> f64 {
    match kind {
        0..240 => size as f64 * [1e-9, 1e-3, 1.0, 60.5][kind as usize % 4],
        240 => LIMIT_S,
        241 => LIMIT_S * 1.000_000_1,
        242 => f64::NAN,
        243 => f64::INFINITY,
        244 => f64::NEG_INFINITY,
        245 => -0.0,
        246 => -1e-300,
        247 => 1e-300,
        248 => f64::MAX,
        _ => size as f64 / 7.0,
    }
}

const fn function(byte: u8) -> u32 {
    match byte {
        0..250 => byte as u32 % FUNCTIONS,
        250..253 => FUNCTIONS,
        253 => u32::MAX - 1,
        _ => u32::MAX,
    }
}

/// Cuts a column by one row where the flag says so.
fn cut<T>(mut column: Vec<T>, flags: u8, bit: u8) -> Vec<T> {
    if flags & 0b1100_0000 == 0b1100_0000 && flags >> bit & 1 == 1 {
        column.pop();
    }
    column
}

/// Rows of five bytes: two of time, one of the function, two of the duration.
fn rows(data: &[u8]) -> impl Iterator<Item = &[u8; 5]> + Clone {
    data.as_chunks::<5>().0.iter().take(MAX_ROWS)
}

pub(super) fn nanoseconds(flags: u8, data: &[u8]) -> Case {
    let mut at = 0_u64;
    let arrival = |row: &[u8; 5]| {
        // Now and then back in time.
        at = if row[0] == 255 {
            at.saturating_sub(1)
        } else {
            at.saturating_add(nanos([row[0], row[1]]))
        };
        at
    };
    let columns = TraceColumns {
        arrival_ns: rows(data).map(arrival).collect(),
        function: cut(rows(data).map(|row| function(row[2])).collect(), flags, 0),
        duration_ns: cut(rows(data).map(|row| nanos([row[3], row[4]])).collect(), flags, 1),
        cold_start_ns: (flags & 4 != 0)
            .then(|| cut(rows(data).map(|row| nanos([row[4], row[3]])).collect(), flags, 3)),
    };
    let last = columns.arrival_ns.last().copied().unwrap_or(0);
    let horizon = match flags >> 4 & 3 {
        0 | 1 => None,
        2 => Some(last.saturating_add(1_000_000_000)),
        _ => Some(last.saturating_sub(u64::from(flags & 1))),
    };
    Case::Nanoseconds(columns, horizon)
}

pub(super) fn seconds(flags: u8, data: &[u8]) -> Case {
    let mut at = 0.0;
    let arrival = |row: &[u8; 5]| {
        at += seconds_of([row[0], row[1]]);
        at
    };
    Case::Seconds(Seconds {
        arrival_s: rows(data).map(arrival).collect(),
        function: cut(rows(data).map(|row| function(row[2])).collect(), flags, 0),
        duration_s: cut(rows(data).map(|row| seconds_of([row[3], row[4]])).collect(), flags, 1),
        cold_start_s: (flags & 4 != 0)
            .then(|| cut(rows(data).map(|row| seconds_of([row[4], row[3]])).collect(), flags, 3)),
        horizon_s: (flags & 16 != 0).then(|| seconds_of([flags, flags >> 5])),
    })
}

/// Up to three functions: seven percentiles, a mean, and up to eight counts.
pub(super) fn minutes(flags: u8, data: &[u8]) -> Case {
    let function = |bytes: &[u8; 24]| {
        let mut ms = 0.0;
        let mut step = |at: usize| {
            ms += seconds_of([bytes[at], bytes[at + 1]]);
            ms
        };
        let curve = [0, 2, 4, 6, 8, 10, 12].map(&mut step);
        let mean = bytes[14].is_multiple_of(2).then(|| seconds_of([bytes[14], bytes[15]]));
        let counts = bytes[16..].iter().map(|&count| u32::from(count) % 40).collect();
        (cut(counts, flags, bytes[15] % 4), curve, mean)
    };
    Case::Minutes(data.as_chunks::<24>().0.iter().take(3).map(function).collect())
}

/// Words of the form, and raw text where the flags say so.
pub(super) fn poisson(flags: u8, data: &[u8]) -> String {
    const WORDS: [&str; 24] = [
        "poisson:",
        "rate=",
        "warm=",
        "cold=",
        "duration=",
        ",",
        "exp:",
        "det:",
        "lognormal:",
        "1",
        "0",
        "1e6",
        "1e9",
        "-1",
        "nan",
        "inf",
        "0.5",
        "1e-300",
        "1e400",
        " ",
        "=",
        ":",
        "rate=0.9,warm=exp:1.991,",
        "duration=1e4",
    ];
    if flags % 4 == 3 {
        return String::from_utf8_lossy(data).into_owned();
    }
    let words = data.iter().take(MAX_ROWS).map(|&byte| WORDS[usize::from(byte) % WORDS.len()]);
    words.collect()
}
