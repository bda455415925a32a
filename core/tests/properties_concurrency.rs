//! Admission against a trivial sequential oracle.
//!
//! The oracle and its properties are in `support/limits_model.rs`; what a fuzz
//! target finds on it is printed as a test of this file.

#[path = "support/limits_model.rs"]
mod limits_model;

use limits_model::Action::{self, *};
use limits_model::{Settings, check};
use proptest::prelude::*;

fn settings() -> impl Strategy<Value = Settings> {
    let small = (0..24_u32, 0..6_u32).prop_map(|(account_limit, unreserved_minimum)| Settings {
        account_limit,
        unreserved_minimum,
    });
    let any = any::<[u8; 2]>().prop_map(Settings::from_bytes);
    prop_oneof![small, any]
}

/// As fuzz targets draw them, or with small amounts alone.
fn actions() -> impl Strategy<Value = Vec<Action>> {
    let list = |action| prop::collection::vec(action, 1..120);
    let small = prop_oneof![
        6 => (0..4_u8).prop_map(|function| Acquire(function, 1)),
        3 => (0..4_u8).prop_map(Release),
        3 => (0..4_u8, prop::option::weighted(0.7, 0..12_u32))
            .prop_map(|(function, reserved)| SetReserved(function, reserved)),
        1 => (0..24_u32).prop_map(SetAccountLimit),
    ];
    let any = any::<[u8; 3]>().prop_map(Action::from_bytes);
    prop_oneof![list(small.boxed()), list(any.boxed())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..Default::default() })]

    #[test]
    fn admission_equals_the_oracle(settings in settings(), actions in actions()) {
        check(settings, &actions);
    }
}

#[test]
fn the_ends_of_the_range_are_limits_too() {
    let settings = Settings { account_limit: u32::MAX, unreserved_minimum: 0 };
    // What the others have in flight leaves no room for it in the count.
    let too_much = [SetReserved(1, None), Release(0), Release(0), SetReserved(1, None)];
    let mut actions = vec![Acquire(0, 3), SetReserved(1, Some(u32::MAX))];
    actions.extend([SetReserved(1, Some(u32::MAX - 1)), Acquire(0, 1), Acquire(1, 9)]);
    actions.extend(too_much);
    check(settings, &actions);
    check(Settings { account_limit: 0, unreserved_minimum: u32::MAX }, &actions);
}
