//! Amazon ECS's calls through the door, in any order: see `support/door_model.rs`.

#![cfg(feature = "json")]

#[path = "support/door_model.rs"]
mod door_model;

use door_model::{Action, check};
use proptest::prelude::{ProptestConfig, any, prop, proptest};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_calls_keep_the_answers_in_agreement(
        bytes in prop::collection::vec(any::<[u8; 4]>(), 0..40),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(Action::from_bytes).collect();
        check(&actions);
    }
}
