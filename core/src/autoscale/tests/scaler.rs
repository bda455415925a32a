//! Bounds, several policies at once, suspension, deployments, contract.

use alloc::boxed::Box;
use alloc::string::ToString;

use super::super::*;
use super::{bounds, changes, feed, feed_served, minutes, scaler, stepped, tracked};
use crate::time::{Duration, Instant};

fn add(change: i32, threshold: f64) -> StepScaling {
    let (comparison, step) = if change > 0 {
        let step = StepAdjustment { lower: Some(0.0), upper: None, adjustment: change };
        (Comparison::GreaterOrEqual, step)
    } else {
        let step = StepAdjustment { lower: None, upper: Some(0.0), adjustment: change };
        (Comparison::LessOrEqual, step)
    };
    let alarm = Alarm::consecutive(comparison, threshold, 1);
    StepScaling::new(alarm, AdjustmentType::ChangeInCapacity, alloc::vec![step])
}

#[test]
fn bounds_lift_first_or_do_nothing() {
    use Direction::{In, Out};
    let bounds = bounds(5, 10);
    let step = |direction, desired, wanted| {
        let bounded = bounds.step(direction, desired, wanted);
        (bounded.to, bounded.by)
    };
    // Below the least: out lifts to it and goes on, in does nothing.
    assert_eq!(step(Out, 2, 3), (5, Some(Bound::Min)));
    assert_eq!(step(Out, 2, 7), (7, None));
    assert_eq!(step(In, 2, 1), (2, Some(Bound::Min)));
    // Above the largest: in lowers to it and goes on, out does nothing.
    assert_eq!(step(In, 20, 19), (10, Some(Bound::Max)));
    assert_eq!(step(In, 20, 7), (7, None));
    assert_eq!(step(Out, 20, 30), (20, Some(Bound::Max)));
    // Within: clamped, and never the wrong way.
    assert_eq!(step(Out, 7, 99), (10, Some(Bound::Max)));
    assert_eq!(step(In, 7, 0), (5, Some(Bound::Min)));
    assert_eq!(step(Out, 7, 6), (7, None));
    assert_eq!(step(In, 7, 8), (7, None));
    assert_eq!(Bounds::new(2, 1), Err(BoundsError { min: 2, max: 1 }));
}

#[test]
fn at_a_bound_the_step_is_suppressed_and_says_so_once() {
    let mut scaler = scaler(1, 10, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let decided = feed(&mut scaler, 0, 20, &[(cpu, 90.0)]);
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].suppressed(), Some(Suppression::AtBound(Bound::Max)));
    assert!(decided[0].to_string().ends_with("no change: at max capacity"), "{}", decided[0]);
    let mut limited = super::scaler(1, 12, 10);
    let cpu = tracked(&mut limited, "cpu", TargetTracking::new(50.0));
    let decided = feed(&mut limited, 0, 3, &[(cpu, 90.0)]);
    let limited_by = Some(Bound::Max);
    assert_eq!(decided[0].outcome, Outcome::Scaled { to: 12, limited_by, credited: 0 });
}

#[test]
fn out_if_any_wants_out_and_the_largest_wins() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let memory = tracked(&mut scaler, "memory", TargetTracking::new(50.0));
    let requests = tracked(&mut scaler, "requests", TargetTracking::new(100.0));
    // Memory alone is low, the others are high.
    let decided = feed(&mut scaler, 0, 3, &[(cpu, 60.0), (memory, 5.0), (requests, 150.0)]);
    assert_eq!(changes(&decided), [(3, 15)]);
    let Cause::Policy { policy, wanted, .. } = decided[0].cause else { panic!("{decided:?}") };
    assert_eq!((policy, wanted), (2, 15));
    let why = Suppression::LargerWins { policy: 2 };
    assert_eq!(decided[0].overruled, [Overruled { policy: 0, wanted: 12, why }]);
    assert_eq!(scaler.policy_name(2), Some("requests"));
}

