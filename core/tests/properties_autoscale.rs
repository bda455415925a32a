//! Autoscaling against plain oracles: what it decides is what the rules say,
//! written down once more in the slowest obvious way.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use warmstow_core::autoscale::*;
use warmstow_core::time::{Duration, Instant};

/// Rounded toward zero, but never to 0: by long division on magnitudes.
fn percent_oracle(running: u32, percent: i32) -> i64 {
    let hundredths = u128::from(running) * u128::from(percent.unsigned_abs());
    let mut whole = 0_i64;
    let mut rest = hundredths;
    for place in (0..18).rev() {
        let unit = 100 * 10_u128.pow(place);
        while rest >= unit {
            rest -= unit;
            whole += 10_i64.pow(place);
        }
    }
    if whole == 0 && hundredths > 0 {
        whole = 1;
    }
    if percent < 0 { -whole } else { whole }
}

/// What one minute brings.
#[derive(Clone, Copy, Debug)]
struct Minute {
    /// Of each metric; `None`: no datum.
    data: [Option<u8>; 3],
    /// What runs, as a share of what is desired, in quarters.
    served: u8,
    deploying: bool,
}

fn minute() -> impl Strategy<Value = Minute> {
    // Mostly clear: all high or all low for long enough to matter.
    let value = prop_oneof![
        3 => Just(Some(10_u8)),
        3 => Just(Some(90_u8)),
        1 => Just(None),
        2 => (0..120_u8).prop_map(Some),
    ];
    let data = prop_oneof![
        2 => value.clone().prop_map(|value| [value; 3]),
        1 => [value.clone(), value.clone(), value],
    ];
    (data, 0..6_u8, prop::bool::weighted(0.1)).prop_map(|(data, served, deploying)| Minute {
        data,
        served: if served > 4 { 4 } else { served },
        deploying,
    })
}

#[derive(Clone, Debug)]
struct World {
    min: u32,
    max: u32,
    running: u32,
    targets: [TargetTracking; 3],
    minutes: Vec<(Minute, u8)>,
}

fn world() -> impl Strategy<Value = World> {
    let target = (1..100_u8, 1..4_u32, 2..6_u32, 0..4_u64, 0..4_u64, any::<bool>()).prop_map(
        |(target, out_periods, in_periods, out, inward, disable_scale_in)| TargetTracking {
            out_periods,
            in_periods,
            scale_out_cooldown: Duration::from_secs(60 * out),
            scale_in_cooldown: Duration::from_secs(60 * inward),
            disable_scale_in,
            ..TargetTracking::new(f64::from(target))
        },
    );
    let targets = [target.clone(), target.clone(), target];
    let minutes = prop::collection::vec((minute(), 1..6_u8), 1..25);
    (0..20_u32, 0..60_u32, 0..80_u32, targets, minutes).prop_map(
        |(min, room, running, targets, minutes)| World {
            min,
            max: min + room,
            running,
            targets,
            minutes,
        },
    )
}

/// The rules once more: all datapoints kept, all looked at again each minute.
struct Oracle {
    min: u32,
    max: u32,
    running: u32,
    desired: u32,
    targets: [TargetTracking; 3],
    /// Each metric's datapoints from the first minute on.
    history: [Vec<Option<f64>>; 3],
    cooldown_until: u64,
    credit: u32,
    deploying: bool,
}

impl Oracle {
    fn wish(&self, policy: usize) -> (bool, bool, u32) {
        let (settings, history) = (&self.targets[policy], &self.history[policy]);
        let all = |count: u32, holds: &dyn Fn(f64) -> bool| {
            let count = count as usize;
            history.len() >= count
                && history[history.len() - count..].iter().all(|datum| datum.is_some_and(holds))
        };
        let out = all(settings.out_periods, &|value| value > settings.target);
        let low = settings.target * (1.0 - settings.in_margin);
        let inward = all(settings.in_periods, &|value| value < low);
        let newest = history.last().copied().flatten().unwrap_or(0.0);
        // Whole numbers: the least capacity with running x metric <= capacity x target.
        let mut wanted = 0_u32;
        while f64::from(wanted) * settings.target < f64::from(self.running) * newest {
            wanted += 1;
        }
        if out {
            wanted = wanted.max(self.running + 1);
        }
        (out, inward && wanted < self.running && !settings.disable_scale_in, wanted)
    }

