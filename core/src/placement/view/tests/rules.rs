//! The rules of placement, one by one.

use super::super::{
    Chain, CommitError, MAX_PORTS, NodeInfo, NodeInfoError, PlaceError, PlacementRequest, Protocol,
    Reason, RequestError, Stale, TaskRequirements, View,
};
use super::{next, request, view_of};
use crate::placement::constraint::Constraint;
use crate::resources::{Resource, Resources};

/// The reasons of the only node.
fn reasons(info: NodeInfo, request: PlacementRequest) -> Vec<Reason> {
    let (mut view, nodes) = view_of([info]);
    let id = view.prepare(request).unwrap();
    let reasons = view.reasons(id, nodes[0]).unwrap();
    match view.place(id) {
        Ok(placed) => assert!(reasons.is_empty() && placed.node == nodes[0]),
        Err(error) => {
            let found: Vec<_> = error.unplaced().unwrap().nodes().collect();
            assert_eq!(found, [(nodes[0], &*reasons)]);
        }
    }
    reasons
}

fn task(needs: TaskRequirements) -> PlacementRequest {
    PlacementRequest::new("g", needs)
}

#[test]
fn a_node_is_refused_for_every_reason_at_once() {
    let mut info = NodeInfo::new(10, 20).zone("a").reserved_port(Protocol::Udp, 53);
    (info.active, info.agent_connected) = (false, false);
    let needs = TaskRequirements::new(11, 22)
        .gpus(1)
        .eni()
        .udp_port(53)
        .attribute("gpu", None)
        .attribute("ecs.availability-zone", Some("b"))
        .zone("b");
    let request = task(needs)
        .constraint(Constraint::DistinctInstance)
        .constraint(Constraint::member_of("attribute:gpu exists").unwrap());
    assert_eq!(
        reasons(info, request),
        [
            Reason::Inactive,
            Reason::Agent,
            Reason::Cpu { needed: 11, available: 10 },
            Reason::Memory { needed: 22, available: 20 },
            Reason::Gpu { needed: 1, available: 0 },
            Reason::Ports { needed: 1, available: 94, taken: Some((Protocol::Udp, 53)) },
            Reason::Eni { needed: 1, available: 0 },
            Reason::Attribute { requirement: 0 },
            Reason::Attribute { requirement: 1 },
            Reason::Location,
            Reason::MemberOf { constraint: 1 },
        ]
    );
}

#[test]
fn the_agents_own_ports_are_tcp_ports() {
    for port in [22, 2_375, 2_376, 51_678, 51_679] {
        let taken = Some((Protocol::Tcp, port));
        let tcp = reasons(NodeInfo::new(1, 1), task(TaskRequirements::new(1, 1).tcp_port(port)));
        assert_eq!(tcp, [Reason::Ports { needed: 1, available: 95, taken }]);
        let udp = task(TaskRequirements::new(1, 1).udp_port(port));
        assert_eq!(reasons(NodeInfo::new(1, 1), udp), []);
    }
}

#[test]
fn host_port_0_takes_no_port() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9)]);
    let dynamic = task(TaskRequirements::new(1, 1).tcp_port(0).udp_port(0));
    let id = view.prepare(dynamic).unwrap();
    next(&mut view, id);
    next(&mut view, id);
    assert_eq!(view.node(nodes[0]).unwrap().ports_taken.len(), 5);
}

#[test]
fn at_most_100_ports_are_reserved_the_agents_included() {
    let ports = |ports: core::ops::Range<u16>| {
        ports.fold(TaskRequirements::new(1, 1), |needs, port| needs.udp_port(port))
    };
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9)]);
    let most = view.prepare(task(ports(1..96))).unwrap();
    let one = view.prepare(task(ports(1_000..1_001))).unwrap();
    let (_, hold) = view.assign(most).unwrap();
    assert_eq!(view.node(nodes[0]).unwrap().ports_taken.len(), MAX_PORTS);
    let short = Reason::Ports { needed: 1, available: 0, taken: None };
    assert_eq!(view.commit(one, nodes[0]), Err(CommitError::Short(short)));
    view.release(hold).unwrap();
    assert!(view.commit(one, nodes[0]).is_ok());
    assert_eq!(view.prepare(task(ports(1..102))), Err(RequestError::Ports { ports: 101 }));
}

