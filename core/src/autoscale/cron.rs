//! AWS's cron expressions: six fields over the calendar.
//!
//! Source: Amazon EventBridge User Guide, "Cron expressions". Minutes, hours,
//! day of month, month, day of week, year; one of the two day fields is `?`.
//! No library without std reads this form (they have other fields, or need a
//! clock), and the calendar is a page of integers.

use core::fmt;

use super::schedule::{Civil, UnixSeconds, civil_from_days, days_from_civil, days_in_month};

/// A field of a cron expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CronField {
    /// 0 to 59.
    Minutes,
    /// 0 to 23.
    Hours,
    /// 1 to 31, `L`, `LW`, `nW`, `?`.
    DayOfMonth,
    /// 1 to 12 or JAN to DEC.
    Month,
    /// 1 (Sunday) to 7 or SUN to SAT, `L`, `nL`, `n#k`, `?`.
    DayOfWeek,
    /// 1970 to 2199.
    Year,
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        })
    }
}

/// A text that is no cron expression of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CronError {
    /// Not six fields.
    Fields(usize),
    /// A field that cannot be read or is out of range.
    Field(CronField),
    /// Not exactly one of the two day fields is `?`.
    Days,
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields(count) => write!(f, "cron(...) has {count} fields: needs 6"),
            Self::Field(field) => write!(f, "cron(...): the field {field} cannot be read"),
            Self::Days => {
                f.write_str("cron(...): exactly one of day of month and day of week must be ?")
            }
        }
    }
}

impl core::error::Error for CronError {}

const FIRST_YEAR: i64 = 1970;
const LAST_YEAR: i64 = 2199;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Days {
    /// Days of the month, bit by day.
    OfMonth(u32),
    /// The last day.
    Last,
    /// The last weekday.
    LastWeekday,
    /// The weekday nearest to that day, within its month.
    NearestWeekday(i64),
    /// Days of the week, bit by day, Sunday is 1.
    OfWeek(u8),
    /// The last such day of the week.
    LastOfWeek(i64),
    /// The k-th such day of the week.
    NthOfWeek(i64, i64),
}

/// A cron expression, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u32,
    days: Days,
    months: u16,
    /// Bit by year from 1970.
    years: [u64; 4],
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A number or a name, which counts from 1.
fn number(text: &str, names: &[&str]) -> Option<i64> {
    if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return i64::try_from(at + 1).ok();
    }
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Calls `set` with each value of a list of `*`, `a`, `a-b`, each perhaps with
/// `/step`; `None` where it is none or leaves `least..=most`.
fn each(
    text: &str,
    (least, most): (i64, i64),
    names: &[&str],
    mut set: impl FnMut(i64),
) -> Option<()> {
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, &[]).filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = if range == "*" {
            (least, most)
        } else if let Some((first, last)) = range.split_once('-') {
            (number(first, names)?, number(last, names)?)
        } else {
            let first = number(range, names)?;
            // `5/10` runs to the end.
            (first, if step.is_some() { most } else { first })
        };
        if first < least || last > most || first > last {
            return None;
        }
        let mut value = first;
        while value <= last {
            set(value);
            value += step.unwrap_or(1);
        }
    }
    Some(())
}

fn set_of(text: &str, range: (i64, i64), names: &[&str]) -> Option<u64> {
    let mut bits = 0;
    each(text, range, names, |value| bits |= 1 << value)?;
    Some(bits)
}

fn day_of_month(text: &str) -> Option<Days> {
    match text {
        "L" => return Some(Days::Last),
        "LW" => return Some(Days::LastWeekday),
        _ => {}
    }
    if let Some(day) = text.strip_suffix('W') {
        let day = number(day, &[]).filter(|day| (1..=31).contains(day))?;
        return Some(Days::NearestWeekday(day));
    }
    u32::try_from(set_of(text, (1, 31), &[])?).ok().map(Days::OfMonth)
}

fn day_of_week(text: &str) -> Option<Days> {
    let one = |text: &str| number(text, &WEEKDAYS).filter(|day| (1..=7).contains(day));
    if text == "L" {
        // Alone it is the week's last day, Saturday.
        return Some(Days::OfWeek(1 << 7));
    }
    if let Some(day) = text.strip_suffix('L') {
        return one(day).map(Days::LastOfWeek);
    }
    if let Some((day, nth)) = text.split_once('#') {
        let nth = number(nth, &[]).filter(|nth| (1..=5).contains(nth))?;
        return one(day).map(|day| Days::NthOfWeek(day, nth));
    }
    u8::try_from(set_of(text, (1, 7), &WEEKDAYS)?).ok().map(Days::OfWeek)
}

/// 1 is Sunday. 1970-01-01 was a Thursday.
const fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7) + 1
}

const fn is_workday(weekday: i64) -> bool {
    weekday > 1 && weekday < 7
}

