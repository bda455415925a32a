//! What a fleet promises, one sentence a test.

use core::num::NonZeroU32;

use super::{ONE, fleet, node};
use crate::id::NodeId;
use crate::placement::{
    FitError, Fleet, MAX_INSTANCES, NodeError, NodeSpec, ReleaseError, Reservation, ReserveError,
    Strategy,
};
use crate::resources::{Resource, Resources};

const BY_MEMORY: Strategy = Strategy::Binpack(Resource::Memory);

#[test]
fn a_refused_node_leaves_the_fleet_as_it_was() {
    let fleet = fleet(1);
    let zero = NodeSpec::new(Resources::new(1_024, 0), 0);
    assert_eq!(fleet.add_node(zero), Err(NodeError::Zero { resource: Resource::Memory }));
    assert_eq!(fleet.len(), 0);
    fleet.add_node(node(1)).unwrap();
    let error = fleet.add_node(node(1)).unwrap_err();
    assert_eq!(error, NodeError::Full { max_nodes: 1 });
    assert_eq!(error.to_string(), "one node more than the 1 that the fleet was made for");
    assert_eq!(fleet.len(), 1);
}

#[test]
fn lent_memory_is_cleared_whatever_it_held() {
    let lent = [const { crate::sync::AtomicU64::new(u64::MAX) }; 5];
    let fleet = Fleet::new_in(&lent[..], NonZeroU32::MIN, 0).unwrap();
    assert_eq!((fleet.max_nodes(), fleet.len(), fleet.nodes().count()), (2, 0, 0));
    let id = fleet.add_node(node(3)).unwrap();
    assert_eq!(fleet.node(id).unwrap().free, Resources::new(3, 3));
}

#[test]
fn a_fleet_without_words_has_no_nodes_and_takes_none() {
    let fleet = Fleet::new_in(&[][..], NonZeroU32::MIN, 0).unwrap();
    assert_eq!(fleet.add_node(node(1)), Err(NodeError::Full { max_nodes: 0 }));
    let refusal = fleet.place(ONE, Strategy::Random).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "no room for 1 cpu_units, 1 memory_mib: the fleet has no nodes"
    );
    assert_eq!(fleet.fits_empty(ONE), Err(FitError::NoNodes));
}

#[test]
#[cfg(feature = "alloc")]
fn a_fleet_larger_than_its_word_is_refused_before_it_is_allocated() {
    let error = Fleet::new(u32::MAX, NonZeroU32::MIN, 0).unwrap_err();
    assert_eq!(error, crate::placement::FleetError::TooManyNodes { max_nodes: u32::MAX as usize });
    assert_eq!(error.to_string(), "a fleet of 4294967295 nodes: at most 1048576 are possible");
}

#[test]
#[cfg(feature = "alloc")]
fn lent_words_for_too_many_nodes_are_refused() {
    let lent = crate::sync::boxed(crate::placement::words((1 << 20) + 1));
    let error = Fleet::new_in(&lent[..], NonZeroU32::MIN, 0).unwrap_err();
    assert_eq!(error, crate::placement::FleetError::TooManyNodes { max_nodes: (1 << 20) + 1 });
}

#[test]
fn a_reservation_is_all_or_nothing_and_names_what_was_short() {
    let fleet = fleet(1);
    let id = fleet.add_node(NodeSpec::new(Resources::new(10, 20), 0)).unwrap();
    let error = fleet.reserve(id, Resources::new(10, 21)).unwrap_err();
    let memory = ReserveError::Short { resource: Resource::Memory, free: 20, needed: 21 };
    assert_eq!(error, memory);
    assert_eq!(error.to_string(), "RESOURCE:MEMORY: 21 memory_mib needed, 20 free");
    assert_eq!(fleet.node(id).unwrap().free, Resources::new(10, 20));

    let room = fleet.reserve(id, Resources::new(10, 5)).unwrap();
    assert_eq!((room.node(), room.resources()), (id, Resources::new(10, 5)));
    let cpu = ReserveError::Short { resource: Resource::Cpu, free: 0, needed: 1 };
    assert_eq!(fleet.reserve(id, Resources::new(1, 99)), Err(cpu));
    let view = fleet.node(id).unwrap();
    assert_eq!((view.free, view.instances), (Resources::new(0, 15), 1));
}

#[test]
fn a_node_holds_no_more_instances_than_its_word_counts() {
    let fleet = fleet(1);
    let id = fleet.add_node(node(1)).unwrap();
    let nothing = Resources::new(0, 0);
    for _ in 0..MAX_INSTANCES {
        let _held = fleet.place(nothing, BY_MEMORY).unwrap();
    }
    assert_eq!(fleet.reserve(id, nothing), Err(ReserveError::Full));
    let refusal = fleet.place(nothing, BY_MEMORY).unwrap_err();
    assert_eq!((refusal.full, refusal.short_of_cpu, refusal.short_of_memory), (1, 0, 0));
    assert_eq!(fleet.node(id).unwrap().instances, MAX_INSTANCES);
}

