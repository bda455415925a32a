//! Which task of a service is stopped, beside its definition: every task's worth
//! by every rule, the words compared.

use warmstow_core::resources::{Resource, Resources};
use warmstow_core::rng::Rng;
use warmstow_core::service::{
    Candidate, InstanceKey, ObservedInstance, StopRule, TaskKey, ZoneKey, victim,
};

/// The rules, by number, and what chance draws from.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<u8>,
    pub(crate) seed: u64,
}

/// One more host or task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// In a zone, with so much memory left and 9 less that of CPU; of a rack, or
    /// of none (0).
    Host { zone: u32, left: u32, rack: u8 },
    /// On the host of that number among those there are, of that size.
    Task { host: usize, size: u32, may_stop: bool },
    /// On no host: in a zone, or in none that is known (3).
    Bare { zone: u32, size: u32, may_stop: bool },
}

impl Settings {
    pub(crate) fn from_bytes(b: [u8; 6]) -> Self {
        let rules = b[1..=usize::from(b[0] % 5)].iter().map(|rule| rule % 6).collect();
        Self { rules, seed: b[5].into() }
    }
}

impl Action {
    pub(crate) fn from_bytes(b: [u8; 4]) -> Self {
        if b[0].is_multiple_of(3) {
            Self::Host { zone: u32::from(b[1] % 3), left: u32::from(b[2] % 4), rack: b[3] % 3 }
        } else {
            let (size, may_stop) = (u32::from(b[2] % 3), !b[3].is_multiple_of(4));
            if b[0] % 4 == 1 {
                return Self::Bare { zone: u32::from(b[1] % 4), size, may_stop };
            }
            Self::Task { host: b[1].into(), size, may_stop }
        }
    }
}

type Host = (u32, u32, u8);
/// On the host of that index, or bare in a zone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    On(usize),
    Bare(Option<u32>),
}

type Task = (Place, u32, bool);

/// Plays it.
pub(crate) fn check(settings: &Settings, actions: &[Action]) {
    let (mut hosts, mut tasks) = (vec![(0, 0, 0)], Vec::new());
    for action in actions {
        match *action {
            Action::Host { zone, left, rack } => hosts.push((zone, left, rack)),
            Action::Task { host, size, may_stop } => tasks.push((Place::On(host), size, may_stop)),
            Action::Bare { zone, size, may_stop } => {
                let zone = Some(zone).filter(|zone| *zone < 3);
                tasks.push((Place::Bare(zone), size, may_stop));
            }
        }
    }
    // A host's number is among those there are in the end.
    for (place, ..) in &mut tasks {
        if let Place::On(host) = place {
            *host %= hosts.len();
        }
    }
    check_victim(&hosts, &tasks, &settings.rules, settings.seed);
}

fn instance(key: u64, (zone, left, rack): Host) -> ObservedInstance {
    let room = Resources::new(9 - left, left);
    let mut at = ObservedInstance::new(InstanceKey(key), ZoneKey(zone), room);
    if rack > 0 {
        at.attributes.push(("rack".into(), rack.to_string()));
    }
    at
}

fn rule(number: u8) -> StopRule {
    match number {
        0 => StopRule::MostRemaining(Resource::Memory),
        1 => StopRule::MostRemaining(Resource::Cpu),
        2 => StopRule::FullestZone,
        3 => StopRule::FullestInstance,
        4 => StopRule::FullestValue("rack".into()),
        _ => StopRule::Random,
    }
}

/// A task's worth by each rule; the largest word goes first.
fn worth(hosts: &[Host], tasks: &[Task], rules: &[u8], task: &Task) -> Vec<usize> {
    let host = |task: &Task| match task.0 {
        Place::On(index) => Some((index, hosts[index])),
        Place::Bare(_) => None,
    };
    let mates = |same: &dyn Fn(&Task) -> bool| tasks.iter().filter(|other| same(other)).count();
    let zone = mates(&|other| zone_of(hosts, other) == zone_of(hosts, task));
    let index = |task: &Task| host(task).map(|(index, _)| index);
    let instance = mates(&|other| index(other) == index(task));
    let label = |task: &Task| host(task).map(|(_, host)| host.2);
    let rack = mates(&|other| label(other) == label(task));
    if rules.is_empty() {
        return vec![zone, instance];
    }
    // What is on no host leaves its own size alone.
    let left = host(task).map_or((0, 0), |(_, host)| (host.1, 9 - host.1));
    let (memory, cpu) = (left.0 + task.1, left.1 + task.1);
    let by = [memory as usize, cpu as usize, zone, instance, rack, 0];
    rules.iter().map(|rule| by[usize::from(*rule)]).collect()
}

fn zone_of(hosts: &[Host], task: &Task) -> Option<u32> {
    match task.0 {
        Place::On(index) => Some(hosts[index].0),
        Place::Bare(zone) => zone,
    }
}

fn check_victim(hosts: &[Host], tasks: &[Task], rules: &[u8], seed: u64) {
    let instances: Vec<_> = (0..).zip(hosts).map(|(key, host)| instance(key, *host)).collect();
    let candidates: Vec<Candidate<'_>> = (1..)
        .zip(tasks)
        .map(|(key, task @ (place, size, may_stop))| Candidate {
            task: TaskKey(key),
            size: Resources::new(*size, *size),
            instance: match place {
                Place::On(index) => Some(&instances[*index]),
                Place::Bare(_) => None,
            },
            zone: zone_of(hosts, task).map(ZoneKey),
            may_stop: *may_stop,
        })
        .collect();
    let stop_rules: Vec<StopRule> = rules.iter().map(|number| rule(*number)).collect();
    let worth = |task: &Task| worth(hosts, tasks, rules, task);
    let best = tasks.iter().filter(|task| task.2).map(worth).max();
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
