//! Services against a plain host: any history keeps floor and ceiling, trips
//! the breaker exactly, and comes to rest where its verdict says it can.
//!
//! The host and its properties are in `support/service_model.rs`; what a fuzz
//! target finds on it is printed as a test of this file.

#![cfg(feature = "alloc")]

#[path = "support/service_model.rs"]
mod service_model;
#[path = "support/victim_model.rs"]
mod victim_model;

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use service_model::Action;
use service_model::{Settings, check, check_verdict};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_history_keeps_the_bounds_and_comes_to_rest(
        settings in any::<[u8; 8]>(),
        bytes in prop::collection::vec(any::<[u8; 4]>(), 0..120),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(Action::from_bytes).collect();
        check(Settings::from_bytes(settings), &actions);
    }

    #[test]
    fn a_deployment_ends_if_and_only_if_its_verdict_says_so(settings in any::<[u8; 8]>()) {
        check_verdict(Settings::from_bytes(settings));
    }

    #[test]
    fn a_victim_is_best_by_every_rule_in_turn(
        settings in any::<[u8; 6]>(),
        bytes in prop::collection::vec(any::<[u8; 4]>(), 0..20),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(victim_model::Action::from_bytes).collect();
        victim_model::check(&victim_model::Settings::from_bytes(settings), &actions);
    }
}

#[test]
fn an_update_replaces_a_deployment_that_has_failed() {
    let firsts = [86, 6, 33, 46, 179, 139, 139, 115];
    let actions: Vec<_> = firsts.map(|first| Action::from_bytes([first, 0, 0, 0])).into();
    check(Settings::from_bytes([2, 0, 0, 0, 234, 106, 0, 0]), &actions);
}
