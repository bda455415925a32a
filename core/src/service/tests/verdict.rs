//! What can be known before a deployment starts.

use alloc::vec::Vec;

use crate::resources::Resources;
use crate::service::{Bounds, Obstacle, Outlook, Percents, Places, Verdict, verdict};

/// A deployment over `old` tasks, one of the service's tasks on each of the
/// first instances.
fn outlook(desired: u32, min: u32, max: u32, old: u32, instances: &[(u32, u32)]) -> Outlook {
    let percents = Percents { min_healthy_percent: min, max_percent: max };
    let instances: Vec<Places> =
        instances.iter().map(|(now, alone)| Places { now: *now, alone: *alone }).collect();
    Outlook { bounds: percents.bounds(desired), old, instances, static_ports: Vec::new() }
}

fn never(outlook: &Outlook) -> Vec<Obstacle> {
    match verdict(outlook) {
        Verdict::Progresses => Vec::new(),
        Verdict::Never(obstacles) => obstacles,
    }
}

#[test]
fn percentages_can_leave_no_first_step() {
    let roomy = [(10, 20)];
    // 100/100; 75 % of 2 up to 100 %; 100 % with 125 % of 3.
    for (desired, min, max) in [(4, 100, 100), (2, 75, 100), (3, 100, 125), (1, 50, 150)] {
        let outlook = outlook(desired, min, max, desired, &roomy);
        let want = Obstacle::Percentages { bounds: outlook.bounds, old: desired };
        assert_eq!(never(&outlook), [want], "{desired} {min} {max}");
    }
    // One more per cent makes the difference.
    for (desired, min, max) in [(4, 75, 100), (2, 50, 100), (3, 100, 134), (1, 0, 100)] {
        assert_eq!(never(&outlook(desired, min, max, desired, &roomy)), []);
    }
    // Nothing runs yet, or nothing is to run: no old task is in the way.
    assert_eq!(never(&outlook(4, 100, 100, 0, &roomy)), []);
    assert_eq!(never(&outlook(0, 100, 100, 0, &[])), []);
}

#[test]
fn static_ports_with_as_many_instances_as_tasks_need_a_lower_floor() {
    let size = Resources::new(256, 512);
    let used = Places::of(Resources::new(4_096, 8_192), 1, size, size, true, false);
    let free = Places::of(Resources::new(4_096, 8_192), 0, size, size, true, false);
    let foreign = Places::of(Resources::new(4_096, 8_192), 0, size, size, true, true);
    assert_eq!((used, free), (Places { now: 0, alone: 1 }, Places { now: 1, alone: 1 }));
    assert_eq!(foreign, Places { now: 0, alone: 0 });

    let with = |min, instances: &[Places]| Outlook {
        instances: instances.into(),
        static_ports: [8_080].into(),
        ..outlook(3, min, 200, 3, &[])
    };
    let floor = 3;
    let taken = Obstacle::PortsTaken { static_ports: [8_080].into(), instances: 3, floor };
    assert_eq!(never(&with(100, &[used; 3])), [taken]);
    assert_eq!(never(&with(66, &[used; 3])), []);
    assert_eq!(never(&with(100, &[used, used, used, free])), []);
    let few = Obstacle::TooFewPlaces { desired: 3, places: 2, static_ports: [8_080].into() };
    assert_eq!(never(&with(0, &[used, used, foreign])), [few]);
}

#[test]
fn a_full_cluster_needs_a_lower_floor() {
    let full = outlook(4, 100, 200, 4, &[(0, 2), (0, 2)]);
    assert_eq!(never(&full), [Obstacle::Full { instances: 2, floor: 4 }]);
    assert_eq!(never(&outlook(4, 75, 200, 4, &[(0, 2), (0, 2)])), []);
    assert_eq!(never(&outlook(4, 100, 200, 4, &[(0, 2), (1, 3)])), []);
}

#[test]
fn what_fits_nowhere_never_ends() {
    assert_eq!(never(&outlook(1, 0, 200, 0, &[])), [Obstacle::NoInstances]);
    let small = outlook(1, 0, 200, 0, &[(0, 0), (0, 0)]);
    assert_eq!(never(&small), [Obstacle::TooLarge { instances: 2 }]);
    let few = Obstacle::TooFewPlaces { desired: 5, places: 4, static_ports: Vec::new() };
    assert_eq!(never(&outlook(5, 0, 200, 0, &[(2, 2), (2, 2)])), [few]);
}

#[test]
fn places_are_counted_by_the_scarcer_resource() {
    let free = Resources::new(1_000, 1_024);
    let size = Resources::new(256, 512);
    assert_eq!(Places::of(free, 0, size, size, false, false), Places { now: 2, alone: 2 });
    assert_eq!(Places::of(free, 2, size, size, false, false), Places { now: 2, alone: 4 });
    // A task that asks for nothing of a resource is not bounded by it.
    let no_cpu = Resources::new(0, 512);
    assert_eq!(Places::of(free, 0, no_cpu, no_cpu, false, false).now, 2);
}

#[test]
fn the_answer_explains_itself() {
    let bounds = Bounds { desired: 4, floor: 4, ceiling: 4 };
    let answer = verdict(&outlook(4, 100, 100, 4, &[(9, 9)])).to_string();
    assert_eq!(
        answer,
        "the deployment can never end, because with 4 desired, at least 4 must stay healthy and \
         at most 4 may exist: of the 4 old tasks none may stop, and no new one may start; lower \
         minimumHealthyPercent or raise maximumPercent"
    );
    let two =
        Verdict::Never([Obstacle::NoInstances, Obstacle::Percentages { bounds, old: 4 }].into());
    assert!(two.to_string().contains("; and because "), "{two}");
    assert_eq!(Verdict::Progresses.to_string(), "the deployment can progress");
}
