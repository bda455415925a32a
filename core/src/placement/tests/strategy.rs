//! Which node each strategy chooses, on nodes written out by hand.

use super::choose;
use crate::placement::node::{MAX_ZONES, NodeSpec};
use crate::placement::strategy::{SpreadBy, Strategy, split_mix};
use crate::placement::word::{Free, Spec};
use crate::resources::{Resource, Resources};

/// A node with this much free and this many instances.
fn free(cpu_units: u32, memory_mib: u32, instances: u32) -> Free {
    let nothing = Resources::new(0, 0);
    let resources = Resources::new(cpu_units, memory_mib);
    let empty = Free::all_of(Spec::new(NodeSpec::new(resources, 0)));
    (0..instances).fold(empty, |free, _| free.take(nothing).unwrap())
}

/// The index that `strategy` chooses for an instance of 2 CPU units and 2 MiB.
fn chosen(strategy: Strategy, nodes: &[Free], zones: &[u8], draw: u64) -> Option<u32> {
    let nodes = (0_u32..).zip(nodes.iter().copied());
    let zone = |index: u32| zones.get(index as usize).copied().unwrap_or(0);
    choose(strategy, Resources::new(2, 2), nodes, zone, draw).map(|choice| choice.index)
}

#[test]
fn binpack_takes_the_least_of_its_resource_that_still_fits() {
    let nodes = [free(9, 3, 0), free(4, 8, 0), free(1, 2, 0), free(2, 1, 0)];
    assert_eq!(chosen(Strategy::Binpack(Resource::Cpu), &nodes, &[], 0), Some(1));
    assert_eq!(chosen(Strategy::Binpack(Resource::Memory), &nodes, &[], 0), Some(0));
}

#[test]
fn balanced_takes_the_smallest_of_the_larger_leftovers() {
    let nodes = [free(3, 9, 0), free(9, 3, 0), free(5, 6, 0), free(6, 6, 0)];
    assert_eq!(chosen(Strategy::Balanced, &nodes, &[], 0), Some(2));
}

#[test]
fn spread_by_node_takes_the_fewest_instances_with_room() {
    let nodes = [free(9, 9, 3), free(1, 9, 0), free(9, 9, 1), free(9, 9, 2)];
    assert_eq!(chosen(Strategy::Spread(SpreadBy::Node), &nodes, &[], 0), Some(2));
}

#[test]
fn spread_by_zone_counts_the_instances_of_full_nodes_too() {
    // Zone 7 has four instances on its full node, zone 3 has three.
    let nodes = [free(9, 9, 0), free(0, 0, 4), free(9, 9, 2), free(9, 9, 1)];
    let zones = [7, 7, 3, 3];
    assert_eq!(chosen(Strategy::Spread(SpreadBy::Zone), &nodes, &zones, 0), Some(3));
}

#[test]
fn spread_by_zone_passes_over_zones_without_room() {
    let nodes = [free(1, 1, 0), free(9, 9, 5)];
    assert_eq!(chosen(Strategy::Spread(SpreadBy::Zone), &nodes, &[0, 1], 0), Some(1));
    let last = [0, MAX_ZONES - 1];
    assert_eq!(chosen(Strategy::Spread(SpreadBy::Zone), &nodes, &last, 0), Some(1));
}

#[test]
fn ties_go_to_the_lowest_index() {
    let nodes = [free(1, 1, 0), free(5, 5, 1), free(5, 5, 1)];
    for strategy in Strategy::ALL.into_iter().filter(|rule| *rule != Strategy::Random) {
        assert_eq!(chosen(strategy, &nodes, &[0, 9, 2], 0), Some(1), "{strategy}");
    }
}

#[test]
fn random_takes_the_node_at_the_drawn_place_among_those_with_room() {
    let nodes = [free(5, 5, 0), free(1, 1, 0), free(5, 5, 0), free(5, 5, 0)];
    let at = |draw| chosen(Strategy::Random, &nodes, &[], draw);
    let third = u64::MAX / 3;
    assert_eq!((at(0), at(third)), (Some(0), Some(0)));
    assert_eq!((at(third + 1), at(2 * third)), (Some(2), Some(2)));
    assert_eq!((at(2 * third + 2), at(u64::MAX)), (Some(3), Some(3)));
}

#[test]
fn no_strategy_chooses_where_nothing_has_room() {
    for strategy in Strategy::ALL {
        assert_eq!(chosen(strategy, &[], &[], 7), None);
        assert_eq!(chosen(strategy, &[free(1, 9, 0), free(9, 1, 0)], &[], 7), None);
    }
}

#[test]
fn the_stream_is_split_mix_64() {
    // The reference values of the algorithm's published C source.
    assert_eq!(split_mix(0, 0), 0xE220_A839_7B1D_CDAF);
    assert_eq!(split_mix(1_234_567, 0), 6_457_827_717_110_365_317);
    assert_eq!(split_mix(1_234_567, 1), 3_203_168_211_198_807_973);
}

#[test]
fn names_are_read_back_and_an_unknown_one_is_quoted() {
    for strategy in Strategy::ALL {
        assert_eq!(Strategy::try_from(strategy.name()), Ok(strategy));
    }
    let error = Strategy::try_from("binpack").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`binpack` is no strategy; one of binpack:cpu, binpack:memory, spread:zone, \
         spread:node, random, binpack:balanced"
    );
}
