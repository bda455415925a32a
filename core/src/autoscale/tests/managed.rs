//! Managed scaling: M, M / N, steps, and which instance is stopped.

use alloc::vec::Vec;

use super::super::*;
use super::{bounds, minutes};
use crate::time::Instant;

const fn shape(cpu_units: u32, memory_mib: u32) -> Shape {
    Shape { cpu_units, memory_mib, gpus: 0, network_interfaces: 0 }
}

const SIZE: Shape = shape(2_048, 7_985);

fn group(cpu_units: u32, memory_mib: u32, tasks: u32) -> TaskGroup {
    TaskGroup { shape: shape(cpu_units, memory_mib), tasks }
}

fn needed(present: u32, busy: u32, waiting: &[TaskGroup]) -> Needed {
    ManagedScaling::default().needed(present, busy, waiting, &[SIZE])
}

#[test]
fn the_metric_has_its_two_corners() {
    assert_eq!(reservation(0, 0), 100.0);
    assert_eq!(reservation(1, 0), 200.0);
    assert_eq!(reservation(100, 0), 200.0);
    assert_eq!(reservation(0, 4), 0.0);
    assert_eq!(reservation(6, 4), 150.0);
}

#[test]
fn without_waiting_tasks_the_busy_instances_are_needed() {
    assert_eq!(needed(5, 3, &[]), Needed { instances: 3, step: 0, unplaceable_tasks: 0 });
    assert_eq!(needed(5, 3, &[group(256, 512, 0)]).instances, 3);
}

#[test]
fn each_shape_is_packed_for_itself_and_the_largest_group_counts() {
    // 10 of 512 units: 4 on an instance, 3 instances. 3 of 6000 MiB: one each.
    let waiting = [group(512, 512, 10), group(256, 6_000, 3)];
    let found = needed(5, 5, &waiting);
    assert_eq!((found.instances, found.step), (8, 3));
    // Not the sum, and the scarcer resource decides.
    assert_eq!(needed(5, 5, &[group(256, 4_000, 4)]).step, 4);
    assert_eq!(needed(5, 5, &[group(0, 0, 4)]).step, 1, "tasks that need nothing share one");
}

#[test]
fn a_task_too_big_for_the_smallest_size_never_scales_out() {
    let sizes = [SIZE, shape(8_192, 4_000)];
    let scaling = ManagedScaling::default();
    // 4000 MiB is the least memory of the two, 2048 the least CPU.
    let too_big = [group(256, 4_001, 2), group(4_096, 100, 1)];
    let found = scaling.needed(3, 2, &too_big, &sizes);
    assert_eq!(found, Needed { instances: 2, step: 0, unplaceable_tasks: 3 });
    let gpu = TaskGroup { shape: Shape { gpus: 1, ..shape(256, 512) }, tasks: 1 };
    assert_eq!(scaling.needed(3, 2, &[gpu], &sizes).unplaceable_tasks, 1);
    assert_eq!(scaling.needed(3, 2, &[group(256, 512, 1)], &[]).step, 0, "no size at all");
}

#[test]
fn a_step_is_within_its_limits() {
    let limited = ManagedScaling { minimum_step: 2, maximum_step: 4, ..Default::default() };
    let step = |tasks| limited.needed(0, 0, &[group(2_048, 512, tasks)], &[SIZE]).step;
    assert_eq!([1, 2, 3, 4, 5, 500].map(step), [2, 2, 3, 4, 4, 4]);
    let default = ManagedScaling::default();
    let most = default.needed(0, 0, &[group(2_048, 512, 50_000)], &[SIZE]);
    assert_eq!(most.step, 10_000);
}

#[test]
fn settings_out_of_range_are_named() {
    let check = |change: fn(&mut ManagedScaling)| {
        let mut settings = ManagedScaling::default();
        change(&mut settings);
        settings.check().unwrap_err().setting
    };
    assert_eq!(check(|s| s.target_capacity = 0), "target_capacity");
    assert_eq!(check(|s| s.target_capacity = 101), "target_capacity");
    assert_eq!(check(|s| s.minimum_step = 0), "minimum_step");
    assert_eq!(check(|s| s.maximum_step = 10_001), "maximum_step");
    assert_eq!(check(|s| (s.minimum_step, s.maximum_step) = (5, 4)), "maximum_step");
    assert_eq!(check(|s| s.in_minutes = 0), "in_minutes");
    assert_eq!(check(|s| s.instance_warmup = crate::time::Duration::MAX), "instance_warmup_s");
}

/// A group of `size` whose minutes have these views; the sizes wanted.
struct Run {
    group: ManagedGroup,
    minute: u64,
}

impl Run {
    fn new(settings: ManagedScaling, size: u32) -> Self {
        let group = ManagedGroup::new(settings, bounds(0, 100), size).unwrap();
        Self { group, minute: 0 }
    }

    fn minute(
        &mut self,
        present: u32,
        busy: u32,
        waiting: &[TaskGroup],
    ) -> Option<ManagedDecision> {
        self.minute += 1;
        let view = GroupView { present, busy, waiting };
        self.group.handle_minute(minutes(self.minute), &view, &[SIZE])
    }
}

