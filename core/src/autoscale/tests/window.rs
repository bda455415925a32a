//! Metric periods, missing data and alarms.

use alloc::vec::Vec;

use super::super::*;
use super::minutes;
use crate::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

fn all(window: &Window) -> Vec<Option<f64>> {
    window.last(u32::MAX).collect()
}

fn of(statistic: Statistic) -> Vec<Option<f64>> {
    let mut window = Window::new(Instant::ZERO, MINUTE, statistic, 9);
    for (second, value) in [(0, 1.0), (20, 6.0), (59, 2.0), (125, 8.0)] {
        window.observe(Instant::from_secs(second), value);
    }
    window.close(minutes(3));
    all(&window)
}

#[test]
fn data_of_a_minute_become_one_datapoint_and_an_empty_minute_none() {
    assert_eq!(of(Statistic::Average), [Some(8.0), None, Some(3.0)], "the newest first");
    assert_eq!(of(Statistic::Maximum), [Some(8.0), None, Some(6.0)]);
    assert_eq!(of(Statistic::Minimum), [Some(8.0), None, Some(1.0)]);
    assert_eq!(of(Statistic::Sum), [Some(8.0), None, Some(9.0)]);
}

#[test]
fn periods_begin_at_multiples_of_their_length() {
    let mut window = Window::new(Instant::from_secs(90), MINUTE, Statistic::Average, 9);
    assert_eq!(window.next_deadline(), minutes(2));
    assert_eq!(window.close(Instant::from_secs(119)), 0);
    assert_eq!(window.close(minutes(2)), 1);
    let fine = Window::new(Instant::from_secs(90), Duration::from_secs(20), Statistic::Sum, 9);
    assert_eq!(fine.next_deadline(), Instant::from_secs(100));
}

#[test]
fn a_leap_over_years_costs_no_more_than_what_is_kept() {
    let mut window = Window::new(Instant::ZERO, Duration::from_nanos(1), Statistic::Average, 3);
    window.observe(Instant::ZERO, 5.0);
    assert_eq!(window.close(Instant::MAX), u64::MAX);
    assert_eq!(all(&window), [None, None, None]);
    assert_eq!(window.next_deadline(), Instant::MAX, "saturated");
}

#[test]
fn a_datum_out_of_order_falls_into_the_open_period() {
    let mut window = Window::new(Instant::ZERO, MINUTE, Statistic::Average, 3);
    window.observe(minutes(2), 4.0);
    window.observe(minutes(1), 8.0);
    window.observe(minutes(2), f64::NAN);
    window.close(minutes(3));
    assert_eq!(all(&window), [Some(6.0), None, None]);
}

/// A window whose closed minutes had these data, the oldest first.
fn window(data: &[Option<f64>]) -> Window {
    let mut window = Window::new(Instant::ZERO, MINUTE, Statistic::Average, 20);
    for (minute, datum) in (0..).zip(data) {
        if let Some(value) = datum {
            window.observe(minutes(minute), *value);
        }
        window.close(minutes(minute + 1));
    }
    window
}

#[test]
fn an_alarm_counts_breaches_among_its_periods() {
    let alarm = Alarm { datapoints: 2, ..Alarm::consecutive(Comparison::GreaterThan, 50.0, 3) };
    let state = |data: &[Option<f64>]| alarm.state(&window(data), Statistic::Average);
    let high = Some(60.0);
    assert_eq!(state(&[high, Some(50.0), Some(70.0)]), AlarmState::Breached { value: 65.0 });
    assert_eq!(state(&[high, Some(50.0), Some(50.0)]), AlarmState::Ok, "at it is not above it");
    assert_eq!(state(&[high, high, Some(0.0), Some(0.0)]), AlarmState::Ok, "too long ago");
}

#[test]
fn each_comparison_has_its_own_side_and_edge() {
    use Comparison::{GreaterOrEqual, GreaterThan, LessOrEqual, LessThan};
    let breaches =
        |comparison: Comparison| [4.0, 5.0, 6.0].map(|value| comparison.breaches(value, 5.0));
    assert_eq!(breaches(GreaterThan), [false, false, true]);
    assert_eq!(breaches(GreaterOrEqual), [false, true, true]);
    assert_eq!(breaches(LessThan), [true, false, false]);
    assert_eq!(breaches(LessOrEqual), [true, true, false]);
}

#[test]
fn missing_data_say_what_the_alarm_is_told_they_say() {
    let state = |missing, data: &[Option<f64>]| {
        let alarm = Alarm { missing, ..Alarm::consecutive(Comparison::LessThan, 5.0, 3) };
        alarm.state(&window(data), Statistic::Minimum)
    };
    let gap = [Some(4.0), None, Some(3.0)];
    assert_eq!(state(MissingData::Missing, &gap), AlarmState::InsufficientData);
    assert_eq!(state(MissingData::NotBreaching, &gap), AlarmState::Ok);
    assert_eq!(state(MissingData::Breaching, &gap), AlarmState::Breached { value: 3.0 });
    // Nothing but missing periods: the breach is at the threshold itself.
    let nothing = [None, None, None];
    assert_eq!(state(MissingData::Breaching, &nothing), AlarmState::Breached { value: 5.0 });
    // One datum on the right side decides it, whatever is missing.
    assert_eq!(state(MissingData::Missing, &[None, Some(9.0), None]), AlarmState::Ok);
}

#[test]
fn a_new_alarm_waits_for_as_many_periods_as_it_looks_at() {
    for missing in [MissingData::Missing, MissingData::Breaching, MissingData::NotBreaching] {
        let alarm = Alarm { missing, ..Alarm::consecutive(Comparison::LessThan, 5.0, 3) };
        let state = alarm.state(&window(&[Some(1.0), Some(1.0)]), Statistic::Average);
        assert_eq!(state, AlarmState::InsufficientData, "{missing:?}");
    }
}

#[test]
fn an_alarm_that_cannot_be_is_named() {
    let check = |threshold, datapoints, periods| {
        let missing = MissingData::Missing;
        let comparison = Comparison::LessThan;
        Alarm { comparison, threshold, datapoints, periods, missing }.check()
    };
    assert_eq!(check(1.0, 2, 3), Ok(()));
    assert!(matches!(check(f64::NAN, 1, 1), Err(AlarmError::Threshold(_))));
    for (datapoints, periods) in [(0, 1), (2, 1), (1, 1_441)] {
        let error = AlarmError::Datapoints { datapoints, periods };
        assert_eq!(check(1.0, datapoints, periods), Err(error));
    }
}