#[test]
fn a_released_reservation_is_room_again_and_a_second_release_is_refused() {
    let fleet = fleet(1);
    let id = fleet.add_node(node(1)).unwrap();
    let (node, resources) = fleet.place(ONE, BY_MEMORY).unwrap().into_parts();
    assert!(fleet.place(ONE, BY_MEMORY).is_err());
    fleet.release(Reservation::from_parts(node, resources)).unwrap();

    let again = fleet.release(Reservation::from_parts(node, resources)).unwrap_err();
    assert_eq!(again, ReleaseError::NotHeld { node });
    assert_eq!(again.to_string(), "more given back than the instances on node 0v1 hold");
    let view = fleet.node(id).unwrap();
    assert_eq!((view.free, view.instances), (ONE, 0));
}

#[test]
fn a_node_of_another_fleet_is_refused_by_name() {
    let fleet = fleet(2);
    fleet.add_node(node(1)).unwrap();
    let not_yet = NodeId::new(1, NonZeroU32::MIN);
    let foreign = NodeId::new(0, NonZeroU32::MAX);
    for stale in [not_yet, foreign] {
        assert_eq!(fleet.reserve(stale, ONE), Err(ReserveError::Stale(stale)));
        let room = Reservation::from_parts(stale, ONE);
        assert_eq!(fleet.release(room), Err(ReleaseError::Stale(stale)));
        assert_eq!(fleet.node(stale), None);
    }
    let error = ReserveError::Stale(foreign);
    assert_eq!(error.to_string(), "node 0v4294967295 is not of this fleet");
}

#[test]
fn a_refusal_counts_the_nodes_short_of_each_resource() {
    let fleet = fleet(4);
    for (cpu, memory) in [(4, 100), (1, 100), (9, 50), (2, 10)] {
        fleet.add_node(NodeSpec::new(Resources::new(cpu, memory), 0)).unwrap();
    }
    let needed = Resources::new(5, 200);
    let refusal = fleet.place(needed, Strategy::Random).unwrap_err();
    assert_eq!(refusal.resource, Resource::Memory);
    assert_eq!((refusal.needed, refusal.nodes), (needed, 4));
    assert_eq!((refusal.short_of_cpu, refusal.short_of_memory, refusal.full), (3, 4, 0));
    assert_eq!(refusal.largest_free, Resources::new(9, 100));
    assert_eq!(
        refusal.to_string(),
        "RESOURCE:MEMORY: no room for 5 cpu_units, 200 memory_mib; of 4 nodes 3 short of \
         cpu_units (largest free 9), 4 short of memory_mib (largest free 100), 0 with 65535 \
         instances"
    );
}

#[test]
fn what_fits_no_empty_node_is_known_beforehand() {
    let fleet = fleet(2);
    fleet.add_node(NodeSpec::new(Resources::new(8, 100), 0)).unwrap();
    fleet.add_node(NodeSpec::new(Resources::new(2, 400), 0)).unwrap();
    let too_large = |resource, needed, largest| FitError::TooLarge { resource, needed, largest };
    let fits = |cpu, memory| fleet.fits_empty(Resources::new(cpu, memory));
    assert_eq!(fits(9, 1), Err(too_large(Resource::Cpu, 9, 8)));
    assert_eq!(fits(1, 401), Err(too_large(Resource::Memory, 401, 400)));
    // Each amount is below some node's, but no node has both.
    assert_eq!(fits(3, 101), Err(too_large(Resource::Cpu, 3, 2)));
    // Being full now does not matter.
    let _held = fleet.place(Resources::new(8, 100), BY_MEMORY).unwrap();
    assert_eq!(fits(8, 100), Ok(()));
}

#[test]
fn the_same_seed_draws_the_same_nodes_and_another_does_not() {
    let drawn = |seed| {
        let lent = [const { crate::sync::AtomicU64::new(0) }; 16];
        let fleet = Fleet::new_in(&lent[..], NonZeroU32::MIN, seed).unwrap();
        (0..8).for_each(|_| assert!(fleet.add_node(node(99)).is_ok()));
        let place = |_| fleet.place(ONE, Strategy::Random).unwrap().node().index();
        (0..100).map(place).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    assert!((0..8).all(|index| drawn(1).contains(&index)));
}

#[test]
fn a_thread_stopped_while_adding_stops_no_other() {
    use crate::placement::word::Spec;
    let fleet = fleet(2);
    // The stopped thread took its first step and will take no other.
    fleet.ledger.claim_index(0, Spec::new(node(7))).unwrap();
    assert_eq!((fleet.len(), fleet.place(ONE, BY_MEMORY).unwrap_err().nodes), (0, 0));
    let mine = fleet.add_node(node(3)).unwrap();
    assert_eq!((mine.index(), fleet.len()), (1, 2));
    assert_eq!(fleet.nodes().map(|view| view.spec).collect::<Vec<_>>(), [node(7), node(3)]);
    assert_eq!(fleet.add_node(node(1)), Err(NodeError::Full { max_nodes: 2 }));
}

#[test]
fn the_memory_of_a_node_is_sixteen_bytes() {
    assert_eq!(crate::placement::words(1) * size_of::<u64>(), 16);
    assert_eq!(crate::placement::words(0), 0);
}
