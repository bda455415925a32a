//! Scenarios of containers: what happens to a service when its world changes.
#![cfg(feature = "sim")]

use warmstow_core::autoscale::{
    ManagedScaling, PolicyConfig, PolicyRule, ScalerConfig, Suspended, TargetTracking,
};
use warmstow_core::cost::{FargatePrices, InstanceType, LaunchOption};
use warmstow_core::placement::view::Chain;
use warmstow_core::service::{BreakerConfig, Percents, Revision, Rollout, ServiceSpec};
use warmstow_core::sim::Distribution;
use warmstow_core::sim::containers::*;
use warmstow_core::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn exactly(seconds: f64) -> Distribution {
    Distribution::deterministic(seconds).unwrap()
}

fn steady(per_s: f64) -> Load {
    Load { points: vec![LoadPoint { at: Duration::ZERO, per_s }], repeat: None }
}

/// Tasks of that size, each of which serves 100 requests a second, of 300.
fn service(name: &str, desired: u32, cpu_units: u32, memory_mib: u32) -> ServiceScenario {
    let revision = Revision { number: 1, container_check: false };
    ServiceScenario {
        service: ServiceSpec::replica(name, revision, desired),
        strategies: Chain::of_service(),
        task: TaskSettings {
            cpu_units,
            memory_mib,
            capacity_per_s: 100.0,
            memory_idle_percent: 20.0,
            memory_full_percent: 60.0,
            start: exactly(30.0),
            stop: Duration::from_secs(10),
        },
        load: steady(300.0),
        scaler: None,
        deploys: Vec::new(),
        expect: Expect::default(),
    }
}

/// Six tasks on m5.large (four each by CPU, seven by memory), three zones.
fn scenario() -> Scenario {
    Scenario {
        horizon: HOUR,
        seed: 1,
        services: vec![service("web", 6, 512, 1_024)],
        group: InstanceGroup {
            instance_type: InstanceType::named("m5.large").unwrap(),
            system_memory_mib: 256,
            zones: 3,
            min: 0,
            max: 30,
            initial: 3,
            boot: exactly(120.0),
            managed: Some(ManagedScaling::default()),
            spot_percent: 0,
            spot_interruptions_per_hour: 0.0,
        },
        zone_losses: Vec::new(),
        fargate: FargatePrices::AWS_US_EAST_1,
        expect: Expect::default(),
    }
}

fn tracked(min: u32, max: u32, target: f64) -> ScalerConfig {
    let rule = PolicyRule::TargetTracking(TargetTracking::new(target));
    let policy = PolicyConfig { name: "cpu".into(), metric: "cpu".into(), rule };
    ScalerConfig {
        min,
        max,
        running: 0,
        unix_s_at_origin: 0,
        suspended: Suspended::default(),
        policies: vec![policy],
        scheduled: Vec::new(),
    }
}

/// The state at the end of that minute, counted from 1.
fn minute(report: &ContainersReport, number: usize) -> Minute {
    report.minutes[number - 1]
}

fn said<'a>(report: &'a ContainersReport, of: &str, text: &str) -> Option<&'a Event> {
    report.events.iter().find(|event| event.of == of && event.text.contains(text))
}

#[test]
fn a_quiet_service_runs_what_is_desired_and_is_billed_by_hand() {
    let report = simulate(&scenario()).unwrap();
    assert_eq!(report.minutes.len(), 60);
    let last = minute(&report, 60);
    assert_eq!(
        (last.all.desired, last.all.running, last.all.pending, last.instances),
        (6, 6, 0, 3)
    );
    assert_eq!(last.reservation, 100.0);
    assert_eq!(report.totals.all.tasks_started, 6);
    // Nothing serves for the first 30 s: 300 requests in each of them, by
    // looks at 10 s and 20 s; at 30 s they run.
    assert_eq!(report.totals.all.unserved, 2.0 * 3_000.0);
    assert_eq!(report.totals.all.requests, 300.0 * 3_600.0);
    assert_eq!(report.bill.on_demand_hours, 3.0);
    assert!((report.bill.instances_usd.unwrap() - 3.0 * 0.096).abs() < 1e-9);
    assert_eq!(report.services[0].deployments[0].rollout, Rollout::Completed);
    assert!(said(&report, "service", "steady state").is_some());
}

