//! Topology spread: Kubernetes' `maxSkew` with `DoNotSchedule`.

use super::super::{
    Chain, NodeInfo, PlacementRequest, Reason, RequestError, TaskRequirements, View,
};
use super::view_of;
use crate::id::{NodeId, RequestId};
use crate::placement::constraint::Constraint;

const ZONE: &str = "ecs.availability-zone";

fn spread(max_skew: u32) -> PlacementRequest {
    let request = PlacementRequest::new("g", TaskRequirements::new(10, 10));
    let binpack = Chain::parse(&["binpack:cpu"]).unwrap();
    request.strategies(binpack).constraint(Constraint::MaxSkew { attribute: ZONE.into(), max_skew })
}

/// Places tasks until none finds a node; how many each node has got.
fn fill(view: &mut View, id: RequestId, nodes: &[NodeId]) -> Vec<u32> {
    while view.assign(id).is_ok() {}
    nodes.iter().map(|node| view.tasks_of_group_on(*node, "g")).collect()
}

#[test]
fn no_value_gets_more_than_the_skew_above_the_one_with_the_fewest() {
    // Binpack alone would fill the smallest node first.
    for (max_skew, expected) in [(1, [3, 4]), (2, [3, 5]), (9, [3, 9])] {
        let (mut view, nodes) =
            view_of([NodeInfo::new(30, 99).zone("a"), NodeInfo::new(90, 99).zone("b")]);
        let id = view.prepare(spread(max_skew)).unwrap();
        assert_eq!(fill(&mut view, id, &nodes), expected);
        if max_skew < 9 {
            let reasons = view.reasons(id, nodes[1]).unwrap();
            let skew = Some(u64::from(max_skew) + 1);
            assert_eq!(reasons, [Reason::MaxSkew { constraint: 0, skew }]);
        }
    }
}

#[test]
fn a_value_counts_for_its_open_nodes_that_the_task_may_run_on() {
    let small = |zone: &str| NodeInfo::new(40, 99).zone(zone).attribute("disk", "ssd");
    let (mut view, nodes) = view_of([small("a"), small("b"), NodeInfo::new(40, 99).zone("c")]);
    // c has no node with such a disk, so it does not hold the others back.
    let ssd = Constraint::member_of("attribute:disk == ssd").unwrap();
    let id = view.prepare(spread(1).constraint(ssd)).unwrap();
    assert_eq!(fill(&mut view, id, &nodes), [4, 4, 0]);
    // Without the constraint it does, until its node drains.
    let (mut view, nodes) = view_of([small("a"), NodeInfo::new(10, 99).zone("c")]);
    let id = view.prepare(spread(1)).unwrap();
    assert_eq!(fill(&mut view, id, &nodes), [2, 1]);
    view.set_active(nodes[1], false).unwrap();
    assert_eq!(fill(&mut view, id, &nodes), [4, 1]);
    view.set_active(nodes[1], true).unwrap();
    let skewed = view.reasons(id, nodes[0]).unwrap();
    assert!(skewed.contains(&Reason::MaxSkew { constraint: 0, skew: Some(4) }), "{skewed:?}");
}

#[test]
fn a_node_without_the_attribute_takes_none_and_its_words_are_those() {
    let (mut view, nodes) = view_of([NodeInfo::new(90, 99)]);
    let id = view.prepare(spread(1)).unwrap();
    let reason = Reason::MaxSkew { constraint: 0, skew: None };
    assert_eq!(view.reasons(id, nodes[0]).unwrap(), [reason]);
    assert_eq!(view.place(id).unwrap_err().unplaced().unwrap().count(reason.code()), 1);
    assert_eq!(reason.to_string(), "MaxSkew placement constraint unsatisfied.");
    let skewed = Reason::MaxSkew { constraint: 0, skew: Some(3) };
    assert!(skewed.to_string().ends_with("unsatisfied. The skew would be 3."), "{skewed}");
}

#[test]
fn several_attributes_hold_at_once_and_a_skew_of_nothing_is_refused() {
    let node = |zone: &str, rack: &str| NodeInfo::new(90, 99).zone(zone).attribute("rack", rack);
    let (mut view, nodes) =
        view_of([node("a", "r1"), node("a", "r2"), node("b", "r1"), node("b", "r2")]);
    let rack = Constraint::MaxSkew { attribute: "rack".into(), max_skew: 1 };
    let id = view.prepare(spread(1).constraint(rack)).unwrap();
    for _ in 0..6 {
        view.assign(id).unwrap();
    }
    let on: Vec<u32> = nodes.iter().map(|node| view.tasks_of_group_on(*node, "g")).collect();
    assert_eq!((on[0] + on[1], on[0] + on[2]), (3, 3), "{on:?}");
    let error = view.prepare(spread(0)).unwrap_err();
    assert_eq!(error, RequestError::MaxSkew { constraint: 0 });
    assert_eq!(error.to_string(), "constraint 0: a skew of 0, 1 or more is possible");
}

#[test]
fn preemption_makes_nothing_more_uneven() {
    let (mut view, nodes) =
        view_of([NodeInfo::new(10, 99).zone("a"), NodeInfo::new(20, 99).zone("b")]);
    let low = PlacementRequest::new("low", TaskRequirements::new(10, 10));
    let low = view.prepare(low).unwrap();
    while view.assign(low).is_ok() {}
    let id = view.prepare(spread(1).priority(1)).unwrap();
    let first = view.preempt(id).unwrap();
    for victim in first.victims {
        view.release(victim).unwrap();
    }
    view.commit(id, first.node).unwrap();
    // The other zone is the only one that may have the next.
    let second = view.preempt(id).unwrap();
    assert_ne!(second.node, first.node);
    assert!(nodes.contains(&second.node));
}
