//! Placement by the rules of Amazon ECS against a plain list of nodes: any
//! sequence of calls gives the answers that the rules give, applied one after
//! the other to every node.
//!
//! The list is in `support/ecs_oracle.rs`, the actions and what is compared in
//! `support/ecs_model.rs`; what a fuzz target finds is printed as a test of
//! this file.

#![cfg(feature = "alloc")]

#[path = "support/ecs_model.rs"]
mod ecs_model;

use ecs_model::Action::{self, *};
use ecs_model::{Settings, check};
use proptest::prelude::{ProptestConfig, any, prop, proptest};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_view_answers_as_the_rules_do(
        settings in any::<[u8; 1]>(),
        bytes in prop::collection::vec(any::<[u8; 4]>(), 0..200),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(Action::from_bytes).collect();
        check(Settings::from_bytes(settings), &actions);
    }

    /// Few changes of nodes, many tasks: indices live long.
    #[test]
    fn a_steady_cluster_answers_as_the_rules_do(
        nodes in prop::collection::vec(any::<[u8; 3]>(), 1..40),
        requests in prop::collection::vec(any::<[u8; 3]>(), 1..6),
        tasks in prop::collection::vec((0_u8..10, any::<u8>()), 0..200),
    ) {
        let nodes = nodes.into_iter().map(|[a, b, c]| Add(a | 15, b, c | 15));
        let requests = requests.into_iter().map(|[a, b, c]| Prepare(a, b | 63, c));
        let tasks = tasks.into_iter().map(|(kind, which)| match kind {
            0 | 1 => Release(which),
            2 => SetRunning(which, true),
            _ => Assign(which),
        });
        let actions: Vec<_> = nodes.chain(requests).chain(tasks).collect();
        check(Settings { seed: 3 }, &actions);
    }
}

#[test]
fn a_node_that_moves_to_another_value_takes_its_tasks_along() {
    let zone = Prepare(7, 63, 0);
    let nodes = [Add(23, 0, 23), Add(23, 1, 23), zone, Assign(0), Assign(0), Assign(0)];
    let moves = [SetAttribute(0, 0, 2), Assign(0), RemoveAttribute(1, 0), Assign(0), Assign(0)];
    let actions: Vec<_> = nodes.into_iter().chain(moves).collect();
    check(Settings { seed: 0 }, &actions);
}
