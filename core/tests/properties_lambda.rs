//! A function with versions and provisioned concurrency against a trivial
//! sequential oracle (`support/lambda_model.rs`).

extern crate alloc;

#[path = "support/lambda_model.rs"]
mod lambda_model;

use lambda_model::Action::{self, *};
use lambda_model::check;
use proptest::prelude::*;

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        12 => any::<u8>().prop_map(Invoke),
        3 => Just(InvokeOther),
        9 => any::<u8>().prop_map(Complete),
        1 => any::<u8>().prop_map(Fail),
        2 => prop::option::weighted(0.7, 0..28_u8).prop_map(SetReserved),
        3 => (any::<u8>(), 0..10_u8).prop_map(|(version, units)| Provision(version, units)),
        1 => any::<u8>().prop_map(Deprovision),
        1 => Just(Publish),
        1 => Just(Update),
    ];
    prop::collection::vec(action, 1..100)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn versions_equal_the_oracle(actions in actions()) {
        check(&actions);
    }
}

#[test]
fn a_reservation_is_passed_neither_by_a_batch_nor_by_what_it_leaves() {
    let mut actions = vec![Publish, SetReserved(Some(6)), Provision(0, 4)];
    actions.extend([Invoke(1); 8]);
    actions.extend([Provision(0, 1), Invoke(0), Complete(0), Invoke(0), Deprovision(0)]);
    actions.extend([Invoke(1); 8]);
    actions.extend([Complete(0), Complete(0), Provision(0, 6), InvokeOther, SetReserved(None)]);
    check(&actions);
}