#[test]
fn more_load_brings_more_tasks_and_they_bring_instances() {
    let mut world = scenario();
    world.services[0].load = steady(900.0);
    world.services[0].scaler = Some(tracked(2, 40, 50.0));
    world.horizon = HOUR;
    let report = simulate(&world).unwrap();
    // 900 / 100 at half of what each can do: 18 tasks, 5 instances.
    let last = minute(&report, 60);
    assert_eq!((last.all.desired, last.all.running), (18, 18));
    assert!(last.instances >= 5, "{last:?}");
    assert!(report.minutes.iter().any(|of| of.all.waiting > 0), "tasks waited for instances");
    assert!(report.minutes.iter().any(|of| of.booting > 0));
    assert!(said(&report, "group", "to").is_some());
    let shares = report.events.iter().filter(|event| event.of == "group");
    let shares = shares.filter_map(|event| event.text.split_once("reservation "));
    let decimals = |share: &str| share.trim_end_matches(" %").split_once('.').map(|(_, d)| d.len());
    let shares: Vec<_> = shares.map(|(_, share)| share).collect();
    assert!(!shares.is_empty());
    assert!(shares.iter().all(|share| decimals(share).is_none_or(|d| d == 1)), "{shares:?}");
    // Every task that ran had its room: four on an instance.
    for of in &report.minutes {
        assert!(of.all.running <= 4 * of.instances, "{of:?}");
        assert!((2..=40).contains(&of.all.desired) || of.at_s < 1.0);
    }
}

#[test]
fn less_load_takes_tasks_and_then_empty_instances_away() {
    let mut world = scenario();
    world.services[0].scaler = Some(tracked(1, 40, 50.0));
    world.services[0].load.points = vec![
        LoadPoint { at: Duration::ZERO, per_s: 290.0 },
        LoadPoint { at: HOUR, per_s: 290.0 },
        LoadPoint { at: HOUR.plus(MINUTE), per_s: 40.0 },
    ];
    world.services[0].strategies = Chain::parse(&["binpack:memory"]).unwrap();
    world.horizon = Duration::from_secs(4 * 3_600);
    let report = simulate(&world).unwrap();
    assert_eq!(minute(&report, 60).all.running, 6);
    let last = minute(&report, 240);
    assert_eq!((last.all.desired, last.all.running), (1, 1));
    assert!(last.instances < minute(&report, 60).instances, "{last:?}");
    assert_eq!(report.totals.all.tasks_lost, 0, "no task went with its instance");
}

#[test]
fn an_image_that_fails_is_rolled_back_and_the_service_stays_up() {
    let mut world = scenario();
    world.services[0].service.breaker =
        BreakerConfig { enable: true, rollback: true, ..BreakerConfig::OFF };
    world.services[0].deploys =
        vec![Deploy { at: Duration::from_secs(600), revision: 2, fails: true }];
    world.horizon = Duration::from_secs(2 * 3_600);
    let report = simulate(&world).unwrap();
    assert!(report.totals.all.tasks_failed >= 3, "{:?}", report.totals);
    assert!(said(&report, "service", "rolling back").is_some());
    let last = minute(&report, 120);
    assert_eq!((last.all.desired, last.all.running), (6, 6));
    for of in &report.minutes[1..] {
        assert!(of.all.running >= 6, "below the floor: {of:?}");
    }
    let failed = report.services[0].deployments.iter().find(|of| of.revision == 2);
    assert!(failed.is_none_or(|of| of.rollout == Rollout::Failed), "{failed:?}");
}

