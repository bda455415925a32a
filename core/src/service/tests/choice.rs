//! Scale-in victims and zone balance.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::resources::{Resource, Resources};
use crate::rng::Rng;
use crate::service::{
    Candidate, Ineligible, InstanceKey, Move, ObservedInstance, Setup, StopRule, TaskKey,
    ZoneCount, ZoneKey, eligible, imbalance, victim,
};

/// Instances as (zone, memory left); tasks as (instance, memory).
fn stop(rules: &[StopRule], instances: &[(u32, u32)], tasks: &[(usize, u32)]) -> Option<u64> {
    stop_but(rules, instances, tasks, &[])
}

fn stop_but(
    rules: &[StopRule],
    instances: &[(u32, u32)],
    tasks: &[(usize, u32)],
    protected: &[u64],
) -> Option<u64> {
    let hosts: Vec<ObservedInstance> = (0..)
        .zip(instances)
        .map(|(key, (zone, left))| {
            let room = Resources::new(0, *left);
            ObservedInstance::new(InstanceKey(key), ZoneKey(*zone), room)
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = (1..)
        .zip(tasks)
        .map(|(key, (host, memory))| Candidate {
            task: TaskKey(key),
            size: Resources::new(0, *memory),
            instance: Some(&hosts[*host]),
            zone: hosts[*host].zone,
            may_stop: !protected.contains(&key),
        })
        .collect();
    victim(rules, &candidates, &mut Rng::new(1)).map(|task| task.0)
}

#[test]
fn binpack_stops_where_most_remains_afterwards() {
    let rules = [StopRule::MostRemaining(Resource::Memory)];
    // 100 + 50 against 120 + 10: not where most is free now.
    assert_eq!(stop(&rules, &[(0, 120), (0, 100)], &[(0, 10), (1, 50)]), Some(2));
    // The reverse of placement would take the emptiest instance's, here too; a
    // tie goes to the lowest key.
    assert_eq!(stop(&rules, &[(0, 100), (0, 100)], &[(1, 10), (0, 10)]), Some(1));
}

#[test]
fn a_zone_spread_keeps_the_balance_and_then_draws() {
    let rules = [StopRule::FullestZone];
    let instances = [(0, 0), (1, 0), (1, 0)];
    let tasks = [(0, 1), (1, 1), (2, 1), (0, 1), (1, 1)];
    let drawn: Vec<u64> = (0..64)
        .map(|seed| {
            let hosts: Vec<ObservedInstance> = (0..)
                .zip(instances)
                .map(|(key, (zone, _))| {
                    ObservedInstance::new(InstanceKey(key), ZoneKey(zone), Resources::new(0, 0))
                })
                .collect();
            let candidates: Vec<Candidate<'_>> = (1..)
                .zip(tasks)
                .map(|(key, (host, _)): (u64, (usize, u32))| Candidate {
                    task: TaskKey(key),
                    size: Resources::new(0, 1),
                    instance: Some(&hosts[host]),
                    zone: hosts[host].zone,
                    may_stop: true,
                })
                .collect();
            victim(&rules, &candidates, &mut Rng::new(seed)).unwrap().0
        })
        .collect();
    // Zone 1 has three of the five; each of them is drawn, no other is.
    for key in [2, 3, 5] {
        assert!(drawn.contains(&key), "{drawn:?}");
    }
    assert!(drawn.iter().all(|key| [2, 3, 5].contains(key)), "{drawn:?}");
}

#[test]
fn without_strategies_the_fullest_zone_and_then_its_fullest_instance() {
    let instances = [(0, 0), (0, 0), (0, 0), (1, 0), (1, 0)];
    let tasks = [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (4, 1)];
    // Both zones have three: the fullest instance decides.
    assert_eq!(stop(&[], &instances, &tasks), Some(5));
    let tasks = [(0, 1), (1, 1), (2, 1), (3, 1), (3, 1)];
    // Zone 0 has three of one each: the zone comes first, then the lowest key.
    assert_eq!(stop(&[], &instances, &tasks), Some(1));
}

#[test]
fn strategies_narrow_one_after_the_other() {
    let rules = [StopRule::FullestInstance, StopRule::MostRemaining(Resource::Memory)];
    let instances = [(0, 5), (0, 9), (0, 99)];
    let tasks = [(0, 1), (0, 1), (1, 1), (1, 1), (2, 1)];
    assert_eq!(stop(&rules, &instances, &tasks), Some(3));
}

#[test]
fn protected_tasks_are_skipped_and_still_count() {
    let instances = [(0, 0), (1, 0)];
    let tasks = [(0, 1), (0, 1), (1, 1)];
    assert_eq!(stop_but(&[], &instances, &tasks, &[1]), Some(2));
    assert_eq!(stop_but(&[], &instances, &tasks, &[1, 2]), Some(3));
    assert_eq!(stop_but(&[], &instances, &tasks, &[1, 2, 3]), None);
}

#[test]
fn instances_without_the_attribute_are_one_group() {
    let rules = [StopRule::FullestValue("rack".to_string())];
    let mut hosts: Vec<ObservedInstance> = (0..4)
        .map(|key| ObservedInstance::new(InstanceKey(key), ZoneKey(0), Resources::new(0, 0)))
        .collect();
    hosts[0].attributes.push(("rack".to_string(), "a".to_string()));
    let candidates: Vec<Candidate<'_>> = (1..)
        .zip(&hosts)
        .map(|(key, host)| Candidate {
            task: TaskKey(key),
            size: Resources::new(0, 0),
            instance: Some(host),
            zone: host.zone,
            may_stop: true,
        })
        .collect();
    assert_eq!(victim(&rules, &candidates, &mut Rng::new(0)), Some(TaskKey(2)));
}

fn zones(counts: &[u32]) -> Option<Move> {
    let counts: Vec<ZoneCount> = (0..)
        .zip(counts)
        .map(|(zone, tasks)| ZoneCount {
            zone: ZoneKey(zone),
            tasks: *tasks,
            gives: true,
            takes: true,
        })
        .collect();
    imbalance(&counts)
}

#[test]
fn zones_are_balanced_where_they_differ_by_one_at_most() {
    assert_eq!(zones(&[]), None);
    assert_eq!(zones(&[7]), None);
    assert_eq!(zones(&[2, 3, 2]), None);
    assert_eq!(zones(&[3, 1, 3]), Some(Move { from: ZoneKey(0), to: ZoneKey(1) }));
    assert_eq!(zones(&[1, 0, 2]), Some(Move { from: ZoneKey(2), to: ZoneKey(1) }));
}

#[test]
fn only_some_services_are_rebalanced() {
    let plain = Setup {
        daemon: false,
        rules: Vec::new(),
        max_percent: 200,
        classic_load_balancer: false,
        zone_constraint: false,
    };
    assert_eq!(eligible(&plain), Ok(()));
    let spread = Setup { rules: [StopRule::FullestZone, StopRule::Random].into(), ..plain.clone() };
    assert_eq!(eligible(&spread), Ok(()));
    let packed = [StopRule::MostRemaining(Resource::Cpu), StopRule::FullestZone];
    let not = [
        (Setup { daemon: true, ..plain.clone() }, Ineligible::Daemon),
        (Setup { rules: packed.into(), ..plain.clone() }, Ineligible::Strategy),
        (Setup { max_percent: 100, ..plain.clone() }, Ineligible::MaxPercent),
        (Setup { classic_load_balancer: true, ..plain.clone() }, Ineligible::ClassicLoadBalancer),
        (Setup { zone_constraint: true, ..plain }, Ineligible::ZoneConstraint),
    ];
    for (setup, why) in not {
        assert_eq!(eligible(&setup), Err(why));
    }
}
