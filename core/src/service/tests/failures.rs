//! Breaker, backoff and protection.

use super::life::{at, seconds};
use crate::service::{Backoff, Breaker, BreakerConfig, Protection, Threshold, Watch};

#[test]
fn the_default_threshold_is_half_of_the_desired_count_within_3_and_200() {
    let table = [(0, 3), (1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (401, 200), (5_000, 200)];
    for (desired, failures) in table {
        assert_eq!(Threshold::default().failures(desired), failures, "{desired}");
    }
}

#[test]
fn thresholds_are_counts_or_shares() {
    assert_eq!(Threshold::Count(1).failures(1_000), 1);
    assert_eq!(Threshold::BoundedPercent(10).failures(1_000), 100);
    assert_eq!(Threshold::UnboundedPercent(10).failures(5), 1);
    assert_eq!(Threshold::UnboundedPercent(50).failures(0), 1);
    assert_eq!(Threshold::UnboundedPercent(100).failures(1_000), 1_000);
    assert_eq!(Threshold::UnboundedPercent(u32::MAX).failures(u32::MAX), u32::MAX);
    assert!(Threshold::Count(0).check().is_err());
    assert!(Threshold::default().check().is_ok());
}

const ON: BreakerConfig = BreakerConfig { enable: true, ..BreakerConfig::OFF };

#[test]
fn it_trips_exactly_at_the_threshold() {
    let mut breaker = Breaker::new();
    for failures in 1..13 {
        assert!(!breaker.never_ran(&ON, 25));
        assert_eq!(breaker.failures(), failures);
    }
    assert!(breaker.never_ran(&ON, 25));
    assert_eq!(breaker.watch(), Watch::Tripped);
    // Tripped is the end.
    assert!(!breaker.never_ran(&ON, 25) && !breaker.failed_checks(&ON, 25));
    assert_eq!(breaker.failures(), 13);
}

#[test]
fn one_task_that_runs_ends_the_first_stage() {
    let mut breaker = Breaker::new();
    assert!(!breaker.never_ran(&ON, 4) && !breaker.never_ran(&ON, 4));
    assert!(!breaker.failed_checks(&ON, 4), "checks do not count before a task ran");
    assert_eq!(breaker.failures(), 2);
    breaker.ran();
    assert_eq!((breaker.watch(), breaker.failures()), (Watch::PassChecks, 0));
    for _ in 0..10 {
        assert!(!breaker.never_ran(&ON, 4), "only checks count now");
    }
    assert!(!breaker.failed_checks(&ON, 4) && !breaker.failed_checks(&ON, 4));
    assert!(breaker.failed_checks(&ON, 4));
}

#[test]
fn a_healthy_task_sets_the_count_back_unless_told_otherwise() {
    let cumulative = BreakerConfig { reset_on_healthy_task: false, ..ON };
    for (config, left) in [(ON, 0), (cumulative, 2)] {
        let mut breaker = Breaker::new();
        breaker.ran();
        assert!(!breaker.failed_checks(&config, 4) && !breaker.failed_checks(&config, 4));
        breaker.healthy(&config);
        assert_eq!(breaker.failures(), left);
    }
}

#[test]
fn off_it_counts_and_never_trips_and_a_complete_deployment_is_not_watched() {
    let mut breaker = Breaker::new();
    for _ in 0..300 {
        assert!(!breaker.never_ran(&BreakerConfig::OFF, 1));
    }
    assert_eq!(breaker.failures(), 300);
    breaker.completed();
    assert!(!breaker.never_ran(&ON, 1) && !breaker.failed_checks(&ON, 1));
}

#[test]
fn waits_double_from_10_s_to_15_min() {
    let mut backoff = Backoff::new(Backoff::MAX);
    let mut now = 0;
    for wait in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
        assert_eq!(backoff.waits_until(at(now)), None);
        assert!(backoff.failed(at(now), at(now)));
        assert_eq!(backoff.waits_until(at(now)), Some(at(now + wait)));
        assert_eq!(backoff.waits_until(at(now + wait)), None);
        now += wait;
    }
}

#[test]
fn tasks_that_fail_together_wait_once() {
    let mut backoff = Backoff::new(Backoff::MAX);
    assert!(backoff.failed(at(3), at(0)));
    // Nine more of the same round, the last of them late.
    for _ in 0..8 {
        assert!(!backoff.failed(at(4), at(0)));
    }
    assert!(!backoff.failed(at(60), at(1)));
    assert_eq!(backoff.rounds(), 1);
    assert!(backoff.failed(at(60), at(13)), "started after the wait");
    assert_eq!(backoff.waits_until(at(60)), Some(at(80)));
}

#[test]
fn a_task_that_runs_or_a_new_definition_ends_the_wait() {
    let mut backoff = Backoff::new(Backoff::MAX);
    assert!(backoff.failed(at(0), at(0)));
    backoff.reset();
    assert_eq!((backoff.waits_until(at(0)), backoff.rounds()), (None, 0));
    assert!(backoff.failed(at(1), at(1)));
    assert_eq!(backoff.waits_until(at(1)), Some(at(11)));
}

#[test]
fn the_longest_wait_can_be_set() {
    let mut backoff = Backoff::new(seconds(5));
    assert!(backoff.failed(at(0), at(0)));
    assert_eq!(backoff.waits_until(at(0)), Some(at(5)));
    let mut patient = Backoff::new(seconds(u64::MAX));
    for round in 0..100 {
        patient.failed(at(round * 1_000_000_000_000), at(round * 1_000_000_000_000));
    }
    assert!(patient.rounds() > 30, "no shift overflows");
}

#[test]
fn protection_lasts_1_to_2880_minutes_and_2_hours_by_default() {
    assert_eq!(Protection::DEFAULT.ends(at(0)), at(7_200));
    assert_eq!(Protection::new(1).unwrap().ends(at(5)), at(65));
    assert_eq!(Protection::new(2_880).unwrap().ends(at(0)), at(172_800));
    let error = Protection::new(0).unwrap_err();
    assert_eq!(error.to_string(), "expiresInMinutes is 0: it must be 1 to 2880");
    assert!(Protection::new(2_881).is_err());
}