#[test]
fn in_only_if_all_target_tracking_policies_want_in() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let memory = tracked(&mut scaler, "memory", TargetTracking::new(50.0));
    let decided = feed(&mut scaler, 0, 15, &[(cpu, 20.0), (memory, 48.0)]);
    assert!(changes(&decided).is_empty());
    let hold = Some(Hold::WithinThresholds);
    assert_eq!(decided[0].suppressed(), Some(Suppression::Vetoed { policy: 1, hold }));
    // Once both are low, the larger of what they leave: 4 and 8.
    let decided = feed(&mut scaler, 15, 30, &[(cpu, 20.0), (memory, 40.0)]);
    assert_eq!(changes(&decided), [(30, 8)]);
}

#[test]
fn missing_data_of_one_policy_hold_the_others_back() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let _memory = tracked(&mut scaler, "memory", TargetTracking::new(50.0));
    let decided = feed(&mut scaler, 0, 20, &[(cpu, 20.0)]);
    let hold = Some(Hold::InsufficientData);
    assert_eq!(decided[0].suppressed(), Some(Suppression::Vetoed { policy: 1, hold }));
    assert_eq!(decided.len(), 1);
}

#[test]
fn a_policy_without_scale_in_is_not_asked() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let out_only = TargetTracking { disable_scale_in: true, ..TargetTracking::new(50.0) };
    let memory = tracked(&mut scaler, "memory", out_only);
    let decided = feed(&mut scaler, 0, 15, &[(cpu, 20.0), (memory, 48.0)]);
    assert_eq!(changes(&decided), [(15, 4)]);
}

#[test]
fn a_step_policy_scales_in_though_target_tracking_is_not_ready() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let queue = stepped(&mut scaler, "queue", add(-2, 5.0));
    let decided = feed(&mut scaler, 0, 1, &[(cpu, 48.0), (queue, 0.0)]);
    assert_eq!(changes(&decided), [(1, 8)]);
    // But out wins over it.
    let mut both = super::scaler(1, 100, 10);
    let cpu = stepped(&mut both, "cpu", add(3, 60.0));
    let queue = stepped(&mut both, "queue", add(-2, 5.0));
    let decided = feed(&mut both, 0, 1, &[(cpu, 70.0), (queue, 0.0)]);
    assert_eq!(changes(&decided), [(1, 13)]);
    let why = Suppression::LargerWins { policy: 0 };
    assert_eq!(decided[0].overruled, [Overruled { policy: 1, wanted: 8, why }]);
}

#[test]
fn of_several_steps_in_the_one_that_leaves_most_wins() {
    let mut scaler = scaler(1, 100, 10);
    let a = stepped(&mut scaler, "a", add(-5, 5.0));
    let b = stepped(&mut scaler, "b", add(-2, 5.0));
    assert_eq!(changes(&feed(&mut scaler, 0, 1, &[(a, 0.0), (b, 0.0)])), [(1, 8)]);
}

#[test]
fn nothing_is_scaled_in_during_a_deployment_but_out_it_is() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    scaler.handle_deployment(Instant::ZERO, true);
    let decided = feed(&mut scaler, 0, 20, &[(cpu, 20.0)]);
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].suppressed(), Some(Suppression::Deployment));
    assert_eq!(changes(&feed(&mut scaler, 20, 23, &[(cpu, 60.0)])), [(23, 12)]);
    scaler.handle_deployment(minutes(23), false);
    assert_eq!(changes(&feed(&mut scaler, 23, 38, &[(cpu, 20.0)])), [(38, 4)]);
}