#[test]
fn distinct_instance_counts_the_same_group_alone() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9), NodeInfo::new(9, 9)]);
    let of = |group| {
        PlacementRequest::new(group, TaskRequirements::new(1, 1))
            .constraint(Constraint::DistinctInstance)
    };
    let (blue, green) = (view.prepare(of("blue")).unwrap(), view.prepare(of("green")).unwrap());
    assert_eq!([next(&mut view, blue), next(&mut view, blue)], [nodes[0], nodes[1]]);
    let error = view.place(blue).unwrap_err();
    assert_eq!(error.unplaced().unwrap().count(Reason::DistinctInstance { tasks: 1 }.code()), 2);
    assert_eq!(next(&mut view, green), nodes[0]);
}

#[test]
fn binpack_takes_the_node_with_the_least_left_that_still_fits() {
    let (mut view, nodes) =
        view_of([NodeInfo::new(100, 30), NodeInfo::new(90, 20), NodeInfo::new(80, 40)]);
    for (strategies, needs, chosen) in [
        (["binpack:memory"], (1, 1), 1),
        (["binpack:memory"], (1, 21), 0),
        (["binpack:memory"], (91, 1), 0),
        (["binpack:cpu"], (1, 1), 2),
        (["binpack:cpu"], (81, 1), 1),
    ] {
        let request = task(TaskRequirements::new(needs.0, needs.1));
        let request = request.strategies(Chain::parse(&strategies).unwrap());
        let id = view.prepare(request).unwrap();
        assert_eq!(view.place(id).unwrap().node, nodes[chosen], "{strategies:?} {needs:?}");
    }
}

#[test]
fn strategies_narrow_the_ties_of_the_one_before_and_are_never_summed() {
    // By sums the second node would win: a little more memory, far less CPU.
    let (mut view, nodes) =
        view_of([NodeInfo::new(9_000, 20), NodeInfo::new(10, 21), NodeInfo::new(8_000, 20)]);
    let id = request(&mut view, &["binpack:memory", "binpack:cpu"]);
    assert_eq!(next(&mut view, id), nodes[2]);
}

#[test]
fn spread_counts_tasks_of_the_group_by_value() {
    let zones = ["a", "a", "b"].map(|zone| NodeInfo::new(9, 9).zone(zone));
    let (mut view, nodes) = view_of(zones);
    let other = view.prepare(PlacementRequest::new("other", TaskRequirements::new(1, 1))).unwrap();
    view.commit(other, nodes[0]).unwrap();
    let id = request(&mut view, &["spread:attribute:ecs.availability-zone"]);
    let chosen: Vec<_> = (0..4).map(|_| next(&mut view, id)).collect();
    assert_eq!(chosen, [nodes[0], nodes[2], nodes[0], nodes[2]], "lowest index within a zone");
}

#[test]
fn spread_counts_tasks_on_nodes_without_room_too() {
    let nodes = [("a", 1), ("a", 9), ("b", 9)];
    let (mut view, nodes) =
        view_of(nodes.map(|(zone, memory)| NodeInfo::new(9, memory).zone(zone)));
    let id = request(&mut view, &[]);
    view.commit(id, nodes[0]).unwrap();
    let id = request(&mut view, &["spread:attribute:ecs.availability-zone"]);
    assert_eq!(next(&mut view, id), nodes[2]);
}

#[test]
fn spread_passes_over_values_without_a_node_that_may_take_the_task() {
    let nodes = [("a", 9), ("b", 1)].map(|(zone, cpu)| NodeInfo::new(cpu, 9).zone(zone));
    let (mut view, nodes) = view_of(nodes);
    let zone = ["spread:attribute:ecs.availability-zone"];
    let needs = task(TaskRequirements::new(2, 1)).strategies(Chain::parse(&zone).unwrap());
    let id = view.prepare(needs).unwrap();
    assert_eq!([next(&mut view, id), next(&mut view, id)], [nodes[0]; 2]);
}

#[test]
fn nodes_without_the_attribute_come_after_all_that_have_it() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9), NodeInfo::new(2, 2).attribute("r", "1")]);
    let id = request(&mut view, &["spread:attribute:r"]);
    let chosen: Vec<_> = (0..3).map(|_| next(&mut view, id)).collect();
    assert_eq!(chosen, [nodes[1], nodes[1], nodes[0]]);
}

