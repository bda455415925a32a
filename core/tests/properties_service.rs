//! Services against a plain host: any history keeps floor and ceiling, trips
//! the breaker exactly, and comes to rest where its verdict says it can.
//!
//! The host and its properties are in `support/service_model.rs`; what a fuzz
//! target finds on it is printed as a test of this file.

#![cfg(feature = "alloc")]

#[path = "support/service_model.rs"]
mod service_model;

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use service_model::Action;
use service_model::{Settings, check, check_verdict};
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::rng::Rng;
use warmstow_core::service::{
    Candidate, InstanceKey, ObservedInstance, StopRule, TaskKey, ZoneKey, victim,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_history_keeps_the_bounds_and_comes_to_rest(
        settings in any::<[u8; 8]>(),
        bytes in prop::collection::vec(any::<[u8; 4]>(), 0..120),
    ) {
        let actions: Vec<_> = bytes.into_iter().map(Action::from_bytes).collect();
        check(Settings::from_bytes(settings), &actions);
    }

    #[test]
    fn a_deployment_ends_if_and_only_if_its_verdict_says_so(settings in any::<[u8; 8]>()) {
        check_verdict(Settings::from_bytes(settings));
    }

    #[test]
    fn a_victim_is_best_by_every_rule_in_turn(
        hosts in prop::collection::vec((0_u32..3, 0_u32..4, 0_u8..3), 1..5),
        tasks in prop::collection::vec((0_usize..5, 0_u32..3, any::<bool>()), 0..12),
        rules in prop::collection::vec(0_u8..6, 0..4),
        seed in any::<u64>(),
    ) {
        check_victim(&hosts, &tasks, &rules, seed);
    }
}

#[test]
fn an_update_replaces_a_deployment_that_has_failed() {
    let firsts = [86, 6, 33, 46, 179, 139, 139, 115];
    let actions: Vec<_> = firsts.map(|first| Action::from_bytes([first, 0, 0, 0])).into();
    check(Settings::from_bytes([2, 0, 0, 0, 234, 106, 0, 0]), &actions);
}

/// Hosts as (zone, memory left, rack or none), tasks as (host, memory, may stop).
fn check_victim(hosts: &[(u32, u32, u8)], tasks: &[(usize, u32, bool)], rules: &[u8], seed: u64) {
    let instances: Vec<ObservedInstance> = (0..)
        .zip(hosts)
        .map(|(key, (zone, left, rack))| {
            let room = Resources::new(9 - *left, *left);
            let mut at = ObservedInstance::new(InstanceKey(key), ZoneKey(*zone), room);
            if *rack > 0 {
                at.attributes.push(("rack".into(), rack.to_string()));
            }
            at
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = (1..)
        .zip(tasks)
        .map(|(key, (host, memory, may_stop))| Candidate {
            task: TaskKey(key),
            size: Resources::new(*memory, *memory),
            instance: Some(&instances[host % instances.len()]),
            may_stop: *may_stop,
        })
        .collect();
    let stop_rules: Vec<StopRule> = rules
        .iter()
        .map(|rule| match rule {
            0 => StopRule::MostRemaining(Resource::Memory),
            1 => StopRule::MostRemaining(Resource::Cpu),
            2 => StopRule::FullestZone,
            3 => StopRule::FullestInstance,
            4 => StopRule::FullestValue("rack".into()),
            _ => StopRule::Random,
        })
        .collect();

    // The oracle: every task's worth by every rule, compared as a word.
    let host = |task: &(usize, u32, bool)| hosts[task.0 % hosts.len()];
    let worth = |task: &(usize, u32, bool)| -> Vec<usize> {
        let mates = |same: &dyn Fn(&(usize, u32, bool)) -> bool| {
            tasks.iter().filter(|other| same(other)).count()
        };
        let zone = mates(&|other| host(other).0 == host(task).0);
        let index = |task: &(usize, u32, bool)| task.0 % hosts.len();
        let instance = mates(&|other| index(other) == index(task));
        let rack = mates(&|other| host(other).2 == host(task).2);
        if rules.is_empty() {
            return vec![zone, instance];
        }
        let (memory, cpu) = (host(task).1 + task.1, 9 - host(task).1 + task.1);
        let by = [memory as usize, cpu as usize, zone, instance, rack, 0];
        rules.iter().map(|rule| by[usize::from(*rule)]).collect()
    };
    let best = tasks.iter().filter(|task| task.2).map(&worth).max();
    let keys = (1..).zip(tasks).filter(|(_, task)| task.2 && Some(worth(task)) == best);
    let best: Vec<u64> = keys.map(|(key, _)| key).collect();

    let chosen = victim(&stop_rules, &candidates, &mut Rng::new(seed)).map(|task| task.0);
    let again = victim(&stop_rules, &candidates, &mut Rng::new(seed)).map(|task| task.0);
    assert_eq!(chosen, again, "the same seed, the same victim");
    if rules.iter().any(|rule| *rule == 2 || *rule == 5) {
        assert_eq!(chosen.is_some(), !best.is_empty());
        assert!(chosen.is_none_or(|key| best.contains(&key)), "{chosen:?} {best:?}");
    } else {
        assert_eq!(chosen, best.first().copied());
    }
}