#[test]
fn each_activity_can_be_suspended() {
    let mut scaler = scaler(1, 100, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let out = Suspended { scale_out: true, ..Suspended::default() };
    scaler.handle_suspended(Instant::ZERO, out);
    let decided = feed(&mut scaler, 0, 4, &[(cpu, 90.0)]);
    assert_eq!(decided[0].suppressed(), Some(Suppression::Suspended));
    let inward = Suspended { scale_in: true, ..Suspended::default() };
    scaler.handle_suspended(minutes(4), inward);
    assert_eq!(changes(&feed(&mut scaler, 4, 5, &[(cpu, 90.0)])), [(5, 18)]);
    let decided = feed(&mut scaler, 5, 30, &[(cpu, 10.0)]);
    assert_eq!(decided[0].suppressed(), Some(Suppression::Suspended));
    scaler.handle_suspended(minutes(30), Suspended::default());
    assert_eq!(changes(&feed(&mut scaler, 30, 31, &[(cpu, 10.0)])), [(31, 2)]);
}

#[test]
fn a_scheduled_action_moves_the_bounds_and_ignores_the_cooldown() {
    // The origin is 2026-01-05, a Monday.
    let origin = 1_767_571_200;
    let mut scaler = scaler(1, 10, 4).with_origin(origin);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let action = |name: &str, schedule: &str, min, max| {
        ScheduledAction::new(name.to_string(), schedule.parse().unwrap(), min, max)
    };
    let morning = action("morning", "at(2026-01-05T00:05:00)", Some(8), Some(20));
    scaler.add_scheduled_action(morning).unwrap();
    let evening = action("evening", "cron(10 0 * * ? *)", Some(1), Some(3));
    scaler.add_scheduled_action(evening).unwrap();
    let decided = feed_served(&mut scaler, 0, 12, &[(cpu, 60.0)]);
    // ceil(4.8) at minute 3 begins a cooldown; the action lifts to 8 within it;
    // within the cooldown 8 x 60 / 50 is 2 more, one beyond the credit of 1.
    let changed = changes(&decided);
    assert_eq!(changed[..2], [(3, 5), (5, 8)]);
    assert!(changed.contains(&(10, 3)), "{changed:?}");
    let evening = decided.iter().find(|decision| decision.scaled_to() == Some(3)).unwrap();
    assert_eq!(evening.cause, Cause::Scheduled { action: 1, bounds: bounds(1, 3) });
    assert_eq!(scaler.action_name(1), Some("evening"));
    assert_eq!(scaler.scalable().bounds, bounds(1, 3));
}

#[test]
fn a_scheduled_action_that_would_cross_the_bounds_fails() {
    let mut scaler = scaler(5, 10, 6);
    let low = ScheduledAction::new("low".into(), "rate(1 minute)".parse().unwrap(), None, Some(3));
    scaler.add_scheduled_action(low).unwrap();
    scaler.handle_time(minutes(1));
    let decision = scaler.poll_action().unwrap();
    assert_eq!(decision.suppressed(), Some(Suppression::BoundsCross { min: 5, max: 3 }));
    assert_eq!(scaler.scalable().bounds, bounds(5, 10));
    let none = ScheduledAction::new("none".into(), "rate(1 minute)".parse().unwrap(), None, None);
    assert_eq!(scaler.add_scheduled_action(none), Err(ScalerError::EmptyAction));
}

#[test]
fn suspended_scheduled_actions_are_lost() {
    let mut scaler = scaler(1, 10, 4);
    let up = ScheduledAction::new(
        "up".into(),
        "at(1970-01-01T00:05:00)".parse().unwrap(),
        Some(8),
        None,
    );
    scaler.add_scheduled_action(up).unwrap();
    let suspended = Suspended { scheduled: true, ..Suspended::default() };
    scaler.handle_suspended(Instant::ZERO, suspended);
    scaler.handle_time(minutes(6));
    assert_eq!(scaler.poll_action().unwrap().suppressed(), Some(Suppression::Suspended));
    scaler.handle_suspended(minutes(6), Suspended::default());
    scaler.handle_time(minutes(600));
    assert_eq!(scaler.poll_action(), None);
    assert_eq!(scaler.scalable().capacity.desired, 4);
}

#[test]
fn new_bounds_take_effect_at_once() {
    let mut scaler = scaler(1, 10, 4);
    scaler.handle_bounds(minutes(1), bounds(6, 10));
    assert_eq!(scaler.poll_action().unwrap().scaled_to(), Some(6));
    scaler.handle_bounds(minutes(1), bounds(1, 6));
    assert_eq!(scaler.poll_action(), None, "within them already");
}

#[test]
fn deadlines_are_the_ends_of_periods_and_the_schedule() {
    let mut scaler = scaler(1, 10, 4);
    assert_eq!(scaler.next_deadline(), None);
    tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    assert_eq!(scaler.next_deadline(), Some(minutes(1)));
    let soon = ScheduledAction::new(
        "soon".into(),
        "at(1970-01-01T00:00:45)".parse().unwrap(),
        Some(5),
        None,
    );
    scaler.add_scheduled_action(soon).unwrap();
    assert_eq!(scaler.next_deadline(), Some(Instant::from_secs(45)));
    scaler.handle_time(Instant::from_secs(45));
    assert_eq!(scaler.poll_action().unwrap().scaled_to(), Some(5));
    assert_eq!(scaler.next_deadline(), Some(minutes(1)));
    tracked(&mut scaler, "fine", TargetTracking::new(50.0).high_resolution());
    assert_eq!(scaler.next_deadline(), Some(Instant::from_secs(20)), "it began at 0");
}

#[test]
fn time_that_goes_back_is_counted_and_taken_as_the_latest() {
    let mut scaler = scaler(1, 100, 4);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    feed(&mut scaler, 0, 2, &[(cpu, 80.0)]);
    scaler.handle_datum(Instant::ZERO, cpu, 80.0).unwrap();
    assert_eq!(scaler.backward_times(), 1);
    scaler.handle_time(minutes(3));
    assert_eq!(scaler.poll_action().unwrap().at, minutes(3));
}

#[test]
fn a_refused_call_changes_nothing() {
    let mut scaler = scaler(1, 100, 4);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let unknown = MetricId::new(7);
    let later = minutes(99);
    assert_eq!(scaler.handle_datum(later, unknown, 1.0), Err(ScalerError::UnknownMetric(7)));
    let nan = scaler.handle_datum(later, cpu, f64::NAN).unwrap_err();
    assert_eq!(nan.to_string(), "datum NaN: must be a finite number");
    assert_eq!(scaler.next_deadline(), Some(minutes(1)), "no time has passed");
}

#[test]
fn there_are_as_many_policies_and_actions_as_the_quota() {
    let mut scaler = scaler(1, 100, 4);
    let policy = || Box::new(TargetTracking::new(1.0).start(Instant::ZERO).unwrap());
    for _ in 0..Scaler::MAX_POLICIES {
        scaler.add_policy("p", "m", policy()).unwrap();
    }
    assert_eq!(scaler.add_policy("p", "m", policy()), Err(ScalerError::TooManyPolicies));
    let action = ScheduledAction::new("a".into(), "rate(1 day)".parse().unwrap(), Some(1), None);
    for _ in 0..Scaler::MAX_SCHEDULED {
        scaler.add_scheduled_action(action.clone()).unwrap();
    }
    assert_eq!(scaler.add_scheduled_action(action), Err(ScalerError::TooManyScheduled));
}

#[test]
fn a_policy_of_ones_own_votes_with_the_others() {
    /// Doubles every ten seconds.
    #[derive(Debug)]
    struct Doubling(Instant);
    impl Policy for Doubling {
        fn kind(&self) -> PolicyKind {
            PolicyKind::Custom
        }
        fn observe(&mut self, _now: Instant, _value: f64) {}
        fn evaluate(&mut self, now: Instant, capacity: Capacity) -> Option<Vote> {
            if now < self.0 {
                return None;
            }
            self.0 = now.after(Duration::from_secs(10));
            let evidence = Evidence { value: 2.0, threshold: 1.0, periods: 1 };
            Some(Vote::Out(Proposal { wanted: capacity.running * 2, evidence }))
        }
        fn next_deadline(&self) -> Instant {
            self.0
        }
        fn cooldown(&self, _direction: Direction) -> Duration {
            Duration::ZERO
        }
        fn scale_in(&self) -> ScaleIn {
            ScaleIn::Never
        }
    }
    let mut scaler = scaler(1, 100, 3);
    scaler.add_policy("double", "none", Box::new(Doubling(Instant::from_secs(10)))).unwrap();
    scaler.handle_time(Instant::from_secs(10));
    assert_eq!(scaler.poll_action().unwrap().scaled_to(), Some(6));
}