#[test]
fn a_service_is_spread_over_zones_and_then_instances() {
    let zones = ["a", "a", "a", "b"].map(|zone| NodeInfo::new(9, 9).zone(zone));
    let (mut view, nodes) = view_of(zones);
    let web = PlacementRequest::new("service:web", TaskRequirements::new(1, 1));
    let id = view.prepare(web).unwrap();
    let chosen: Vec<_> = (0..6).map(|_| next(&mut view, id)).collect();
    assert_eq!(chosen, [0, 3, 1, 3, 2, 3].map(|node| nodes[node]));
}

#[test]
fn random_draws_the_same_from_the_same_seed() {
    let draw = |seed| {
        let mut view = View::new(seed);
        for _ in 0..8 {
            view.add_node(NodeInfo::new(9, 9)).unwrap();
        }
        let id = request(&mut view, &["random"]);
        (0..20).map(|_| view.place(id).unwrap().node.index()).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert!((0..8).all(|node| draw(3).iter().chain(&draw(4)).chain(&draw(5)).any(|n| *n == node)));
}

#[test]
fn the_closest_match_has_the_fewest_reasons_then_the_smallest_shortfall() {
    let (mut view, nodes) =
        view_of([NodeInfo::new(5, 5), NodeInfo::new(50, 90), NodeInfo::new(99, 95)]);
    let id = view.prepare(task(TaskRequirements::new(100, 90))).unwrap();
    let error = view.place(id).unwrap_err();
    let unplaced = error.unplaced().unwrap();
    let closest = unplaced.closest().unwrap();
    assert_eq!(closest.node, nodes[2]);
    assert_eq!(closest.reasons, [Reason::Cpu { needed: 100, available: 99 }]);
    assert_eq!(
        unplaced.to_string(),
        "none of 3 nodes meets all requirements; closest is node 2v1: RESOURCE:CPU: 100 cpu_units \
         needed, 99 available"
    );
    assert_eq!(
        unplaced.service_event("web", "i-3").to_string(),
        "(service web) was unable to place a task because no container instance met all of its \
         requirements. The closest matching (container-instance i-3) has insufficient CPU units \
         available."
    );
}

#[test]
fn an_empty_view_says_so() {
    let mut view = View::new(0);
    let id = request(&mut view, &[]);
    let error = view.place(id).unwrap_err();
    assert_eq!(error.unplaced().unwrap().closest(), None);
    assert_eq!(error.to_string(), "the view has no nodes");
}

#[test]
fn what_is_released_is_free_again_and_once() {
    let (mut view, nodes) = view_of([NodeInfo::new(4, 4).gpus(2).enis(1)]);
    let needs = TaskRequirements::new(4, 3).gpus(2).eni().tcp_port(80);
    let id = view.prepare(task(needs)).unwrap();
    let (placed, hold) = view.assign(id).unwrap();
    let full = view.node(placed.node).unwrap();
    assert_eq!((full.free, full.gpus_free, full.enis_free), (Resources::new(0, 1), 0, 0));
    assert_eq!((full.tasks, view.tasks_of_group_on(nodes[0], "g")), (1, 1));
    assert_eq!(view.tasks_on(nodes[0]).collect::<Vec<_>>(), [hold]);
    view.release(hold).unwrap();
    assert_eq!(view.release(hold), Err(Stale));
    let empty = view.node(nodes[0]).unwrap();
    assert_eq!((empty.free, empty.gpus_free, empty.enis_free), (Resources::new(4, 4), 2, 1));
    assert_eq!((empty.tasks, empty.ports_taken.len()), (0, 5));
}

#[test]
fn running_tasks_are_those_that_were_reported() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9)]);
    let idle = task(TaskRequirements::new(1, 1));
    let idle = idle.constraint(Constraint::member_of("runningTasksCount < 1").unwrap());
    let id = view.prepare(idle).unwrap();
    let (_, first) = view.assign(id).unwrap();
    let (_, second) = view.assign(id).unwrap();
    view.set_running(first, true).unwrap();
    view.set_running(first, true).unwrap();
    assert_eq!(view.node(nodes[0]).unwrap().running_tasks, 1);
    assert!(view.place(id).is_err());
    view.set_running(first, false).unwrap();
    assert!(view.place(id).is_ok());
    view.set_running(second, true).unwrap();
    view.release(second).unwrap();
    assert!(view.place(id).is_ok());
}

