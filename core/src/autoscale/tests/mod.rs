//! Specifications of autoscaling: one file per subject, examples by hand.

mod concurrency;
#[cfg(feature = "json")]
mod config;
mod managed;
mod policies;
mod scaler;
mod schedule;
mod step;
mod target_tracking;
mod window;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::*;
use crate::time::Instant;

fn minutes(count: u64) -> Instant {
    Instant::from_secs(60 * count)
}

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::new(min, max).unwrap()
}

/// A scaler with `running` between `min` and `max`.
fn scaler(min: u32, max: u32, running: u32) -> Scaler {
    Scaler::new(Instant::ZERO, Scalable::new(bounds(min, max), running))
}

fn tracked(scaler: &mut Scaler, name: &str, settings: TargetTracking) -> MetricId {
    let policy = settings.start(scaler_now(scaler)).unwrap();
    scaler.add_policy(name, name, Box::new(policy)).unwrap()
}

fn stepped(scaler: &mut Scaler, name: &str, settings: StepScaling) -> MetricId {
    let policy = settings.start(scaler_now(scaler)).unwrap();
    scaler.add_policy(name, name, Box::new(policy)).unwrap()
}

/// The start of the tests' time: all policies are added then.
fn scaler_now(_scaler: &Scaler) -> Instant {
    Instant::ZERO
}

/// Feeds one datum of each metric in the middle of each minute from `from` to
/// before `to`, then ends the last minute; all that was decided.
fn feed(scaler: &mut Scaler, from: u64, to: u64, data: &[(MetricId, f64)]) -> Vec<Decision> {
    let mut decided = Vec::new();
    for minute in from..to {
        for &(metric, value) in data {
            let middle = Instant::from_secs(60 * minute + 30);
            scaler.handle_datum(middle, metric, value).unwrap();
        }
        scaler.handle_time(minutes(minute + 1));
        decided.extend(core::iter::from_fn(|| scaler.poll_action()));
    }
    decided
}

/// As [`feed`], and the service always runs what is desired.
fn feed_served(scaler: &mut Scaler, from: u64, to: u64, data: &[(MetricId, f64)]) -> Vec<Decision> {
    let mut decided = Vec::new();
    for minute in from..to {
        decided.extend(feed(scaler, minute, minute + 1, data));
        let desired = scaler.scalable().capacity.desired;
        scaler.handle_running(minutes(minute + 1), desired);
    }
    decided
}

/// The minutes at which the desired capacity changed, and to what.
fn changes(decided: &[Decision]) -> Vec<(u64, u32)> {
    let minute = |decision: &Decision| decision.at.as_nanos() / 60_000_000_000;
    decided.iter().filter_map(|d| Some((minute(d), d.scaled_to()?))).collect()
}
