//! What explanations say.

use alloc::string::ToString;

use super::super::*;
use super::{feed, scaler, tracked};
use crate::time::Instant;

#[test]
fn a_decision_reads_as_a_sentence() {
    let mut scaler = scaler(1, 12, 10);
    let cpu = tracked(&mut scaler, "cpu", TargetTracking::new(50.0));
    let rps = tracked(&mut scaler, "rps", TargetTracking::new(100.0));
    let decided = feed(&mut scaler, 0, 4, &[(cpu, 90.0), (rps, 110.0)]);
    assert_eq!(
        decided[0].to_string(),
        "180 s: 10 running, 10 desired; policy 0 (target tracking) wants 18: 90 over 50 for 3 \
         periods; desired 12, at max capacity; policy 1 wanted 11: policy 0 wants more capacity"
    );
    assert_eq!(
        decided[1].to_string(),
        "240 s: 10 running, 12 desired; policy 0 (target tracking) wants 18: 90 over 50 for 3 \
         periods; no change: at max capacity; policy 1 wanted 11: policy 0 wants more capacity"
    );
}

#[test]
fn every_reason_has_words_of_its_own() {
    let until = Instant::from_secs(9);
    let reasons = [
        Suppression::Cooldown { until, credit: 0 }.to_string(),
        Suppression::Cooldown { until, credit: 2 }.to_string(),
        Suppression::Deployment.to_string(),
        Suppression::Suspended.to_string(),
        Suppression::AtBound(Bound::Min).to_string(),
        Suppression::AtBound(Bound::Max).to_string(),
        Suppression::AlreadyDesired.to_string(),
        Suppression::Vetoed { policy: 1, hold: Some(Hold::InsufficientData) }.to_string(),
        Suppression::Vetoed { policy: 1, hold: None }.to_string(),
        Suppression::LargerWins { policy: 1 }.to_string(),
        Suppression::BoundsCross { min: 5, max: 3 }.to_string(),
    ];
    for (at, reason) in reasons.iter().enumerate() {
        assert!(!reasons[..at].contains(reason), "{reason}");
    }
    assert_eq!(reasons[7], "policy 1 does not agree: data are missing");
}
