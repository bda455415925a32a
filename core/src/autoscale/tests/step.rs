//! Step scaling: rounding, sides of bounds, validation.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::*;
use super::{changes, feed, minutes, scaler, stepped};
use crate::time::Instant;

fn step(lower: Option<f64>, upper: Option<f64>, adjustment: i32) -> StepAdjustment {
    StepAdjustment { lower, upper, adjustment }
}

fn above(threshold: f64) -> Alarm {
    Alarm::consecutive(Comparison::GreaterOrEqual, threshold, 1)
}

fn below(threshold: f64) -> Alarm {
    Alarm::consecutive(Comparison::LessOrEqual, threshold, 1)
}

use AdjustmentType::{ChangeInCapacity, ExactCapacity, PercentChangeInCapacity};

#[test]
fn percentages_round_toward_zero_but_never_to_nothing() {
    // Amazon EC2 Auto Scaling User Guide: 12.7 is 12, 0.67 is 1, -0.58 is -1,
    // -6.67 is -6.
    assert_eq!(percent_of(127, 10), 12);
    assert_eq!(percent_of(67, 1), 1);
    assert_eq!(percent_of(58, -1), -1);
    assert_eq!(percent_of(667, -1), -6);
    assert_eq!(percent_of(10, 100), 10);
    assert_eq!(percent_of(u32::MAX, i32::MIN), -92_233_720_347_072_921);
}

#[test]
fn the_example_of_the_user_guide() {
    // A group of 10, alarm at 50: 60 to 70 adds 10 %, 70 and more 30 %; alarm
    // at 50 for in: 40 to 30 takes 10 %, 30 and less 30 %.
    let out = StepScaling::new(
        above(50.0),
        PercentChangeInCapacity,
        alloc::vec![
            step(Some(0.0), Some(10.0), 0),
            step(Some(10.0), Some(20.0), 10),
            step(Some(20.0), None, 30),
        ],
    );
    assert_eq!(out.wanted(10, 60.0), Some(11));
    assert_eq!(out.wanted(11, 71.0), Some(14), "3.3 is 3");
    let inward = StepScaling::new(
        below(50.0),
        PercentChangeInCapacity,
        alloc::vec![
            step(Some(-10.0), Some(0.0), 0),
            step(Some(-20.0), Some(-10.0), -10),
            step(None, Some(-20.0), -30),
        ],
    );
    assert_eq!(inward.wanted(14, 40.0), Some(13), "-1.4 is -1");
    assert_eq!(inward.wanted(13, 29.0), Some(10), "-3.9 is -3");
}

#[test]
fn a_bound_belongs_to_the_step_nearer_the_breach() {
    let steps = |sign: f64| {
        let (near, far) = (10.0 * sign, 20.0 * sign);
        if sign > 0.0 {
            alloc::vec![
                step(Some(0.0), Some(near), 1),
                step(Some(near), Some(far), 2),
                step(Some(far), None, 3)
            ]
        } else {
            alloc::vec![
                step(None, Some(far), -3),
                step(Some(far), Some(near), -2),
                step(Some(near), Some(0.0), -1)
            ]
        }
    };
    let out = StepScaling::new(above(50.0), ChangeInCapacity, steps(1.0));
    let wanted = |value| out.wanted(10, value).unwrap();
    assert_eq!([50.0, 59.9, 60.0, 69.9, 70.0].map(wanted), [11, 11, 12, 12, 13]);
    let inward = StepScaling::new(below(50.0), ChangeInCapacity, steps(-1.0));
    let wanted = |value| inward.wanted(10, value).unwrap();
    assert_eq!([50.0, 40.1, 40.0, 30.1, 30.0, 29.0].map(wanted), [9, 9, 8, 8, 7, 7]);
}

#[test]
fn the_magnitude_applies_after_rounding() {
    // The example of the API reference: 25 % of 4 is 1, the magnitude makes it 2.
    let mut out = StepScaling::new(
        above(50.0),
        PercentChangeInCapacity,
        alloc::vec![step(Some(0.0), None, 25)],
    );
    out.min_adjustment_magnitude = 2;
    assert_eq!(out.wanted(4, 60.0), Some(6));
    assert_eq!(out.wanted(40, 60.0), Some(50), "10 is more than 2");
    assert_eq!(out.wanted(0, 60.0), Some(2), "from nothing, the magnitude");
    let mut inward = StepScaling::new(
        below(50.0),
        PercentChangeInCapacity,
        alloc::vec![step(None, Some(0.0), -10)],
    );
    inward.min_adjustment_magnitude = 3;
    assert_eq!(inward.wanted(20, 10.0), Some(17));
    assert_eq!(inward.wanted(2, 10.0), Some(0), "not below nothing");
}

#[test]
fn exact_capacity_is_the_capacity() {
    let exact = StepScaling::new(above(50.0), ExactCapacity, alloc::vec![step(Some(0.0), None, 8)]);
    assert_eq!(exact.wanted(3, 60.0), Some(8));
    assert_eq!(exact.wanted(20, 60.0), Some(8));
    let mut scaler = scaler(1, 100, 20);
    let depth = stepped(&mut scaler, "depth", exact);
    assert_eq!(
        changes(&feed(&mut scaler, 0, 1, &[(depth, 60.0)])),
        [(1, 8)],
        "in, by an alarm above"
    );
}