#[test]
fn a_large_service_s_events_are_all_told() {
    let mut world = scenario();
    world.services[0] = service("web", 400, 64, 64);
    world.services[0].service.breaker =
        BreakerConfig { enable: true, rollback: true, ..BreakerConfig::OFF };
    world.services[0].deploys =
        vec![Deploy { at: Duration::from_secs(600), revision: 2, fails: true }];
    world.services[0].expect.rolled_back = Some(true);
    world.group.initial = 30;
    let report = simulate(&world).unwrap();
    assert_eq!(report.unmet, [""; 0]);
    let started = report.events.iter().filter(|event| event.text.contains(" has started "));
    assert!(started.count() >= 400, "one for each start");
}

#[test]
fn a_deployment_without_room_to_move_stalls_until_the_group_grows() {
    // 100 / 100: nothing may start and nothing may stop.
    let mut world = scenario();
    world.services[0].service.percents = Percents { min_healthy_percent: 100, max_percent: 100 };
    world.services[0].service.rebalance = false;
    world.services[0].deploys =
        vec![Deploy { at: Duration::from_secs(600), revision: 2, fails: false }];
    let report = simulate(&world).unwrap();
    assert_eq!(report.totals.all.tasks_started, 6, "none of revision 2");
    assert!(said(&report, "service", "minimumHealthyPercent or maximumPercent").is_some());
    assert!(report.services[0].deployments.iter().any(|of| of.rollout == Rollout::InProgress));
}

#[test]
fn a_lost_zone_is_replaced_in_the_others() {
    let mut world = scenario();
    world.zone_losses = vec![ZoneLoss { at: Duration::from_secs(1_200), zone: 0, lasts: HOUR }];
    world.horizon = HOUR;
    let report = simulate(&world).unwrap();
    assert!(said(&report, "zone", "zone 0 is lost with 1 instances").is_some());
    assert_eq!(report.totals.all.tasks_lost, 2);
    let after = minute(&report, 25);
    assert_eq!((after.all.running, after.instances), (6, 3), "one was launched elsewhere");
    assert_eq!(report.totals.instances_launched, 4);
    // Its tasks had found room on the other two, so it stayed empty and went.
    let last = minute(&report, 60);
    assert_eq!((last.all.running, last.instances), (6, 2));
    assert_eq!(report.totals.all.tasks_failed, 0, "a lost instance is no fault of the task");
}

#[test]
fn spot_instances_are_interrupted_drain_and_are_replaced() {
    let mut world = scenario();
    world.group.spot_percent = 100;
    world.group.spot_interruptions_per_hour = 1.0;
    world.group.instance_type = world.group.instance_type.discounted(0.6, 0.35);
    world.horizon = Duration::from_secs(12 * 3_600);
    let report = simulate(&world).unwrap();
    assert!(report.totals.interruptions > 5, "{:?}", report.totals);
    assert_eq!(report.bill.on_demand_hours, 0.0);
    assert!(report.bill.spot_hours > 30.0, "{:?}", report.bill);
    let usd = report.bill.spot_hours * 0.096 * 0.35;
    assert!((report.bill.instances_usd.unwrap() - usd).abs() < 1e-9);
    let full = report.minutes.iter().filter(|of| of.all.running >= 6).count();
    assert!(full * 10 > report.minutes.len() * 8, "{full} of {}", report.minutes.len());
}

#[test]
fn the_same_scenario_gives_the_same_report() {
    let mut world = scenario();
    world.services[0].scaler = Some(tracked(2, 40, 50.0));
    world.group.spot_percent = 50;
    world.group.spot_interruptions_per_hour = 2.0;
    world.group.boot = Distribution::lognormal(90.0, 0.5).unwrap();
    world.services[0].task.start = Distribution::exponential(20.0).unwrap();
    world.services[0].load.points = vec![
        LoadPoint { at: Duration::ZERO, per_s: 100.0 },
        LoadPoint { at: HOUR, per_s: 1_500.0 },
    ];
    world.services[0].load.repeat = Some(Duration::from_secs(2 * 3_600));
    world.horizon = Duration::from_secs(6 * 3_600);
    let report = simulate(&world).unwrap();
    assert_eq!(report, simulate(&world).unwrap());
    world.seed = 2;
    assert_ne!(report, simulate(&world).unwrap());
}

