//! When a scheduled action is due: `at(...)`, `rate(...)` and `cron(...)`.
//!
//! Source: Application Auto Scaling API Reference, "PutScheduledAction", and
//! Amazon EventBridge User Guide, "Cron expressions". Times are whole seconds
//! of Unix time, which the caller gives; a time zone is a fixed offset from
//! UTC (zones with daylight saving are the host's to resolve, by changing the
//! offset when it changes).

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

use super::cron::{Cron, CronError};

/// A time in seconds since 1970-01-01T00:00:00 UTC.
pub type UnixSeconds = i64;

/// When an action is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// Once.
    At(UnixSeconds),
    /// Again and again, this many seconds apart, from the start of the action
    /// on: first one period after it.
    Rate(NonZeroU64),
    /// By the calendar.
    Cron(Cron),
}

/// A text that is no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleError {
    /// None of `at(...)`, `rate(...)`, `cron(...)`.
    Form,
    /// Not `at(yyyy-mm-ddThh:mm:ss)`, or no such time.
    At,
    /// Not `rate(N unit)` with N above 0 and minute, minutes, hour, hours, day
    /// or days; the singular goes with 1 alone, as AWS demands.
    Rate,
    /// A field of the cron expression.
    Cron(CronError),
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("a schedule is at(...), rate(...) or cron(...)"),
            Self::At => f.write_str("at(...) needs a time yyyy-mm-ddThh:mm:ss"),
            Self::Rate => f.write_str(
                "rate(...) needs a number above 0 and minute(s), hour(s) or day(s), the singular \
                 with 1 alone",
            ),
            Self::Cron(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ScheduleError {}

/// What stands in `name(` and `)`.
fn inside<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Some(time) = inside(text, "at") {
            return parse_time(time).map(Self::At).ok_or(ScheduleError::At);
        }
        if let Some(rate) = inside(text, "rate") {
            return parse_rate(rate).map(Self::Rate).ok_or(ScheduleError::Rate);
        }
        let fields = inside(text, "cron").ok_or(ScheduleError::Form)?;
        Cron::parse(fields).map(Self::Cron).map_err(ScheduleError::Cron)
    }
}

fn parse_rate(text: &str) -> Option<NonZeroU64> {
    let mut parts = text.split_ascii_whitespace();
    let (number, unit) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let number = digits(number, 1..=18)?;
    let singular = matches!(unit, "minute" | "hour" | "day");
    let seconds: i64 = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    if singular != (number == 1) {
        return None;
    }
    NonZeroU64::new(u64::try_from(number.checked_mul(seconds)?).ok()?)
}

/// `yyyy-mm-ddThh:mm:ss` as Unix time, were it UTC.
fn parse_time(text: &str) -> Option<UnixSeconds> {
    let (date, time) = text.trim().split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    if date.next().is_some() || time.next().is_some() {
        return None;
    }
    let year = digits(year, 4..=4)?;
    let [month, day] = [digits(month, 2..=2)?, digits(day, 2..=2)?];
    let [hour, minute, second] =
        [digits(hour, 2..=2)?, digits(minute, 2..=2)?, digits(second, 2..=2)?];
    let valid = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    valid.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn digits(text: &str, length: core::ops::RangeInclusive<usize>) -> Option<i64> {
    let plain = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

/// Days since 1970-01-01 (Hinnant, "chrono-compatible low-level date
/// algorithms": years from March, eras of 400 years).
pub(super) const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days_from_civil`].
pub(super) const fn civil_from_days(days: i64) -> Civil {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400;
    Civil { year: if month <= 2 { year + 1 } else { year }, month, day }
}

pub(super) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Schedule {
    /// The first time after `after` at which it is due, of an action that
    /// began at `start` in a zone `offset` seconds east of UTC; `None` where
    /// there is none. At most some 80,000 steps (a cron expression that no day
    /// fulfils), usually few.
    pub fn next(&self, after: UnixSeconds, start: UnixSeconds, offset: i64) -> Option<UnixSeconds> {
        match self {
            Self::At(local) => local.checked_sub(offset).filter(|at| *at > after),
            Self::Rate(period) => {
                let period = i64::try_from(period.get()).ok()?;
                let passed = after.checked_sub(start)?.max(0) / period;
                start.checked_add(passed.checked_add(1)?.checked_mul(period)?)
            }
            Self::Cron(cron) => cron.next(after.checked_add(offset)?)?.checked_sub(offset),
        }
    }

    /// The last time at or before `at`; as [`Schedule::next`].
    pub fn last(&self, at: UnixSeconds, start: UnixSeconds, offset: i64) -> Option<UnixSeconds> {
        match self {
            Self::At(local) => local.checked_sub(offset).filter(|due| *due <= at),
            Self::Rate(period) => {
                let period = i64::try_from(period.get()).ok()?;
                let passed = at.checked_sub(start)? / period;
                (passed >= 1).then(|| start + passed * period)
            }
            Self::Cron(cron) => cron.last(at.checked_add(offset)?)?.checked_sub(offset),
        }
    }
}
