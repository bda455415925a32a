//! Schedule expressions: AWS's own examples, and the calendar.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::schedule::{civil_from_days, days_from_civil, days_in_month};
use super::super::*;

fn read(text: &str) -> Schedule {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Unix time of a UTC time.
fn utc(text: &str) -> i64 {
    match read(&alloc::format!("at({text})")) {
        Schedule::At(at) => at,
        other => panic!("{other:?}"),
    }
}

/// The next times after `from` as text, the zone being UTC.
fn next(text: &str, from: &str, count: usize) -> Vec<i64> {
    let schedule = read(text);
    let mut at = utc(from);
    let step = || {
        at = schedule.next(at, 0, 0)?;
        Some(at)
    };
    core::iter::from_fn(step).take(count).collect()
}

fn times(texts: &[&str]) -> Vec<i64> {
    texts.iter().map(|text| utc(text)).collect()
}

#[test]
fn days_of_the_calendar_count_both_ways() {
    assert_eq!(days_from_civil(1970, 1, 1), 0);
    assert_eq!(days_from_civil(2000, 2, 29), 11_016);
    assert_eq!(utc("2026-01-05T00:00:00"), 1_767_571_200);
    let mut days = days_from_civil(1899, 12, 31);
    for year in 1900..2201 {
        for month in 1..=12 {
            for day in 1..=days_in_month(year, month) {
                days += 1;
                let civil = civil_from_days(days);
                assert_eq!((civil.year, civil.month, civil.day), (year, month, day));
                assert_eq!(days_from_civil(year, month, day), days);
            }
        }
    }
}

#[test]
fn the_examples_of_the_user_guide_are_due_when_it_says() {
    // Amazon EventBridge User Guide, "Cron expressions", examples.
    assert_eq!(
        next("cron(0 10 * * ? *)", "2026-03-01T10:00:00", 2),
        times(&["2026-03-02T10:00:00", "2026-03-03T10:00:00"])
    );
    assert_eq!(
        next("cron(0 18 ? * MON-FRI *)", "2026-03-06T12:00:00", 2),
        times(&["2026-03-06T18:00:00", "2026-03-09T18:00:00"]),
        "Friday, then Monday"
    );
    assert_eq!(
        next("cron(0 8 1 * ? *)", "2026-01-15T00:00:00", 2),
        times(&["2026-02-01T08:00:00", "2026-03-01T08:00:00"])
    );
    assert_eq!(
        next("cron(0/15 * * * ? *)", "2026-01-01T00:01:00", 3),
        times(&["2026-01-01T00:15:00", "2026-01-01T00:30:00", "2026-01-01T00:45:00"])
    );
    assert_eq!(
        next("cron(0/30 20-23 ? * MON-FRI *)", "2026-03-06T23:10:00", 2),
        times(&["2026-03-06T23:30:00", "2026-03-09T20:00:00"])
    );
    assert_eq!(
        next("cron(15 10 ? * 6L 2026-2028)", "2026-01-01T00:00:00", 2),
        times(&["2026-01-30T10:15:00", "2026-02-27T10:15:00"]),
        "the last Friday"
    );
}

#[test]
fn special_days_are_found() {
    let days = |text: &str, count| next(text, "2026-01-01T00:00:00", count);
    assert_eq!(
        days("cron(0 0 L * ? *)", 2),
        times(&["2026-01-31T00:00:00", "2026-02-28T00:00:00"])
    );
    // 31 January 2026 is a Saturday; so is 28 February.
    assert_eq!(
        days("cron(0 0 LW * ? *)", 2),
        times(&["2026-01-30T00:00:00", "2026-02-27T00:00:00"])
    );
    // 3 January is a Saturday: Friday the 2nd. 1 February is a Sunday: Monday
    // the 2nd, and not in January.
    assert_eq!(days("cron(0 0 3W * ? *)", 1), times(&["2026-01-02T00:00:00"]));
    assert_eq!(days("cron(0 0 1W 2 ? *)", 1), times(&["2026-02-02T00:00:00"]));
    // 1 August 2026 is a Saturday: not Friday 31 July, but Monday the 3rd.
    assert_eq!(days("cron(0 0 1W 8 ? *)", 1), times(&["2026-08-03T00:00:00"]));
    // 31 May 2026 is a Sunday, the month's last day: Friday the 29th.
    assert_eq!(days("cron(0 0 31W 5 ? *)", 1), times(&["2026-05-29T00:00:00"]));
    assert_eq!(
        days("cron(0 0 ? * 3#1 *)", 2),
        times(&["2026-01-06T00:00:00", "2026-02-03T00:00:00"])
    );
    assert_eq!(days("cron(0 0 ? * L *)", 1), times(&["2026-01-03T00:00:00"]), "Saturday");
    assert_eq!(days("cron(0 0 29 FEB ? *)", 1), times(&["2028-02-29T00:00:00"]));
    assert_eq!(days("cron(0 0 ? JAN,MAR SUN,2 2027)", 1), times(&["2027-01-03T00:00:00"]));
    assert!(days("cron(0 0 30 2 ? *)", 1).is_empty(), "never");
    assert!(days("cron(0 0 1 1 ? 1970-2025)", 1).is_empty(), "no more");
}

#[test]
fn the_last_time_is_the_one_whose_next_is_ahead() {
    for text in
        ["cron(7 3 ? * TUE *)", "cron(0/15 * * * ? *)", "cron(0 0 L * ? *)", "rate(7 hours)"]
    {
        let schedule = read(text);
        let start = utc("2026-01-01T00:00:30");
        let mut at = start;
        for _ in 0..50 {
            let due = schedule.next(at, start, 0).unwrap();
            assert!(due > at, "{text}");
            assert_eq!(schedule.last(due, start, 0), Some(due), "{text}");
            let before = schedule.last(due - 1, start, 0);
            assert!(before.is_none_or(|before| before <= at), "{text}");
            at = due;
        }
    }
}

#[test]
fn a_zone_is_an_offset_from_utc() {
    let schedule = read("cron(0 9 * * ? *)");
    let (after, east) = (utc("2026-01-01T00:00:00"), 9 * 3_600);
    assert_eq!(schedule.next(after, 0, east), Some(utc("2026-01-02T00:00:00")));
    assert_eq!(schedule.last(after, 0, east), Some(after));
    let once = read("at(2026-01-01T09:00:00)");
    assert_eq!(once.next(after - 1, 0, east), Some(after));
    assert_eq!(once.next(after, 0, east), None);
}

#[test]
fn rates_count_from_the_start() {
    let schedule = read("rate(5 minutes)");
    assert_eq!(schedule.next(0, 100, 0), Some(400), "one period after the start");
    assert_eq!(schedule.next(400, 100, 0), Some(700));
    assert_eq!(schedule.last(399, 100, 0), None);
    assert_eq!(schedule.last(999, 100, 0), Some(700));
    assert_eq!(read("rate(1 day)"), Schedule::Rate(86_400.try_into().unwrap()));
    assert_eq!(schedule.next(i64::MAX, 0, 0), None, "no overflow");
}

#[test]
fn what_is_no_schedule_is_named() {
    let refused = |text: &str| text.parse::<Schedule>().unwrap_err();
    use CronField::{DayOfMonth, DayOfWeek, Hours, Minutes, Month, Year};
    use ScheduleError as E;
    for text in ["", "every day", "cron 0 0 * * ? *", "at(2026-01-01", "Cron(0 0 * * ? *)"] {
        assert_eq!(refused(text), E::Form, "{text}");
    }
    for text in
        ["at()", "at(2026-02-29T00:00:00)", "at(2026-1-01T00:00:00)", "at(2026-01-01T24:00:00)"]
    {
        assert_eq!(refused(text), E::At, "{text}");
    }
    for text in [
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "rate(5)",
        "rate(-1 days)",
    ] {
        assert_eq!(refused(text), E::Rate, "{text}");
    }
    for (text, field) in [
        ("60 * * * ? *", Minutes),
        ("*/0 * * * ? *", Minutes),
        ("0 24 * * ? *", Hours),
        ("0 0 32 * ? *", DayOfMonth),
        ("0 0 5-1 * ? *", DayOfMonth),
        ("0 0 WL * ? *", DayOfMonth),
        ("0 0 1 13 ? *", Month),
        ("0 0 1 JANUARY ? *", Month),
        ("0 0 ? * 0 *", DayOfWeek),
        ("0 0 ? * 2#6 *", DayOfWeek),
        ("0 0 1 1 ? 1969", Year),
        ("0 0 1 1 ? 2200", Year),
    ] {
        let error = refused(&alloc::format!("cron({text})"));
        assert_eq!(error, E::Cron(CronError::Field(field)), "{text}");
    }
    assert_eq!(refused("cron(0 0 * * *)"), E::Cron(CronError::Fields(5)));
    assert_eq!(refused("cron(0 0 * * * *)"), E::Cron(CronError::Days));
    assert_eq!(refused("cron(0 0 ? * ? *)"), E::Cron(CronError::Days));
    assert!(refused("cron(0 0 ? * ? *)").to_string().contains("exactly one"));
}

#[test]
fn an_action_counts_between_its_start_and_end() {
    use super::super::scheduled::Pending;
    let action = ScheduledAction {
        start: Some(1_000),
        end: Some(1_600),
        ..ScheduledAction::new("a".into(), read("rate(5 minutes)"), Some(1), None)
    };
    let mut pending = Pending::new(action.clone(), 0);
    assert_eq!(pending.next(), Some(1_300));
    assert_eq!(pending.take_due(1_299), None);
    assert_eq!(pending.take_due(1_300), Some(1_300));
    assert_eq!(pending.take_due(1_300), None, "once");
    assert_eq!(pending.next(), Some(1_600));
    assert_eq!(pending.take_due(9_999), Some(1_600));
    assert_eq!(pending.next(), None);
    // Several that passed come to the last.
    assert_eq!(Pending::new(action, 0).take_due(9_999), Some(1_600));
}
