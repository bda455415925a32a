//! Knative's autoscaler: windows, panic, rates, zero, burst capacity.

use alloc::boxed::Box;

use super::super::*;
use super::scaler;
use crate::time::{Duration, Instant};

fn seconds(count: u64) -> Instant {
    Instant::from_secs(count)
}

/// A policy fed `value` each second from `from` to before `to`.
fn fed(policy: &mut ConcurrencyPolicy, from: u64, to: u64, value: f64) {
    for second in from..to {
        policy.observe(seconds(second), value);
    }
}

fn started(settings: ConcurrencyBased, ready: u32) -> ConcurrencyPolicy {
    settings.start(Instant::ZERO, ready).unwrap()
}

#[test]
fn the_target_is_seventy_percent_of_what_an_instance_takes() {
    let settings = ConcurrencyBased::default();
    assert_eq!(settings.target(), 70.0);
    let mut policy = started(settings, 1);
    fed(&mut policy, 0, 60, 140.0);
    let tick = policy.tick(seconds(59), 2).unwrap();
    assert_eq!((tick.stable, tick.panic, tick.desired), (140.0, 140.0, 2));
    fed(&mut policy, 60, 120, 141.0);
    assert_eq!(policy.tick(seconds(119), 2).unwrap().desired, 3, "rounded up");
}

#[test]
fn means_are_over_the_window_or_since_the_first_datum() {
    let mut policy = started(ConcurrencyBased::default(), 1);
    fed(&mut policy, 0, 10, 30.0);
    assert_eq!(policy.tick(seconds(9), 1).unwrap().stable, 30.0, "ten seconds of data");
    fed(&mut policy, 10, 70, 90.0);
    let tick = policy.tick(seconds(69), 1).unwrap();
    assert_eq!((tick.stable, tick.panic), (90.0, 90.0));
    fed(&mut policy, 70, 73, 0.0);
    let tick = policy.tick(seconds(72), 1).unwrap();
    assert_eq!((tick.stable, tick.panic), (57.0 * 90.0 / 60.0, 45.0));
    assert_eq!(policy.tick(seconds(200), 1), None, "no data within the window");
    assert_eq!(started(ConcurrencyBased::default(), 1).tick(seconds(5), 1), None, "none at all");
}

#[test]
fn panic_begins_at_twice_what_is_ready_and_never_scales_in() {
    let mut policy = started(ConcurrencyBased::default(), 1);
    fed(&mut policy, 0, 60, 70.0);
    assert!(!policy.tick(seconds(59), 1).unwrap().panicking);
    // Six seconds of 280: the panic mean asks for 4 of 1 ready, the stable
    // mean (70 x 54 + 280 x 6) / 60 = 91 for 2.
    fed(&mut policy, 60, 66, 280.0);
    let tick = policy.tick(seconds(65), 1).unwrap();
    assert_eq!((tick.panicking, tick.panic, tick.stable, tick.desired), (true, 280.0, 91.0, 4));
    // The surge is over; what was asked for stays until a stable window has passed.
    fed(&mut policy, 66, 125, 0.0);
    let tick = policy.tick(seconds(124), 4).unwrap();
    assert!(tick.panicking && tick.desired == 4, "{tick:?}");
    fed(&mut policy, 125, 127, 0.0);
    let tick = policy.tick(seconds(126), 4).unwrap();
    assert!(!tick.panicking && tick.desired == 2, "no faster than by half: {tick:?}");
}

#[test]
fn with_more_than_one_ready_it_begins_in_panic() {
    let mut policy = started(ConcurrencyBased::default(), 8);
    fed(&mut policy, 0, 3, 10.0);
    assert_eq!(policy.tick(seconds(2), 8).unwrap().desired, 8, "too little is known to scale in");
}

#[test]
fn one_tick_grows_a_thousandfold_and_halves_at_most() {
    let mut policy = started(
        ConcurrencyBased {
            instance_concurrency: 1.0,
            target_utilization: 1.0,
            ..Default::default()
        },
        1,
    );
    fed(&mut policy, 0, 60, 5_000.0);
    assert_eq!(policy.tick(seconds(59), 1).unwrap().desired, 1_000);
    assert_eq!(policy.tick(seconds(59), 0).unwrap().desired, 1_000, "none counts as one");
    let mut slow = started(
        ConcurrencyBased {
            max_scale_up_rate: 1.1,
            ..ConcurrencyBased {
                instance_concurrency: 1.0,
                target_utilization: 1.0,
                ..Default::default()
            }
        },
        2,
    );
    fed(&mut slow, 0, 60, 3.0);
    // The example in the source: 2 x 1.1 is rounded up, so that it can grow.
    assert_eq!(slow.tick(seconds(59), 2).unwrap().desired, 3);
}