#[test]
fn out_at_the_first_datapoint_and_not_twice_for_the_same_tasks() {
    let mut run = Run::new(ManagedScaling::default(), 4);
    let waiting = [group(2_048, 512, 3)];
    let decision = run.minute(4, 4, &waiting).unwrap();
    assert_eq!((decision.from, decision.to, decision.reservation), (4, 7, 175.0));
    assert_eq!(run.minute(4, 4, &waiting), None, "three are coming");
    assert_eq!(run.minute(6, 6, &[group(2_048, 512, 1)]), None);
    assert_eq!(run.minute(7, 7, &[]), None);
}

#[test]
fn from_nothing_it_starts_what_is_needed() {
    let mut run = Run::new(ManagedScaling::default(), 0);
    assert_eq!(run.minute(0, 0, &[]), None, "100 is the target");
    let decision = run.minute(0, 0, &[group(1_024, 512, 5)]).unwrap();
    assert_eq!((decision.to, decision.reservation), (3, 200.0));
}

#[test]
fn a_target_below_a_hundred_keeps_room() {
    let mut run = Run::new(ManagedScaling { target_capacity: 80, ..Default::default() }, 8);
    let decision = run.minute(8, 8, &[]).unwrap();
    assert_eq!(decision.to, 10, "8 of 10 are 80 %");
    assert_eq!(run.minute(10, 8, &[]), None);
}

#[test]
fn with_room_to_keep_no_more_than_the_largest_step_is_added_at_a_time() {
    let settings = ManagedScaling { target_capacity: 50, maximum_step: 1, ..Default::default() };
    let mut run = Run::new(settings, 1);
    let waiting = [group(2_048, 512, 40)];
    for size in 1..21 {
        let decision = run.minute(size, size, &waiting).unwrap();
        assert_eq!((decision.from, decision.to), (size, size + 1));
    }
}

#[test]
fn in_after_fifteen_minutes_below_and_by_half_at_most() {
    let mut run = Run::new(ManagedScaling::default(), 10);
    for _ in 0..14 {
        assert_eq!(run.minute(10, 2, &[]), None);
    }
    let decision = run.minute(10, 2, &[]).unwrap();
    assert_eq!((decision.to, decision.minutes_below, decision.reservation), (5, 15, 20.0));
    // A minute at the target begins the fifteen anew.
    for _ in 0..14 {
        assert_eq!(run.minute(5, 2, &[]), None);
    }
    assert_eq!(run.minute(5, 5, &[]), None);
    for _ in 0..14 {
        assert_eq!(run.minute(5, 2, &[]), None);
    }
    assert_eq!(run.minute(5, 2, &[]).unwrap().to, 3, "half of 5 is 2");
    for _ in 0..14 {
        assert_eq!(run.minute(3, 0, &[]), None);
    }
    assert_eq!(run.minute(3, 0, &[]).unwrap().to, 2, "at least one");
}

#[test]
fn nothing_is_taken_away_while_instances_are_coming() {
    let settings = ManagedScaling { in_minutes: 2, ..Default::default() };
    let mut run = Run::new(settings, 2);
    assert_eq!(run.minute(2, 2, &[group(2_048, 512, 2)]).unwrap().to, 4);
    for _ in 0..4 {
        assert_eq!(run.minute(4, 1, &[]), None, "they are warming up for 5 minutes");
    }
    assert_eq!(run.minute(4, 1, &[]).unwrap().to, 2);
}

#[test]
fn the_bounds_of_the_group_hold() {
    let mut group = ManagedGroup::new(ManagedScaling::default(), bounds(2, 5), 4).unwrap();
    let waiting = [super::managed::group(2_048, 512, 9)];
    let view = GroupView { present: 4, busy: 4, waiting: &waiting };
    let decision = group.handle_minute(minutes(1), &view, &[SIZE]).unwrap();
    assert_eq!((decision.to, decision.limited_by), (5, Some(Bound::Max)));
    assert_eq!(group.handle_minute(minutes(2), &view, &[SIZE]), None);
}

fn stoppable(zone: u32, started: u64, tasks: u32) -> Stoppable {
    Stoppable { zone, started: Instant::from_secs(started), tasks, protected: false }
}

#[test]
fn only_empty_instances_are_stopped_under_managed_protection() {
    let mut instances: Vec<_> =
        [(0, 5, 0), (0, 3, 2), (1, 4, 0), (0, 1, 0)].map(|(z, s, t)| stoppable(z, s, t)).into();
    instances.push(Stoppable { protected: true, ..stoppable(0, 0, 0) });
    let (stopped, kept) = choose_idle(&instances, 9, true);
    // Zone 0 has four, so it gives first: the oldest, then the next.
    assert_eq!(stopped, [3, 0, 2]);
    assert_eq!(kept, Kept { with_tasks: 1, protected: 1 });
    let (stopped, kept) = choose_idle(&instances, 2, false);
    assert_eq!(stopped, [3, 1], "with tasks on it too");
    assert_eq!(kept, Kept { with_tasks: 0, protected: 1 });
}

#[test]
fn zones_are_kept_level() {
    let zones = [0, 0, 0, 1, 1, 2];
    let instances: Vec<_> = zones.map(|zone| stoppable(zone, 0, 0)).into();
    let (stopped, _) = choose_idle(&instances, 3, true);
    let left: Vec<_> = (0..6).filter(|at| !stopped.contains(at)).map(|at| zones[at]).collect();
    assert_eq!(left, [0, 1, 2]);
    assert_eq!(choose_idle(&instances, 0, true).0, [0_usize; 0]);
}
