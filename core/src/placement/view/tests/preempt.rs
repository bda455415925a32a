//! Priorities and gangs.

use super::super::{
    GangError, NodeInfo, PlaceError, PlacementRequest, Preemption, TaskRequirements, View,
};
use super::{next, view_of};
use crate::id::{HoldId, NodeId, RequestId};
use crate::placement::constraint::Constraint;

fn prepare(view: &mut View, memory: u32, priority: i32) -> RequestId {
    let request = PlacementRequest::new("g", TaskRequirements::new(1, memory));
    view.prepare(request.priority(priority)).unwrap()
}

fn run(view: &mut View, node: NodeId, memory: u32, priority: i32) -> HoldId {
    let id = prepare(view, memory, priority);
    view.commit(id, node).unwrap()
}

#[test]
fn the_node_whose_victims_matter_least_gives_way() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 10), NodeInfo::new(9, 10)]);
    run(&mut view, nodes[0], 10, 5);
    let low = [run(&mut view, nodes[1], 4, 1), run(&mut view, nodes[1], 4, 2)];
    let urgent = prepare(&mut view, 8, 9);
    let plan = view.preempt(urgent).unwrap();
    assert_eq!((plan.node, &*plan.victims), (nodes[1], &low[..]));
    for victim in plan.victims {
        view.release(victim).unwrap();
    }
    assert_eq!(next(&mut view, urgent), nodes[1]);
}

#[test]
fn no_task_is_a_victim_that_need_not_be() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 10)]);
    let least = run(&mut view, nodes[0], 3, 1);
    run(&mut view, nodes[0], 3, 2);
    run(&mut view, nodes[0], 3, 3);
    let urgent = prepare(&mut view, 4, 9);
    assert_eq!(view.preempt(urgent).unwrap().victims, [least]);
    let (mut view, nodes) = view_of([NodeInfo::new(9, 10)]);
    run(&mut view, nodes[0], 2, 1);
    let large = run(&mut view, nodes[0], 8, 2);
    let urgent = prepare(&mut view, 8, 9);
    assert_eq!(view.preempt(urgent).unwrap().victims, [large], "the small one helps nothing");
}

#[test]
fn equals_and_betters_stay() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 10)]);
    run(&mut view, nodes[0], 10, 3);
    for priority in [2, 3] {
        let id = prepare(&mut view, 1, priority);
        assert!(matches!(view.preempt(id), Err(PlaceError::Unplaced(_))), "{priority}");
    }
    let more = prepare(&mut view, 1, 4);
    assert_eq!(view.preempt(more).unwrap().victims.len(), 1);
}

#[test]
fn nobody_gives_way_where_there_is_room_or_where_it_would_not_help() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 10), NodeInfo::new(9, 10)]);
    run(&mut view, nodes[0], 10, 0);
    let id = prepare(&mut view, 10, 9);
    let free = view.preempt(id).unwrap();
    assert_eq!((free.node, free.victims.len()), (nodes[1], 0));
    run(&mut view, nodes[1], 10, 0);
    let large = prepare(&mut view, 11, 9);
    assert!(view.preempt(large).is_err());
    view.set_agent_connected(nodes[0], false).unwrap();
    assert_eq!(view.preempt(id).unwrap().node, nodes[1]);
}

#[test]
fn ports_and_distinct_instance_count_for_victims_too() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 10)]);
    let web = |priority| {
        PlacementRequest::new("web", TaskRequirements::new(1, 1).tcp_port(80))
            .constraint(Constraint::DistinctInstance)
            .priority(priority)
    };
    let (low, high) = (view.prepare(web(0)).unwrap(), view.prepare(web(1)).unwrap());
    let (_, hold) = view.assign(low).unwrap();
    assert_eq!(view.preempt(high), Ok(Preemption { node: nodes[0], victims: vec![hold] }));
    assert_eq!(view.node(nodes[0]).unwrap().tasks, 1, "a plan takes nothing");
}

#[test]
fn a_gang_is_placed_whole_or_not_at_all() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 4), NodeInfo::new(9, 4)]);
    let (one, two) = (prepare(&mut view, 3, 0), prepare(&mut view, 1, 0));
    let error = view.assign_all(&[two, one, one, one]).unwrap_err();
    assert_eq!(error.at, 3);
    assert!(matches!(error, GangError { error: PlaceError::Unplaced(_), .. }));
    assert!(view.nodes().all(|node| node.tasks == 0 && node.free.memory_mib == 4));
    let placed = view.assign_all(&[one, one, two]).unwrap();
    assert_eq!(
        placed.iter().map(|(one, _)| one.node).collect::<Vec<_>>(),
        [nodes[0], nodes[1], nodes[0]]
    );
    assert_eq!(view.assign_all(&[]), Ok(vec![]));
}