#[test]
fn the_last_instance_stays_for_the_grace_period() {
    let mut scaler = scaler(0, 10, 2);
    let policy = started(ConcurrencyBased::default(), 1);
    let metric = scaler.add_policy("kpa", "concurrency", Box::new(policy)).unwrap();
    let mut zero_at = None;
    for second in 0..140 {
        scaler.handle_datum(seconds(second), metric, 0.0).unwrap();
        while let Some(decision) = scaler.poll_action() {
            let Some(to) = decision.scaled_to() else { panic!("{decision}") };
            scaler.handle_running(seconds(second), to);
            if to == 0 {
                zero_at = Some(second);
            }
        }
        if second == 10 {
            assert_eq!(scaler.scalable().capacity.running, 1, "by half at the first tick");
        }
    }
    // Nothing wanted from the first tick with one left, at 4 s; 30 s of grace.
    assert_eq!(zero_at, Some(34));
}

#[test]
fn from_zero_it_starts_with_the_activation_scale() {
    let settings = ConcurrencyBased { activation_scale: 3, ..Default::default() };
    let mut policy = started(settings, 0);
    fed(&mut policy, 0, 2, 1.0);
    assert_eq!(policy.tick(seconds(2), 0).unwrap().desired, 3);
    fed(&mut policy, 2, 70, 0.0);
    assert_eq!(policy.tick(seconds(69), 1).unwrap().desired, 0, "nothing is wanted, so none");
}

#[test]
fn burst_capacity_says_whether_a_queue_belongs_in_front() {
    let burst = |target_burst_capacity, ready| {
        let mut policy =
            started(ConcurrencyBased { target_burst_capacity, ..Default::default() }, 1);
        fed(&mut policy, 0, 60, 50.0);
        policy.tick(seconds(59), ready).unwrap().excess_burst_capacity
    };
    assert_eq!(burst(211.0, 3), 39.0, "3 x 100 - 211 - 50");
    assert_eq!(burst(211.0, 2), -61.0);
    assert_eq!(burst(0.0, 0), 0.0);
    assert_eq!(burst(-1.0, 99), -1.0);
}

#[test]
fn it_decides_every_tick_within_the_scalers_bounds() {
    let mut scaler = scaler(1, 5, 1);
    let policy = started(ConcurrencyBased::default(), 1);
    assert_eq!(policy.next_deadline(), seconds(2));
    let metric = scaler.add_policy("kpa", "concurrency", Box::new(policy)).unwrap();
    scaler.handle_datum(seconds(1), metric, 700.0).unwrap();
    scaler.handle_time(seconds(2));
    let decision = scaler.poll_action().unwrap();
    // 700 in one of the two seconds since: 350 on the mean, 5 instances.
    assert_eq!(decision.scaled_to(), Some(5));
    let Cause::Policy { kind, .. } = decision.cause else { panic!("{decision}") };
    assert_eq!(kind, PolicyKind::ConcurrencyBased);
}

#[test]
fn settings_out_of_range_are_named() {
    let good = ConcurrencyBased::default();
    let bad = [
        ("instance_concurrency", ConcurrencyBased { instance_concurrency: 0.0, ..good }),
        ("target_utilization", ConcurrencyBased { target_utilization: 1.5, ..good }),
        ("stable_window_s", ConcurrencyBased { stable_window_s: 5, ..good }),
        ("panic_window_share", ConcurrencyBased { panic_window_share: 0.0, ..good }),
        ("panic_threshold", ConcurrencyBased { panic_threshold: 1.0, ..good }),
        ("max_scale_up_rate", ConcurrencyBased { max_scale_up_rate: 1.0, ..good }),
        ("max_scale_down_rate", ConcurrencyBased { max_scale_down_rate: f64::NAN, ..good }),
        ("tick_s", ConcurrencyBased { tick: Duration::ZERO, ..good }),
        ("target_burst_capacity", ConcurrencyBased { target_burst_capacity: f64::NAN, ..good }),
    ];
    for (setting, settings) in bad {
        assert_eq!(settings.check().unwrap_err().setting, setting);
    }
    assert_eq!(good.check(), Ok(()));
}
