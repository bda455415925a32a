//! One step of a rolling update, and one of a daemon.

use alloc::vec::Vec;

use crate::service::daemon::{self, Host, Placed};
use crate::service::rolling::{Member, Situation, Step, StopReason, step};
use crate::service::{Bounds, InstanceKey, Percents, Stage, TaskKey};

const WARMING: Stage = Stage::Warming { until: None };

/// `new` and `old` are stages, keys counted from 1 over both.
fn members(new: &[Stage], old: &[Stage]) -> Vec<Member> {
    let stages = new.iter().map(|stage| (true, *stage)).chain(old.iter().map(|s| (false, *s)));
    (1..)
        .zip(stages)
        .map(|(key, (current, stage))| Member {
            task: TaskKey(key),
            stage,
            current,
            draining: false,
            told: false,
            protected: false,
        })
        .collect()
}

fn bounds(desired: u32, min_healthy_percent: u32, max_percent: u32) -> Bounds {
    Percents { min_healthy_percent, max_percent }.bounds(desired)
}

fn situation<'a>(bounds: Bounds, members: &'a [Member]) -> Situation<'a> {
    Situation {
        bounds,
        hold: 0,
        members,
        ordered: 0,
        ordered_before: 0,
        may_start: true,
        no_room: false,
    }
}

fn run(now: &Situation<'_>) -> Step {
    step(now, &mut |eligible, _| eligible.first().copied())
}

fn stops(step: &Step) -> Vec<u64> {
    step.stop.iter().map(|(task, _)| task.0).collect()
}

use Stage::{Healthy, Pending, Unhealthy};

#[test]
fn at_100_200_all_new_ones_start_first_and_old_ones_go_as_they_become_healthy() {
    let b = bounds(4, 100, 200);
    let all_old = members(&[], &[Healthy; 4]);
    let first = run(&situation(b, &all_old));
    assert_eq!((first.start, stops(&first)), (4, Vec::new()));

    let warm = members(&[WARMING; 4], &[Healthy; 4]);
    let wait = run(&situation(b, &warm));
    assert_eq!((wait.start, stops(&wait)), (0, Vec::new()));

    let two = members(&[Healthy, Healthy, WARMING, Pending], &[Healthy; 4]);
    let swap = run(&situation(b, &two));
    assert_eq!(swap.stop, [(TaskKey(5), StopReason::Replaced), (TaskKey(6), StopReason::Replaced)]);
}

#[test]
fn at_50_100_two_of_four_make_way_first() {
    let b = bounds(4, 50, 100);
    let all_old = members(&[], &[Healthy; 4]);
    let first = run(&situation(b, &all_old));
    assert_eq!((first.start, stops(&first)), (0, [1, 2].into()));
    // They were told and still run: they count to the ceiling until they leave.
    let mut told = all_old.clone();
    (told[0].told, told[1].told) = (true, true);
    assert_eq!(run(&situation(b, &told)), Step::default());
    let half = members(&[], &[Healthy; 2]);
    assert_eq!(run(&situation(b, &half)).start, 2);
}

#[test]
fn at_50_150_the_ceiling_gives_two_and_the_floor_two_more() {
    let b = bounds(4, 50, 150);
    let first = run(&situation(b, &members(&[], &[Healthy; 4])));
    assert_eq!((first.start, stops(&first)), (2, Vec::new()));
    // Both new ones are on their way; the ceiling is reached: old ones make way.
    let next = run(&situation(b, &members(&[Pending; 2], &[Healthy; 4])));
    assert_eq!((next.start, stops(&next)), (0, [3, 4].into()));
}

#[test]
fn at_100_100_nothing_moves_and_the_step_says_so() {
    let stuck = run(&situation(bounds(4, 100, 100), &members(&[], &[Healthy; 4])));
    assert_eq!(stuck, Step { stuck: true, ..Step::default() });
}

#[test]
fn it_is_not_stuck_while_a_task_is_on_its_way_or_stops() {
    let b = bounds(4, 100, 125);
    for on_its_way in [Pending, WARMING] {
        let waits = run(&situation(b, &members(&[on_its_way], &[Healthy; 4])));
        assert_eq!(waits, Step::default());
    }
    let mut stops = members(&[Healthy], &[Healthy; 4]);
    stops[4].told = true;
    assert_eq!(run(&situation(b, &stops)), Step::default());
    let none = members(&[], &[Healthy; 5]);
    let ordered = Situation { ordered: 1, ..situation(bounds(5, 100, 120), &none) };
    assert!(!run(&ordered).stuck);
}