#[test]
fn load_goes_in_straight_lines_and_begins_again() {
    let point = |seconds, per_s| LoadPoint { at: Duration::from_secs(seconds), per_s };
    let points = vec![point(10, 0.0), point(20, 100.0)];
    let once = Load { points: points.clone(), repeat: None };
    let at = |load: &Load, seconds| load.at(warmstow_core::time::Instant::from_secs(seconds));
    assert_eq!([0, 10, 15, 20, 99].map(|s| at(&once, s)), [0.0, 0.0, 50.0, 100.0, 100.0]);
    let again = Load { points, repeat: Some(Duration::from_secs(30)) };
    assert_eq!([15, 29, 30, 45].map(|s| at(&again, s)), [50.0, 100.0, 0.0, 50.0]);
}

/// Both on m5.large: `web` of 512 and `search` of 1,024 CPU units.
fn two_services() -> Scenario {
    let mut world = scenario();
    world.services.push(service("search", 2, 1_024, 1_024));
    world.group.initial = 4;
    world
}

#[test]
fn services_share_the_instances_and_each_has_its_own_figures() {
    let mut world = two_services();
    world.services[1].load = steady(250.0);
    let report = simulate(&world).unwrap();
    let last = minute(&report, 60);
    // Five instances' worth of halves: 6 x 512 + 2 x 1,024 of 4 x 2,048.
    assert_eq!((last.all.running, last.all.desired, last.instances), (8, 8, 4));
    assert_eq!(report.names(), "web, search");
    let [web, search] = &report.services[..] else { panic!("two services") };
    assert_eq!((web.minutes[59].running, search.minutes[59].running), (6, 2));
    // 300 a second on 600, and 250 on 200.
    assert_eq!((web.minutes[59].unserved, search.minutes[59].unserved), (0.0, 50.0 * 60.0));
    assert_eq!(last.all.unserved, 50.0 * 60.0);
    assert_eq!((web.minutes[59].cpu_percent, search.minutes[59].cpu_percent), (50.0, 100.0));
    let mean = (50.0 * 6.0 * 512.0 + 100.0 * 2.0 * 1_024.0) / (6.0 * 512.0 + 2.0 * 1_024.0);
    assert!((last.all.cpu_percent - mean).abs() < 1e-9, "{last:?}");
    for (at, of) in report.minutes.iter().enumerate() {
        let sum = |of: fn(&ServiceMinute) -> u32| of(&web.minutes[at]) + of(&search.minutes[at]);
        assert_eq!(of.all.running, sum(|of| of.running));
        assert_eq!(of.all.pending, sum(|of| of.pending));
        let by_zone: u32 = report.running_by_zone.iter().map(|zone| zone[at]).sum();
        assert_eq!(of.all.running, by_zone);
    }
    let sums = report.totals.all;
    assert_eq!(sums.tasks_started, web.totals.tasks_started + search.totals.tasks_started);
    assert_eq!(sums.requests, web.totals.requests + search.totals.requests);
    assert!(said(&report, "service", "(service search)").is_some_and(|of| of.service == Some(1)));
    assert!(said(&report, "service", "(service web)").is_some_and(|of| of.service == Some(0)));
}