    fn minute_ends(&mut self, minute: u64) {
        let wishes = [0, 1, 2].map(|policy| self.wish(policy));
        let cooling = self.cooldown_until > minute;
        // Out: the largest, the first of equals.
        let mut out: Option<(usize, u32)> = None;
        for (policy, (wants_out, _, wanted)) in wishes.iter().enumerate() {
            if *wants_out && out.is_none_or(|(_, most)| *wanted > most) {
                out = Some((policy, *wanted));
            }
        }
        if let Some((policy, wanted)) = out {
            let credit = if cooling { self.credit } else { 0 };
            let change = wanted - self.running;
            if credit > 0 && change <= credit {
                return;
            }
            let goal = if credit > 0 { self.desired + change - credit } else { wanted };
            if self.desired > self.max || goal.clamp(self.min, self.max) <= self.desired {
                return;
            }
            let to = goal.clamp(self.min, self.max);
            let added = if credit > 0 {
                credit + to - self.desired
            } else {
                to.saturating_sub(self.running)
            };
            let wait = self.targets[policy].scale_out_cooldown;
            self.step(minute, to, wait, added);
            return;
        }
        // In: all that may, the one that leaves most.
        let asked: Vec<usize> =
            (0..3).filter(|policy| !self.targets[*policy].disable_scale_in).collect();
        if asked.is_empty() || asked.iter().any(|policy| !wishes[*policy].1) {
            return;
        }
        let policy = asked.iter().copied().rev().max_by_key(|policy| wishes[*policy].2);
        let policy = policy.expect("some are asked");
        let to = wishes[policy].2.clamp(self.min, self.max);
        if !self.deploying && !cooling && self.desired >= self.min && to < self.desired {
            self.step(minute, to, self.targets[policy].scale_in_cooldown, 0);
        }
    }

    fn step(&mut self, minute: u64, to: u32, wait: Duration, credit: u32) {
        self.desired = to;
        self.cooldown_until = minute + wait.as_nanos() / 60_000_000_000;
        self.credit = credit;
    }
}