#[test]
fn pending_counts_to_the_ceiling_and_only_healthy_to_the_floor() {
    // Ceiling 6 = 3 pending + 3 healthy: no further start, though 1 is missing.
    let b = bounds(4, 100, 150);
    let step = run(&situation(b, &members(&[Pending; 3], &[Healthy; 3])));
    assert_eq!((step.start, stops(&step)), (0, Vec::new()));
    // Ten warming ones keep no floor.
    let b = bounds(4, 75, 400);
    let step = run(&situation(b, &members(&[WARMING; 4], &[Healthy; 3])));
    assert!(stops(&step).is_empty());
}

#[test]
fn an_unhealthy_task_gets_its_replacement_first() {
    let b = bounds(2, 100, 200);
    let ill = members(&[Healthy, Unhealthy], &[]);
    let first = run(&situation(b, &ill));
    assert_eq!((first.start, stops(&first)), (1, Vec::new()));
    let replaced = members(&[Healthy, Unhealthy, Healthy], &[]);
    assert_eq!(run(&situation(b, &replaced)).stop, [(TaskKey(2), StopReason::Unhealthy)]);
}

#[test]
fn where_the_ceiling_forbids_that_unhealthy_tasks_stop_one_at_a_time() {
    let b = bounds(3, 100, 100);
    let ill = members(&[Healthy, Unhealthy, Unhealthy], &[]);
    let first = run(&situation(b, &ill));
    assert_eq!((first.start, stops(&first)), (0, [2].into()));
    let mut going = ill.clone();
    going[1].told = true;
    assert_eq!(run(&situation(b, &going)), Step::default());
    let gone = members(&[Healthy, Unhealthy], &[]);
    assert_eq!(run(&situation(b, &gone)).start, 1);
}

#[test]
fn old_tasks_that_never_ran_stop_at_once() {
    let step = run(&situation(bounds(2, 100, 200), &members(&[], &[Pending, Healthy])));
    assert_eq!((step.start, stops(&step)), (2, [1].into()));
}

#[test]
fn on_a_draining_instance_pending_stops_at_once_and_running_is_replaced() {
    let b = bounds(2, 100, 200);
    let mut tasks = members(&[Pending, Healthy], &[]);
    (tasks[0].draining, tasks[1].draining) = (true, true);
    let step = run(&situation(b, &tasks));
    assert_eq!((step.start, step.stop), (2, [(TaskKey(1), StopReason::Draining)].into()));

    let mut tasks = members(&[Healthy, Healthy, Healthy], &[]);
    tasks[0].draining = true;
    assert_eq!(run(&situation(b, &tasks)).stop, [(TaskKey(1), StopReason::Draining)]);
    // At 50/100 it makes way for its own replacement.
    let mut tasks = members(&[Healthy, Healthy], &[]);
    tasks[0].draining = true;
    let step = run(&situation(bounds(2, 50, 100), &tasks));
    assert_eq!((step.start, stops(&step)), (0, [1].into()));
}

#[test]
fn where_there_is_no_room_one_old_task_makes_way_as_the_floor_allows() {
    let tasks = members(&[], &[Healthy; 4]);
    let full = |min| Situation { no_room: true, ..situation(bounds(4, min, 200), &tasks) };
    assert_eq!(stops(&run(&full(50))), [1]);
    assert_eq!(run(&full(100)), Step::default());
    // What leaves a draining instance makes no room elsewhere.
    let mut draining = members(&[Healthy; 4], &[]);
    draining[0].draining = true;
    let b = bounds(4, 50, 200);
    let full = Situation { no_room: true, ..situation(b, &draining) };
    assert_eq!(run(&full), Step::default());
}

#[test]
fn while_starts_are_withheld_nothing_makes_way_for_them() {
    let tasks = members(&[], &[Healthy; 4]);
    let waits = Situation { may_start: false, ..situation(bounds(4, 0, 100), &tasks) };
    assert_eq!(run(&waits), Step::default());
}

#[test]
fn scale_in_takes_those_that_serve_no_one_first() {
    let tasks = members(&[Healthy, Pending, WARMING, Pending, Healthy], &[]);
    let step = |desired| stops(&run(&situation(bounds(desired, 100, 200), &tasks)));
    assert_eq!(step(4), [4]);
    assert_eq!(step(3), [4, 2]);
    assert_eq!(step(2), [4, 2, 3]);
    assert_eq!(step(1), [4, 2, 3, 1]);
    assert_eq!(step(0), [4, 2, 3, 1, 5]);
}

