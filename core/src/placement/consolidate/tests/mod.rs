//! Tests of consolidation: what may move, what must stay, what is refused.

use alloc::vec;
use alloc::vec::Vec;

use super::{
    Cluster, ClusterError, ClusterNode, ClusterService, ClusterTask, Consolidator, Move, Plan,
    PlanFlaw,
};

/// Nodes of 8 each, and tasks as (node, size).
fn tasks(on: &[(u32, u64)]) -> Vec<ClusterTask> {
    on.iter().map(|&(node, size)| ClusterTask::new(node, vec![size])).collect()
}

fn nodes(count: usize) -> Vec<ClusterNode> {
    vec![ClusterNode::new(vec![8]); count]
}

fn planned(cluster: Cluster) -> Plan {
    let mut consolidator = Consolidator::new(cluster, 3);
    for _ in 0..100 {
        if !consolidator.advance(10_000) {
            break;
        }
    }
    consolidator.plan().verify(consolidator.cluster()).unwrap();
    consolidator.plan().clone()
}

#[test]
fn the_cheapest_node_is_freed_first_and_the_bound_says_what_is_left() {
    // Five half-empty nodes: 17 in all need three of 8.
    let mut tasks = tasks(&[(0, 5), (1, 3), (2, 3), (3, 3), (4, 3)]);
    tasks[3].move_cost = 10;
    let plan = planned(Cluster::new(nodes(5), tasks, vec![]).unwrap());
    assert_eq!((plan.nodes_used, plan.bound, plan.nodes_after(), plan.cost), (5, 3, 3, 2));
    assert_eq!(plan.moves.len(), 2);
    assert!(plan.freed.iter().all(|freed| freed.node != 3));
}

#[test]
fn an_empty_node_is_neither_freed_nor_filled() {
    let plan = planned(Cluster::new(nodes(3), tasks(&[(0, 5), (1, 5)]), vec![]).unwrap());
    assert_eq!((plan.nodes_used, plan.bound), (2, 2));
    assert!(plan.moves.is_empty());
}

#[test]
fn protected_tasks_and_nodes_that_must_stay_hold_their_place() {
    let on = [(0, 2), (1, 2), (2, 2)];
    let mut held = tasks(&on);
    held[0].movable = false;
    let mut kept = nodes(3);
    kept[1].may_be_freed = false;
    let plan = planned(Cluster::new(kept, held, vec![]).unwrap());
    // The bound knows them too.
    assert_eq!((plan.bound, plan.freed.len(), plan.freed[0].node), (2, 1, 2));
}

#[test]
fn a_service_at_its_floor_does_not_move() {
    let mut on = tasks(&[(0, 2), (1, 2), (2, 2)]);
    on.iter_mut().take(2).for_each(|task| task.service = Some(0));
    let service = |floor| vec![ClusterService { floor, distinct: false }];
    let at_floor = planned(Cluster::new(nodes(3), on.clone(), service(2)).unwrap());
    assert_eq!((at_floor.bound, at_floor.freed.len(), at_floor.freed[0].node), (2, 1, 2));
    let above = planned(Cluster::new(nodes(3), on, service(1)).unwrap());
    assert_eq!(above.freed.len(), 2);
}

#[test]
fn tasks_that_share_no_node_and_nodes_that_a_task_may_not_use_are_respected() {
    let mut apart = tasks(&[(0, 2), (1, 2), (2, 2)]);
    apart.iter_mut().for_each(|task| task.service = Some(0));
    let distinct = vec![ClusterService { floor: 0, distinct: true }];
    let plan = planned(Cluster::new(nodes(3), apart, distinct).unwrap());
    assert_eq!((plan.bound, plan.freed.len()), (3, 0));

    let mut tied = tasks(&[(0, 2), (1, 2), (2, 2)]);
    tied[0].nodes = Some(vec![2]);
    tied[1].nodes = Some(vec![]);
    let mut closed = nodes(3);
    closed[1].takes_tasks = false;
    let plan = planned(Cluster::new(closed, tied, vec![]).unwrap());
    assert_eq!(plan.moves, [Move { task: 0, from: 0, to: 2 }]);
}

#[test]
fn what_is_no_cluster_is_named() {
    let error = |nodes, tasks, services| Cluster::new(nodes, tasks, services).unwrap_err();
    assert_eq!(
        error(nodes(1), tasks(&[(1, 1)]), vec![]),
        ClusterError::Unknown { task: 0, named: 1 }
    );
    assert_eq!(
        error(nodes(1), tasks(&[(0, 5), (0, 4)]), vec![]),
        ClusterError::Overfull { node: 0, dimension: 0, has: 8, needs: 9 }
    );
    let mut lost = tasks(&[(0, 1)]);
    lost[0].service = Some(7);
    assert_eq!(error(nodes(1), lost, vec![]), ClusterError::Unknown { task: 0, named: 7 });
    let flat = vec![ClusterTask::new(0, vec![])];
    assert_eq!(error(nodes(1), flat, vec![]), ClusterError::Dimensions { found: 0, expected: 1 });
    let huge = vec![ClusterTask::new(0, vec![u64::MAX])];
    assert_eq!(error(nodes(1), huge, vec![]), ClusterError::Amount { amount: u64::MAX });
}

#[test]
fn every_flaw_of_a_plan_is_found() {
    let on = tasks(&[(0, 6), (1, 3), (2, 3)]);
    let cluster = Cluster::new(nodes(3), on, vec![]).unwrap();
    let good = planned(cluster.clone());
    assert_eq!(good.moves.len(), 1);

    let mut no_room = good.clone();
    no_room.moves[0].to = 0;
    assert_eq!(no_room.verify(&cluster), Err(PlanFlaw::NoRoom { at: 0 }));
    let mut elsewhere = good.clone();
    elsewhere.moves[0].from = 0;
    assert_eq!(elsewhere.verify(&cluster), Err(PlanFlaw::Move { at: 0 }));
    let mut claimed = good.clone();
    claimed.freed[0].node = 0;
    assert_eq!(claimed.verify(&cluster), Err(PlanFlaw::NotFree { node: 0 }));
    let mut cheap = good;
    cheap.cost = 0;
    assert_eq!(cheap.verify(&cluster), Err(PlanFlaw::Figures));
}

#[test]
fn a_large_cluster_is_consolidated_without_a_search_of_everything() {
    // 300 nodes, each with one task of a quarter: 75 are enough.
    let on: Vec<(u32, u64)> = (0..300).map(|node| (node, 2)).collect();
    let plan = planned(Cluster::new(nodes(300), tasks(&on), vec![]).unwrap());
    assert_eq!((plan.nodes_used, plan.bound, plan.nodes_after()), (300, 75, 75));
}