fn refused(steps: &[StepAdjustment]) -> StepError {
    StepScaling::new(above(50.0), ChangeInCapacity, steps.to_vec())
        .start(Instant::ZERO)
        .unwrap_err()
}

#[test]
fn steps_must_join_without_overlap_or_gap() {
    let (a, b) = (step(Some(0.0), Some(10.0), 1), step(Some(10.0), None, 2));
    let good = StepScaling::new(above(50.0), ChangeInCapacity, alloc::vec![b, a]);
    assert!(good.start(Instant::ZERO).is_ok(), "in any order");
    let gap = refused(&[a, step(Some(12.0), None, 2)]);
    assert_eq!(gap.to_string(), "step adjustments leave a gap from 10 to 12");
    let overlap = refused(&[a, step(Some(8.0), None, 2)]);
    assert_eq!(overlap.to_string(), "step adjustments overlap: one ends at 10, one begins at 8");
    assert_eq!(refused(&[]), StepError::NoSteps);
    assert_eq!(refused(&[step(None, None, 1)]), StepError::NoBound);
    assert_eq!(
        refused(&[step(Some(5.0), Some(5.0), 1)]),
        StepError::Empty { lower: 5.0, upper: 5.0 }
    );
    assert_eq!(refused(&[step(Some(0.0), None, 1), b]), StepError::TwoWithoutUpper);
    let two = [step(None, Some(0.0), -1), step(None, Some(-5.0), -2)];
    assert_eq!(refused(&two), StepError::TwoWithoutLower);
    assert_eq!(refused(&[step(Some(-5.0), Some(0.0), -1)]), StepError::NoLowest(-5.0));
    assert_eq!(refused(&[a]), StepError::NoHighest(10.0));
    assert!(matches!(refused(&[step(Some(f64::NAN), None, 1)]), StepError::NotFinite(_)));
    let many: Vec<_> =
        (0..21).map(|at| step(Some(f64::from(at)), Some(f64::from(at + 1)), 1)).collect();
    assert_eq!(refused(&many), StepError::TooManySteps(21));
}

#[test]
fn settings_that_contradict_each_other_are_named() {
    let steps = alloc::vec![step(Some(0.0), None, -1)];
    let exact = StepScaling::new(above(50.0), ExactCapacity, steps.clone());
    assert_eq!(exact.start(Instant::ZERO).unwrap_err(), StepError::NegativeCapacity(-1));
    let mut change = StepScaling::new(above(50.0), ChangeInCapacity, steps);
    change.min_adjustment_magnitude = 2;
    let error = change.start(Instant::ZERO).unwrap_err();
    assert_eq!(error, StepError::MagnitudeWithoutPercent(2));
}

#[test]
fn a_step_out_and_a_step_in_are_two_policies() {
    let mut scaler = scaler(1, 100, 10);
    let out =
        StepScaling::new(above(80.0), ChangeInCapacity, alloc::vec![step(Some(0.0), None, 2)]);
    let inward =
        StepScaling::new(below(20.0), ChangeInCapacity, alloc::vec![step(None, Some(0.0), -1)]);
    let cpu = stepped(&mut scaler, "cpu", out);
    assert_eq!(stepped(&mut scaler, "cpu", inward), cpu, "one metric");
    assert_eq!(changes(&feed(&mut scaler, 0, 1, &[(cpu, 80.0)])), [(1, 12)]);
    scaler.handle_running(minutes(1), 12);
    // The cooldown of the step out holds a step in back.
    let held = feed(&mut scaler, 1, 2, &[(cpu, 20.0)]);
    assert!(matches!(held[0].suppressed(), Some(Suppression::Cooldown { credit: 2, .. })));
    assert_eq!(changes(&feed(&mut scaler, 2, 7, &[(cpu, 20.0)])), [(6, 11)]);
}

#[test]
fn the_breach_is_aggregated_over_the_evaluated_periods() {
    let steps = alloc::vec![step(Some(0.0), Some(20.0), 1), step(Some(20.0), None, 5)];
    for (aggregation, to) in
        [(Statistic::Average, 11), (Statistic::Minimum, 11), (Statistic::Maximum, 15)]
    {
        let alarm = Alarm::consecutive(Comparison::GreaterThan, 50.0, 2);
        let mut settings = StepScaling::new(alarm, ChangeInCapacity, steps.clone());
        settings.aggregation = aggregation;
        let mut scaler = scaler(1, 100, 10);
        let cpu = stepped(&mut scaler, "cpu", settings);
        assert!(feed(&mut scaler, 0, 1, &[(cpu, 55.0)]).is_empty(), "one of two periods");
        assert_eq!(changes(&feed(&mut scaler, 1, 2, &[(cpu, 75.0)])), [(2, to)], "{aggregation:?}");
    }
}

#[test]
fn a_breach_that_no_step_covers_changes_nothing() {
    // Allowed: nothing between the threshold and 10 above it.
    let alarm = above(50.0);
    let settings =
        StepScaling::new(alarm, ChangeInCapacity, alloc::vec![step(Some(10.0), None, 3)]);
    let mut scaler = scaler(1, 100, 10);
    let cpu = stepped(&mut scaler, "cpu", settings);
    assert!(feed(&mut scaler, 0, 3, &[(cpu, 59.0)]).is_empty());
    assert_eq!(changes(&feed(&mut scaler, 3, 4, &[(cpu, 60.0)])), [(4, 13)]);
}