#[test]
fn protected_tasks_survive_scale_in_and_deployments_but_not_ill_health() {
    let mut tasks = members(&[Healthy, Healthy], &[]);
    tasks[0].protected = true;
    assert_eq!(stops(&run(&situation(bounds(1, 100, 200), &tasks))), [2]);
    tasks[1].protected = true;
    assert_eq!(run(&situation(bounds(1, 100, 200), &tasks)), Step::default());

    let mut tasks = members(&[Healthy], &[Healthy]);
    tasks[1].protected = true;
    assert_eq!(run(&situation(bounds(1, 0, 200), &tasks)), Step::default());
    tasks[1].stage = Unhealthy;
    assert_eq!(stops(&run(&situation(bounds(1, 0, 200), &tasks))), [2]);
}

#[test]
fn unanswered_starts_count_as_pending() {
    let b = bounds(4, 100, 150);
    let tasks = members(&[], &[Healthy; 4]);
    let now = Situation { ordered: 1, ..situation(b, &tasks) };
    assert_eq!(run(&now).start, 1);
    let now = Situation { ordered_before: 2, ..situation(b, &tasks) };
    assert_eq!(run(&now).start, 0);
}

// ---- daemons ----------------------------------------------------------------

fn host(key: u64) -> Host {
    Host {
        instance: InstanceKey(key),
        wants: true,
        accepts: true,
        other_tasks: 0,
        draining: false,
        ordered: false,
        refused: false,
    }
}

fn on(at: &[u64], tasks: Vec<Member>) -> Vec<Placed> {
    let placed = at.iter().zip(tasks);
    placed.map(|(key, member)| Placed { instance: Some(InstanceKey(*key)), member }).collect()
}

fn stopped(step: &daemon::Step) -> Vec<u64> {
    step.stop.iter().map(|(task, _)| task.0).collect()
}

#[test]
fn a_daemon_has_one_task_on_each_instance_that_takes_it() {
    let mut hosts = [host(1), host(2), host(3), host(4), host(5)];
    hosts[1].wants = false;
    hosts[1].accepts = false;
    hosts[2].accepts = false;
    hosts[3].ordered = true;
    hosts[4].refused = true;
    assert_eq!(daemon::step(&hosts, &[], 0, true).start, [InstanceKey(1)]);
    assert_eq!(daemon::step(&hosts, &[], 0, false).start, []);
    // Where the agent is disconnected the daemon stays.
    let there = on(&[1, 3], members(&[Healthy, Healthy], &[]));
    assert_eq!(daemon::step(&hosts, &there, 0, true), daemon::Step::default());
}

#[test]
fn an_old_daemon_stops_before_its_successor_starts_as_the_floor_allows() {
    let hosts = [host(1), host(2), host(3)];
    let old = on(&[1, 2, 3], members(&[], &[Healthy; 3]));
    assert_eq!(stopped(&daemon::step(&hosts, &old, 0, true)), [1, 2, 3]);
    let one = daemon::step(&hosts, &old, 2, true);
    assert_eq!((stopped(&one), one.start.len()), ([1].into(), 0));
    assert_eq!(daemon::step(&hosts, &old, 3, true), daemon::Step::default());
    // No start, no stop.
    assert_eq!(daemon::step(&hosts, &old, 0, false), daemon::Step::default());
}

#[test]
fn a_daemon_is_the_last_to_leave_a_draining_instance() {
    let mut drains = host(1);
    (drains.wants, drains.accepts, drains.draining, drains.other_tasks) = (false, false, true, 2);
    let there = on(&[1], members(&[Healthy], &[]));
    assert!(stopped(&daemon::step(&[drains], &there, 0, true)).is_empty());
    drains.other_tasks = 0;
    let step = daemon::step(&[drains], &there, 0, true);
    assert_eq!(step.stop, [(TaskKey(1), StopReason::Draining)]);
    // One that never ran stops at once.
    drains.other_tasks = 2;
    let there = on(&[1], members(&[Pending], &[]));
    assert_eq!(stopped(&daemon::step(&[drains], &there, 0, true)), [1]);
}

#[test]
fn a_daemon_leaves_where_it_no_longer_belongs_and_never_doubles() {
    let mut other = host(1);
    (other.wants, other.accepts) = (false, false);
    let there = on(&[1, 9], members(&[Healthy, Healthy], &[]));
    let step = daemon::step(&[other], &there, 2, true);
    let misplaced = StopReason::Misplaced;
    assert_eq!(step.stop, [(TaskKey(2), misplaced), (TaskKey(1), misplaced)]);
    let twice = on(&[1, 1], members(&[Healthy, Healthy], &[]));
    assert_eq!(stopped(&daemon::step(&[host(1)], &twice, 0, true)), [2]);
}