#[test]
fn changes_of_a_node_count_from_the_next_placement_on() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9), NodeInfo::new(9, 9)]);
    let ssd = task(TaskRequirements::new(1, 1));
    let ssd = ssd.constraint(Constraint::member_of("attribute:disk == ssd").unwrap());
    let id = view.prepare(ssd).unwrap();
    assert!(view.place(id).is_err());
    view.set_attribute(nodes[1], "disk", "ssd").unwrap();
    assert_eq!(view.place(id).unwrap().node, nodes[1]);
    view.set_active(nodes[1], false).unwrap();
    assert!(view.place(id).is_err());
    view.set_active(nodes[1], true).unwrap();
    view.set_agent_connected(nodes[1], false).unwrap();
    assert!(view.place(id).is_err());
    view.set_agent_connected(nodes[1], true).unwrap();
    assert_eq!(view.remove_attribute(nodes[1], "disk"), Ok(true));
    assert!(view.place(id).is_err());
    let wrong = view.set_attribute(nodes[1], "d k", "ssd").unwrap_err();
    assert!(matches!(wrong, NodeInfoError::Attribute(_)), "{wrong}");
}

#[test]
fn a_node_registers_anew_with_what_its_tasks_hold() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9)]);
    let id = view.prepare(task(TaskRequirements::new(4, 4).tcp_port(80))).unwrap();
    let (_, hold) = view.assign(id).unwrap();
    let small = view.update_node(nodes[0], NodeInfo::new(3, 9)).unwrap_err();
    assert_eq!(small, NodeInfoError::InUse(Reason::Cpu { needed: 4, available: 3 }));
    view.update_node(nodes[0], NodeInfo::new(5, 20).reserved_port(Protocol::Tcp, 80)).unwrap();
    assert_eq!(view.node(nodes[0]).unwrap().free, Resources::new(1, 16));
    view.release(hold).unwrap();
    let state = view.node(nodes[0]).unwrap();
    assert_eq!(state.free, Resources::new(5, 20));
    assert!(state.ports_taken.contains(Protocol::Tcp, 80), "the node's own now");
}

#[test]
fn a_removed_node_takes_its_tasks_along() {
    let (mut view, nodes) = view_of([NodeInfo::new(9, 9)]);
    let id = request(&mut view, &[]);
    let (_, hold) = view.assign(id).unwrap();
    assert_eq!(view.remove_node(nodes[0]), Ok(vec![hold]));
    assert_eq!(view.release(hold), Err(Stale));
    assert_eq!(view.remove_node(nodes[0]), Err(Stale));
    assert_eq!(view.commit(id, nodes[0]), Err(CommitError::Stale));
    let again = view.add_node(NodeInfo::new(9, 9)).unwrap();
    assert!(again != nodes[0] && again.index() == nodes[0].index());
    assert_eq!(next(&mut view, id), again);
}

#[test]
fn a_forgotten_request_places_no_more() {
    let (mut view, _) = view_of([NodeInfo::new(9, 9)]);
    let id = request(&mut view, &[]);
    let (_, hold) = view.assign(id).unwrap();
    view.forget(id).unwrap();
    assert_eq!(view.place(id), Err(PlaceError::Stale));
    assert_eq!(view.forget(id), Err(Stale));
    assert_eq!(view.hold(hold).unwrap().group, "g");
}

#[test]
fn what_is_out_of_range_is_refused_by_name() {
    let mut view = View::new(0);
    let large = task(TaskRequirements::new(1 << 24, 1));
    let error = view.prepare(large).unwrap_err();
    assert_eq!(error.to_string(), "a task of 16777216 cpu_units: at most 16777215 is possible");
    let error = view.add_node(NodeInfo::new(1, 0)).unwrap_err();
    assert_eq!(error, NodeInfoError::Amount { resource: Resource::Memory, amount: 0 });
    let distinct = (0..11).map(|_| Constraint::DistinctInstance);
    let many = distinct.fold(task(TaskRequirements::new(1, 1)), PlacementRequest::constraint);
    assert_eq!(view.prepare(many), Err(RequestError::Constraints { constraints: 11 }));
    let error = Chain::parse(&["random"; 6]).unwrap_err();
    assert_eq!(error.to_string(), "6 strategies, 5 at most");
    assert!(Chain::parse(&["binpack:gpu"]).is_err());
    assert!(Chain::parse(&["spread:attribute:"]).is_err());
}
