//! Values that are not compared as text: versions and dates.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

/// A version of the container agent: numbers between dots, compared number by
/// number, a missing one as 0. `1.9.0 < 1.14`, `1.14 == 1.14.0`.
#[derive(Clone, Debug)]
pub struct Version(Vec<u64>);

impl Version {
    /// The version that `text` names: numbers between dots, `v` before them and
    /// anything after a `-` or `+` left out. `None` where it names none. O(text).
    ///
    /// ```
    /// use warmstow_core::placement::constraint::Version;
    ///
    /// assert!(Version::parse("1.9.0") < Version::parse("1.14"));
    /// assert_eq!(Version::parse("one"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.strip_prefix('v').unwrap_or(text);
        let numbers = numbers.split(['-', '+']).next().unwrap_or("");
        let numbers: Option<Vec<u64>> = numbers.split('.').map(whole_number).collect();
        numbers.map(Self)
    }

    fn number(&self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or(0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = 0..self.0.len().max(other.0.len());
        places
            .map(|place| self.number(place).cmp(&other.number(place)))
            .fold(Ordering::Equal, Ordering::then)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.0.iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

/// A number of decimal digits alone.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A number as attributes may hold it: digits, a sign before, a fraction after.
/// Compared exactly, in units of 10^-9; digits beyond those are left out.
pub(super) fn decimal(text: &str) -> Option<i128> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    let whole = i128::from(whole_number(whole)?);
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().map(|byte| i128::from(byte - b'0'));
    let nine = digits.chain(core::iter::repeat(0)).take(9);
    let fraction = nine.fold(0, |sum, digit| sum * 10 + digit);
    Some(sign * (whole * 1_000_000_000 + fraction))
}

/// The seconds since 1970-01-01T00:00:00Z that a date names: `2018-06-18`, with
/// or without `T22:28:28`, and after that `Z`, `+00:00`, or nothing for UTC.
pub(super) fn unix_seconds(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * 86_400;
    Some(midnight + time.map_or(Some(0), seconds_of_day)?)
}

/// The seconds since midnight UTC of `22:28:28` with its zone.
fn seconds_of_day(text: &str) -> Option<i64> {
    let (time, zone) = text.split_at_checked(8)?;
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match zone {
        "" | "Z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let [hours, minutes] = fields(zone.strip_prefix(['+', '-'])?, ':', [2, 2])?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3_600 + minutes * 60)
        }
    };
    Some(hour * 3_600 + minute * 60 + second - offset)
}

/// Numbers of so many digits between `dash`es, and nothing else.
fn fields<const N: usize>(text: &str, dash: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(dash);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *number = i64::try_from(whole_number(part)?).ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, years counted from
/// March so that the leap day is the last (H. Hinnant, "chrono-compatible
/// low-level date algorithms").
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(unix_seconds("1970-01-01"), Some(0));
        assert_eq!(unix_seconds("2018-06-18T22:28:28"), Some(1_529_360_908));
        assert_eq!(unix_seconds("2018-06-18T22:28:28Z"), Some(1_529_360_908));
        assert_eq!(unix_seconds("2018-06-18T22:28:28+00:00"), Some(1_529_360_908));
        assert_eq!(unix_seconds("2018-06-19T00:28:28+02:00"), Some(1_529_360_908));
        assert_eq!(unix_seconds("2000-02-29"), Some(951_782_400));
        assert_eq!(unix_seconds("1969-12-31T23:59:59"), Some(-1));
    }

    #[test]
    fn what_is_no_date_is_none() {
        let wrong = [
            "2018-6-18",
            "2018-13-01",
            "2018-00-01",
            "2019-02-29",
            "1900-02-29",
            "2018-06-31",
            "2018-06-18T",
            "2018-06-18T24:00:00",
            "2018-06-18T22:28",
            "2018-06-18T22:28:28z",
            "2018-06-18T22:28:28+0000",
            "2018-06-18-01",
            "",
            "T22:28:28",
            "2018-06-18T22:28:2é",
        ];
        for text in wrong {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn versions_compare_number_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("1.9.0") < version("1.14.1"));
        assert!(version("2") > version("1.99.99"));
        assert_eq!(version("v1.14"), version("1.14.0"));
        assert_eq!(version("1.14.0-rc1"), version("1.14"));
        assert_eq!(version("1.14.2").to_string(), "1.14.2");
        for text in ["", "1.", ".1", "one", "1.x", "1..2", "1.99999999999999999999"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("12"), Some(12_000_000_000));
        assert_eq!(decimal("-0.5"), Some(-500_000_000));
        assert!(decimal("0.1") < decimal("0.12"));
        for text in ["", "-", "1.", ".5", "1e3", "t2", "1.2.3"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
