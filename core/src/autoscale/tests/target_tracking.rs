//! Target tracking: the numbers, the alarms, the cooldowns.

use super::super::*;
use super::{changes, feed, feed_served, minutes, scaler, tracked};
use crate::time::Instant;

#[test]
fn capacity_is_proportional_and_rounded_up() {
    // AWS's own example of proportion: 10 tasks at twice the target need 20.
    assert_eq!(proportional(10, 100.0, 50.0), 20);
    assert_eq!(proportional(10, 51.0, 50.0), 11);
    assert_eq!(proportional(10, 24.0, 50.0), 5, "4.8");
    assert_eq!(proportional(0, 100.0, 50.0), 0);
    assert_eq!(proportional(1, 1e30, 1.0), u32::MAX);
    // In binary 3 x 0.2 / 0.1 is a little more than 6.
    assert_eq!(proportional(3, 0.2, 0.1), 6);
}

#[test]
fn out_after_three_minutes_above_the_target() {
    let mut scaler = scaler(1, 100, 4);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert_eq!(changes(&feed(&mut scaler, 0, 3, &[(cpu, 80.0)])), [(3, 7)], "ceil(6.4)");
    let mut calm = super::scaler(1, 100, 4);
    let cpu = tracked(&mut calm, "cpu", TargetTracking::new(50.0));
    assert!(feed(&mut calm, 0, 10, &[(cpu, 50.0)]).is_empty(), "at the target is not above it");
}

#[test]
fn a_minute_within_the_target_begins_the_three_anew() {
    let mut scaler = scaler(1, 100, 4);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert!(feed(&mut scaler, 0, 2, &[(cpu, 80.0)]).is_empty());
    assert!(feed(&mut scaler, 2, 3, &[(cpu, 49.0)]).is_empty());
    assert!(feed(&mut scaler, 3, 5, &[(cpu, 80.0)]).is_empty());
    assert_eq!(changes(&feed(&mut scaler, 5, 6, &[(cpu, 80.0)])), [(6, 7)]);
}

#[test]
fn in_after_fifteen_minutes_more_than_a_tenth_under_it() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert!(feed(&mut scaler, 0, 14, &[(cpu, 44.0)]).is_empty());
    let decided = feed(&mut scaler, 14, 15, &[(cpu, 44.0)]);
    assert_eq!(changes(&decided), [(15, 9)], "ceil(8.8)");
    let Cause::Policy { evidence, direction, .. } = decided[0].cause else { panic!("{decided:?}") };
    assert_eq!(evidence, Evidence { value: 44.0, threshold: 45.0, periods: 15 });
    assert_eq!(direction, Direction::In);
    let mut edge = super::scaler(1, 100, 10);
    let cpu = tracked(&mut edge, "cpu", TargetTracking::new(50.0));
    assert!(feed(&mut edge, 0, 40, &[(cpu, 45.0)]).is_empty(), "at the threshold is not under");
}

#[test]
fn in_only_where_one_fewer_still_meets_the_target() {
    // 5 x 44 / 50 = 4.4: four would be at 55.
    let mut scaler = scaler(1, 100, 5);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert!(feed(&mut scaler, 0, 40, &[(cpu, 44.0)]).is_empty());
}

#[test]
fn missing_data_scale_neither_out_nor_in() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert!(feed(&mut scaler, 0, 2, &[(cpu, 90.0)]).is_empty());
    assert!(feed(&mut scaler, 2, 3, &[]).is_empty());
    assert!(feed(&mut scaler, 3, 5, &[(cpu, 90.0)]).is_empty(), "two of the last three");
    assert!(feed(&mut scaler, 5, 30, &[]).is_empty(), "nothing at all is not low");
    assert!(feed(&mut scaler, 30, 44, &[(cpu, 10.0)]).is_empty());
    assert_eq!(changes(&feed(&mut scaler, 44, 45, &[(cpu, 10.0)])), [(45, 2)]);
}

#[test]
fn the_base_is_what_runs_and_not_what_is_desired() {
    // No room for more than 4: desired runs away only as far as 4 x 80 / 50.
    let mut scaler = scaler(1, 1_000, 4);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let decided = feed(&mut scaler, 0, 60, &[(cpu, 80.0)]);
    assert_eq!(changes(&decided), [(3, 7)]);
    let held: alloc::vec::Vec<_> = decided.iter().filter_map(Decision::suppressed).collect();
    let until = minutes(8);
    assert_eq!(held, [Suppression::Cooldown { until, credit: 3 }, Suppression::AlreadyDesired,]);
}

#[test]
fn within_the_cooldown_only_the_excess_is_added() {
    // The example of the API reference: +2, then +3 within the cooldown is +1.
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert_eq!(changes(&feed(&mut scaler, 0, 3, &[(cpu, 60.0)])), [(3, 12)]);
    let more = feed(&mut scaler, 3, 4, &[(cpu, 65.0)]);
    assert_eq!(changes(&more), [(4, 13)]);
    let Outcome::Scaled { credited, .. } = more[0].outcome else { panic!("{more:?}") };
    assert_eq!(credited, 2);
    let none = feed(&mut scaler, 4, 5, &[(cpu, 65.0)]);
    let until = minutes(9);
    assert_eq!(none[0].suppressed(), Some(Suppression::Cooldown { until, credit: 3 }));
}