#[test]
fn a_service_that_waits_for_room_does_not_hold_up_a_smaller_one() {
    // One instance of 2,048 units is full. Without load `idle` is scaled to
    // nothing, and web has its room although search waits longer for more.
    let mut world = scenario();
    let sizes = [("idle", 512), ("first", 1_024), ("search", 1_536), ("web", 512)];
    world.services = sizes.map(|(name, cpu)| service(name, 1, cpu, 1_024)).into();
    world.services[3] = service("web", 2, 512, 1_024);
    world.services[0].load = steady(0.0);
    world.services[0].scaler = Some(tracked(0, 1, 50.0));
    world.group.managed = None;
    world.group.initial = 1;
    let report = simulate(&world).unwrap();
    let [idle, first, search, web] = &report.services[..] else { panic!("four services") };
    let waits = |of: &ServiceReport, minute: usize| {
        let of = of.minutes[minute];
        (of.running, of.waiting)
    };
    assert_eq!([idle, first, search, web].map(|of| waits(of, 9)), [(1, 0), (1, 0), (0, 1), (1, 1)]);
    assert_eq!(
        [idle, first, search, web].map(|of| waits(of, 59)),
        [(0, 0), (1, 0), (0, 1), (2, 0)]
    );
}

#[test]
fn one_group_grows_for_all_services_and_the_bill_is_compared_for_all() {
    let mut world = two_services();
    world.group.initial = 0;
    let report = simulate(&world).unwrap();
    let last = minute(&report, 60);
    assert_eq!((last.all.running, last.all.waiting), (8, 0));
    // 5,120 units on 2,048 each: 3 instances, or 4 for the zones.
    assert!((3..=4).contains(&last.instances), "{last:?}");
    let alone = |of: usize| {
        let mut one = world.clone();
        one.services = vec![world.services[of].clone()];
        simulate(&one).unwrap().bill.compared
    };
    let (web, search) = (alone(0), alone(1));
    assert_eq!(report.bill.compared.len(), web.len());
    for option in &report.bill.compared {
        let named = |own: &&LaunchOption| own.launch.to_string() == option.launch.to_string();
        let usd = |of: &[LaunchOption]| of.iter().find(named).unwrap().usd;
        // Alone each runs a little sooner or later.
        let sum = usd(&web) + usd(&search);
        assert!((option.usd / sum - 1.0).abs() < 0.05, "{option:?}: {sum}");
        assert!((0.0..=1.0).contains(&option.utilization));
    }
    assert!(report.bill.compared.is_sorted_by(|a, b| a.usd <= b.usd));
}

#[test]
fn what_is_expected_of_one_service_is_said_by_its_name() {
    let mut world = two_services();
    world.services[1].expect.min_running_at_end = Some(3);
    world.services[0].expect.rolled_back = Some(true);
    world.expect.min_running_at_end = Some(9);
    let report = simulate(&world).unwrap();
    assert_eq!(
        report.unmet,
        [
            "8 tasks run at the end, expected 9 at least",
            "web: no deployment was rolled back, expected one",
            "search: 2 tasks run at the end, expected 3 at least",
        ]
    );
}

#[test]
fn what_cannot_be_played_is_named() {
    let refused = |change: fn(&mut Scenario)| -> String {
        let mut world = scenario();
        change(&mut world);
        simulate(&world).unwrap_err().to_string()
    };
    assert_eq!(
        refused(|world| world.horizon = Duration::ZERO),
        "duration_s is 0: must be above 0 and at most 31 days"
    );
    assert_eq!(refused(|world| world.group.zones = 17), "zones is 17: must be 1 to 16");
    assert_eq!(
        refused(|world| world.group.min = 31),
        "group: min capacity 31 is above max capacity 30"
    );
    assert!(refused(|world| world.services[0].load.points.clear()).contains("at least one point"));
    assert!(refused(|world| world.services[0].service.name.clear()).starts_with("service: "));
    assert!(
        refused(|world| world.services[0].scaler = Some(tracked(2, 1, 50.0)))
            .starts_with("scaler: min")
    );
    assert_eq!(refused(|world| world.services.clear()), "services is 0: must be 1 to 100");
    assert_eq!(
        refused(|world| world.services.push(world.services[0].clone())),
        "\"web\" is no name of one service alone"
    );
    let daemon = |world: &mut Scenario| {
        world.services[0].service.target_group = Some(Duration::from_secs(30));
    };
    assert!(refused(daemon).contains("\"web\" is no REPLICA service without a target group"));
}