fn follow(world: &World) {
    let bounds = Bounds::new(world.min, world.max).expect("room is added to min");
    let mut scaler = Scaler::new(Instant::ZERO, Scalable::new(bounds, world.running));
    let metrics = [0, 1, 2].map(|at| {
        let policy = world.targets[at].start(Instant::ZERO).expect("settings within range");
        scaler.add_policy("p", ["a", "b", "c"][at], Box::new(policy)).expect("three policies")
    });
    let mut oracle = Oracle {
        min: world.min,
        max: world.max,
        running: world.running,
        desired: world.running,
        targets: world.targets,
        history: Default::default(),
        cooldown_until: 0,
        credit: 0,
        deploying: false,
    };
    let minutes = world.minutes.iter();
    let minutes = minutes.flat_map(|(minute, times)| core::iter::repeat_n(minute, *times as usize));
    for (at, minute) in minutes.enumerate() {
        let (start, end) = (Instant::from_secs(60 * at as u64), 60 * (at as u64 + 1));
        scaler.handle_deployment(start, minute.deploying);
        oracle.deploying = minute.deploying;
        for (policy, datum) in minute.data.iter().enumerate() {
            let datum = datum.map(f64::from);
            oracle.history[policy].push(datum);
            if let Some(value) = datum {
                scaler.handle_datum(start, metrics[policy], value).expect("a known metric");
            }
        }
        let before = oracle.desired;
        scaler.handle_time(Instant::from_secs(end));
        oracle.minute_ends(at as u64 + 1);
        let desired = scaler.scalable().capacity.desired;
        assert_eq!(desired, oracle.desired, "minute {at}: {minute:?}");
        let decided: Vec<_> = core::iter::from_fn(|| scaler.poll_action()).collect();
        let scaled: Vec<_> = decided.iter().filter_map(Decision::scaled_to).collect();
        if desired == before {
            assert!(scaled.is_empty(), "{scaled:?}");
        } else {
            assert_eq!(scaled, [desired]);
            assert!((world.min..=world.max).contains(&desired), "{desired} is out of bounds");
        }
        let running = desired * u32::from(minute.served) / 4;
        scaler.handle_running(Instant::from_secs(end), running);
        oracle.running = running;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..Default::default() })]

    #[test]
    fn percent_is_exact(running in any::<u32>(), percent in any::<i32>()) {
        prop_assert_eq!(percent_of(running, percent), percent_oracle(running, percent));
    }

    #[test]
    fn small_percentages_round_as_the_rule_says(running in 0..300_u32, percent in -300..300_i32) {
        prop_assert_eq!(percent_of(running, percent), percent_oracle(running, percent));
    }

    /// Any out, all in, cooldowns with credit, bounds, deployments: each
    /// minute's desired count is the oracle's.
    #[test]
    fn target_tracking_equals_the_oracle(world in world()) {
        follow(&world);
    }

    /// M is enough for each group by itself, and one step fewer is not.
    #[test]
    fn what_is_needed_is_the_least_that_holds_each_group(
        size in (1..64_u32, 1..64_u32),
        groups in prop::collection::vec((0..80_u32, 0..80_u32, 0..200_u32), 0..6),
        present in 0..50_u32,
        busy in 0..50_u32,
    ) {
        let shape = |(cpu_units, memory_mib)| Shape { cpu_units, memory_mib, ..Shape::default() };
        let waiting: Vec<_> = groups
            .iter()
            .map(|&(cpu, memory, tasks)| TaskGroup { shape: shape((cpu, memory)), tasks })
            .collect();
        // Task by task into the instance that is open, else into a new one.
        let mut most = 0;
        let mut never = 0;
        for &(cpu, memory, tasks) in &groups {
            if cpu > size.0 || memory > size.1 {
                never += tasks;
                continue;
            }
            let (mut instances, mut free) = (0, (0, 0));
            for _ in 0..tasks {
                if instances == 0 || free.0 < cpu || free.1 < memory {
                    instances += 1;
                    free = size;
                }
                free = (free.0 - cpu, free.1 - memory);
            }
            most = most.max(instances);
        }
        let needed = ManagedScaling::default().needed(present, busy, &waiting, &[shape(size)]);
        prop_assert_eq!(needed.unplaceable_tasks, never);
        prop_assert_eq!(needed.step, most);
        let instances = if most == 0 { busy } else { present + most };
        prop_assert_eq!(needed.instances, instances);
    }

    /// Whatever share is to be needed: a minute adds no more than the largest step,
    /// what the least size asks for aside, and instances come until enough are there.
    #[test]
    fn no_minute_adds_more_than_the_largest_step(
        target_capacity in 1..=100_u32,
        steps in (1..6_u32, 0..6_u32),
        min in 0..8_u32,
        start in 0..8_u32,
        tasks in 1..60_u32,
    ) {
        let settings = ManagedScaling {
            target_capacity,
            minimum_step: steps.0,
            maximum_step: steps.0 + steps.1,
            ..ManagedScaling::default()
        };
        let bounds = Bounds::new(min, 500).unwrap();
        let size = Shape { cpu_units: 1, ..Shape::default() };
        let mut group = ManagedGroup::new(settings, bounds, start).unwrap();
        for minute in 1..=600 {
            let present = group.wanted();
            let busy = present.min(tasks);
            let waiting = [TaskGroup { shape: size, tasks: tasks - busy }];
            let view = GroupView { present, busy, waiting: &waiting };
            let now = Instant::from_secs(60 * minute);
            if let Some(decision) = group.handle_minute(now, &view, &[size]) {
                let most = (decision.from + settings.maximum_step).max(min);
                prop_assert!(decision.to <= most, "{decision:?}");
            }
        }
        prop_assert!(group.wanted() >= tasks.min(500));
    }

    /// Contiguous steps cover each breach exactly once; any other set is refused.
    #[test]
    fn accepted_steps_cover_each_breach_once(
        bounds in prop::collection::vec((prop::option::of(-5..6_i8), prop::option::of(-5..6_i8)), 1..5),
        breach in -6..7_i8,
        above in any::<bool>(),
    ) {
        let steps: Vec<_> = bounds
            .iter()
            .zip(1..)
            .map(|(&(lower, upper), adjustment)| StepAdjustment {
                lower: lower.map(f64::from),
                upper: upper.map(f64::from),
                adjustment,
            })
            .collect();
        let comparison = if above { Comparison::GreaterOrEqual } else { Comparison::LessOrEqual };
        let alarm = Alarm::consecutive(comparison, 50.0, 1);
        let settings =
            StepScaling::new(alarm, AdjustmentType::ExactCapacity, steps.clone());
        if settings.clone().start(Instant::ZERO).is_err() {
            return Ok(());
        }
        let covering: Vec<_> = steps
            .iter()
            .filter(|step| {
                let breach = f64::from(breach);
                let (lower, upper) = (
                    step.lower.unwrap_or(f64::NEG_INFINITY),
                    step.upper.unwrap_or(f64::INFINITY),
                );
                if above { lower <= breach && breach < upper } else { lower < breach && breach <= upper }
            })
            .collect();
        prop_assert!(covering.len() <= 1);
        let wanted = settings.wanted(7, 50.0 + f64::from(breach));
        prop_assert_eq!(wanted, covering.first().map(|step| step.adjustment as u32));
    }
}