#[test]
fn after_the_cooldown_it_goes_on_from_what_runs() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let decided = feed_served(&mut scaler, 0, 9, &[(cpu, 60.0)]);
    // 12 at minute 3; 12 x 60 / 50 = 14.4 is 3 more, one beyond the credit of
    // 2, at minute 4; no larger step within the cooldown that it began; then
    // from 13, at minute 9.
    assert_eq!(changes(&decided), [(3, 12), (4, 13), (9, 16)]);
}

#[test]
fn a_cooldown_of_a_step_in_blocks_steps_in_alone() {
    let mut scaler = scaler(1, 100, 20);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert_eq!(changes(&feed_served(&mut scaler, 0, 15, &[(cpu, 40.0)])), [(15, 16)]);
    let blocked = feed_served(&mut scaler, 15, 19, &[(cpu, 40.0)]);
    let until = minutes(20);
    assert_eq!(blocked.len(), 1, "reported once");
    assert_eq!(blocked[0].suppressed(), Some(Suppression::Cooldown { until, credit: 0 }));
    assert_eq!(changes(&feed_served(&mut scaler, 19, 20, &[(cpu, 40.0)])), [(20, 13)]);
    // Out at once, and that ends the cooldown of the step in.
    let out = feed_served(&mut scaler, 20, 23, &[(cpu, 100.0)]);
    assert_eq!(changes(&out), [(23, 26)]);
    assert_eq!(scaler.cooldown_until(), Some(minutes(28)));
}

#[test]
fn a_policy_may_be_told_never_to_scale_in() {
    let mut scaler = scaler(1, 100, 20);
    let never = TargetTracking { disable_scale_in: true, ..TargetTracking::new(50.0) };
    let cpu = tracked(&mut scaler, "cpu", never);
    assert!(feed(&mut scaler, 0, 40, &[(cpu, 1.0)]).is_empty());
    assert_eq!(changes(&feed(&mut scaler, 40, 43, &[(cpu, 55.0)])), [(43, 22)]);
}

#[test]
fn from_nothing_the_step_is_the_smallest() {
    let mut scaler = scaler(0, 100, 0);
    let queue = tracked(&mut scaler, "queue", TargetTracking::new(50.0));
    assert_eq!(changes(&feed(&mut scaler, 0, 3, &[(queue, 5_000.0)])), [(3, 1)]);
}

#[test]
fn high_resolution_metrics_act_within_a_minute() {
    let mut scaler = scaler(1, 100, 4);
    let fine = TargetTracking::new(50.0).high_resolution();
    let cpu = tracked(&mut scaler, "cpu", fine);
    for third in 0..3 {
        scaler.handle_datum(Instant::from_secs(20 * third), cpu, 80.0).unwrap();
    }
    scaler.handle_time(Instant::from_secs(59));
    assert_eq!(scaler.poll_action(), None);
    scaler.handle_time(minutes(1));
    assert_eq!(scaler.poll_action().unwrap().scaled_to(), Some(7));
}

#[test]
fn provisioned_concurrency_follows_its_utilization_without_cooldown() {
    let mut scaler = scaler(1, 100, 10);
    let profile = TargetTracking::provisioned_concurrency(0.7);
    let low = profile.low_threshold();
    assert!((low - 0.63).abs() < 1e-12, "AWS's low alarm for 0.7: {low}");
    let utilization = tracked(&mut scaler, "utilization", profile);
    let decided = feed_served(&mut scaler, 0, 5, &[(utilization, 0.9)]);
    // ceil(10 x 9 / 7), ceil(13 x 9 / 7), ceil(17 x 9 / 7): each minute.
    assert_eq!(changes(&decided), [(3, 13), (4, 17), (5, 22)]);
    let decided = feed_served(&mut scaler, 5, 21, &[(utilization, 0.35)]);
    assert_eq!(changes(&decided), [(20, 11), (21, 6)]);
    // A burst of less than three minutes never trips it.
    assert!(feed_served(&mut scaler, 21, 23, &[(utilization, 1.0)]).is_empty());
}

#[test]
fn settings_that_cannot_hold_are_named() {
    let good = TargetTracking::new(50.0);
    let error = |settings: TargetTracking| settings.start(Instant::ZERO).unwrap_err();
    use alloc::string::ToString;
    for target in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let error = error(TargetTracking { target, ..good });
        assert!(error.to_string().starts_with("target "), "{error}");
    }
    let margin = error(TargetTracking { in_margin: 1.0, ..good });
    assert_eq!(margin, TargetTrackingError::InMargin(1.0));
    let none = error(TargetTracking { out_periods: 0, ..good });
    assert_eq!(none, TargetTrackingError::Periods(0));
    let zero = error(TargetTracking { period: crate::time::Duration::ZERO, ..good });
    assert_eq!(zero, TargetTrackingError::ZeroPeriod);
}