impl Cron {
    /// Reads what stands in the parentheses.
    ///
    /// # Errors
    /// [`CronError`] names the field.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let mut parts = text.split_ascii_whitespace();
        let mut fields = [""; 6];
        for field in &mut fields {
            *field = parts.next().unwrap_or_default();
        }
        let count = text.split_ascii_whitespace().count();
        if count != 6 {
            return Err(CronError::Fields(count));
        }
        let [minutes, hours, of_month, months, of_week, years] = fields;
        let minutes = set_of(minutes, (0, 59), &[]).ok_or(CronError::Field(CronField::Minutes))?;
        let hours = set_of(hours, (0, 23), &[]).and_then(|bits| u32::try_from(bits).ok());
        let hours = hours.ok_or(CronError::Field(CronField::Hours))?;
        let months = set_of(months, (1, 12), &MONTHS).and_then(|bits| u16::try_from(bits).ok());
        let months = months.ok_or(CronError::Field(CronField::Month))?;
        let days = match (of_month, of_week) {
            ("?", "?") => return Err(CronError::Days),
            (of_month, "?") => {
                day_of_month(of_month).ok_or(CronError::Field(CronField::DayOfMonth))?
            }
            ("?", of_week) => day_of_week(of_week).ok_or(CronError::Field(CronField::DayOfWeek))?,
            _ => return Err(CronError::Days),
        };
        let mut bits = [0_u64; 4];
        let read = each(years, (FIRST_YEAR, LAST_YEAR), &[], |year| {
            let at = year - FIRST_YEAR;
            if let Some(word) = usize::try_from(at / 64).ok().and_then(|at| bits.get_mut(at)) {
                *word |= 1 << (at % 64);
            }
        });
        read.ok_or(CronError::Field(CronField::Year))?;
        Ok(Self { minutes, hours, days, months, years: bits })
    }

    fn has_year(&self, year: i64) -> bool {
        let at = year - FIRST_YEAR;
        let word = usize::try_from(at.div_euclid(64)).ok().and_then(|at| self.years.get(at));
        word.is_some_and(|word| word >> at.rem_euclid(64) & 1 == 1)
    }

    /// Whether it is due on that day, days since 1970-01-01.
    fn has_day(&self, days: i64) -> bool {
        let Civil { year, month, day } = civil_from_days(days);
        if !self.has_year(year) || self.months >> month & 1 == 0 {
            return false;
        }
        let length = days_in_month(year, month);
        let today = weekday(days);
        match self.days {
            Days::OfMonth(bits) => bits >> day & 1 == 1,
            Days::Last => day == length,
            Days::LastWeekday => {
                let last = weekday(days_from_civil(year, month, length));
                day == length
                    - if last == 7 {
                        1
                    } else if last == 1 {
                        2
                    } else {
                        0
                    }
            }
            Days::NearestWeekday(wanted) => {
                is_workday(today) && wanted <= length && day == nearest(year, month, wanted)
            }
            Days::OfWeek(bits) => bits >> today & 1 == 1,
            Days::LastOfWeek(wanted) => today == wanted && day + 7 > length,
            Days::NthOfWeek(wanted, nth) => today == wanted && (day + 6) / 7 == nth,
        }
    }

    /// The first minute due after `local` seconds of the zone's own clock.
    pub fn next(&self, local: UnixSeconds) -> Option<UnixSeconds> {
        let first = local.div_euclid(60).checked_add(1)?.max(0);
        let (first_day, mut minute) = (first / 1_440, first % 1_440);
        let last_day = days_from_civil(LAST_YEAR, 12, 31);
        for day in first_day..=last_day {
            if self.has_day(day) {
                let due = (minute..1_440).find(|minute| self.has_minute(*minute));
                if let Some(due) = due {
                    return Some((day * 1_440 + due) * 60);
                }
            }
            minute = 0;
        }
        None
    }

    /// The last minute due at or before `local`.
    pub fn last(&self, local: UnixSeconds) -> Option<UnixSeconds> {
        let end = days_from_civil(LAST_YEAR, 12, 31) * 1_440 + 1_439;
        let at = local.div_euclid(60).min(end);
        if at < 0 {
            return None;
        }
        let (last_day, mut minute) = (at / 1_440, at % 1_440);
        for day in (0..=last_day).rev() {
            if self.has_day(day) {
                let due = (0..=minute).rev().find(|minute| self.has_minute(*minute));
                if let Some(due) = due {
                    return Some((day * 1_440 + due) * 60);
                }
            }
            minute = 1_439;
        }
        None
    }

    const fn has_minute(&self, of_day: i64) -> bool {
        self.hours >> (of_day / 60) & 1 == 1 && self.minutes >> (of_day % 60) & 1 == 1
    }
}

/// The weekday nearest to a day, within its month.
const fn nearest(year: i64, month: i64, wanted: i64) -> i64 {
    let length = days_in_month(year, month);
    match weekday(days_from_civil(year, month, wanted)) {
        // Saturday: the Friday before, or the Monday after if that is last month's.
        7 if wanted > 1 => wanted - 1,
        7 => wanted + 2,
        // Sunday: the Monday after, or the Friday before if that is next month's.
        1 if wanted < length => wanted + 1,
        1 => wanted - 2,
        _ => wanted,
    }
}
