//! Scenarios of containers: what happens to a service when its world changes.
#![cfg(feature = "sim")]

use warmstow_core::autoscale::{
    ManagedScaling, PolicyConfig, PolicyRule, ScalerConfig, Suspended, TargetTracking,
};
use warmstow_core::cost::{FargatePrices, InstanceType};
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

/// Six tasks on m5.large (four each by CPU, seven by memory), three zones.
fn scenario() -> Scenario {
    let revision = Revision { number: 1, container_check: false };
    Scenario {
        horizon: HOUR,
        seed: 1,
        service: ServiceSpec::replica("web", revision, 6),
        strategies: Chain::of_service(),
        task: TaskSettings {
            cpu_units: 512,
            memory_mib: 1_024,
            capacity_per_s: 100.0,
            memory_idle_percent: 20.0,
            memory_full_percent: 60.0,
            start: exactly(30.0),
            stop: Duration::from_secs(10),
        },
        load: steady(300.0),
        scaler: None,
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
        deploys: Vec::new(),
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
    assert_eq!((last.desired, last.running, last.pending, last.instances), (6, 6, 0, 3));
    assert_eq!(last.reservation, 100.0);
    assert_eq!(report.totals.tasks_started, 6);
    // Nothing serves for the first 30 s: 300 requests in each of them, by
    // looks at 10 s and 20 s; at 30 s they run.
    assert_eq!(report.totals.unserved, 2.0 * 3_000.0);
    assert_eq!(report.totals.requests, 300.0 * 3_600.0);
    assert_eq!(report.bill.on_demand_hours, 3.0);
    assert!((report.bill.instances_usd.unwrap() - 3.0 * 0.096).abs() < 1e-9);
    assert_eq!(report.deployments[0].rollout, Rollout::Completed);
    assert!(said(&report, "service", "steady state").is_some());
}

#[test]
fn more_load_brings_more_tasks_and_they_bring_instances() {
    let mut world = scenario();
    world.load = steady(900.0);
    world.scaler = Some(tracked(2, 40, 50.0));
    world.horizon = HOUR;
    let report = simulate(&world).unwrap();
    // 900 / 100 at half of what each can do: 18 tasks, 5 instances.
    let last = minute(&report, 60);
    assert_eq!((last.desired, last.running), (18, 18));
    assert!(last.instances >= 5, "{last:?}");
    assert!(report.minutes.iter().any(|of| of.waiting > 0), "tasks waited for instances");
    assert!(report.minutes.iter().any(|of| of.booting > 0));
    assert!(said(&report, "group", "to").is_some());
    // Every task that ran had its room: four on an instance.
    for of in &report.minutes {
        assert!(of.running <= 4 * of.instances, "{of:?}");
        assert!((2..=40).contains(&of.desired) || of.at_s < 1.0);
    }
}

#[test]
fn less_load_takes_tasks_and_then_empty_instances_away() {
    let mut world = scenario();
    world.scaler = Some(tracked(1, 40, 50.0));
    world.load.points = vec![
        LoadPoint { at: Duration::ZERO, per_s: 290.0 },
        LoadPoint { at: HOUR, per_s: 290.0 },
        LoadPoint { at: HOUR.plus(MINUTE), per_s: 40.0 },
    ];
    world.strategies = Chain::parse(&["binpack:memory"]).unwrap();
    world.horizon = Duration::from_secs(4 * 3_600);
    let report = simulate(&world).unwrap();
    assert_eq!(minute(&report, 60).running, 6);
    let last = minute(&report, 240);
    assert_eq!((last.desired, last.running), (1, 1));
    assert!(last.instances < minute(&report, 60).instances, "{last:?}");
    assert_eq!(report.totals.tasks_lost, 0, "no task went with its instance");
}

#[test]
fn an_image_that_fails_is_rolled_back_and_the_service_stays_up() {
    let mut world = scenario();
    world.service.breaker = BreakerConfig { enable: true, rollback: true, ..BreakerConfig::OFF };
    world.deploys = vec![Deploy { at: Duration::from_secs(600), revision: 2, fails: true }];
    world.horizon = Duration::from_secs(2 * 3_600);
    let report = simulate(&world).unwrap();
    assert!(report.totals.tasks_failed >= 3, "{:?}", report.totals);
    assert!(said(&report, "service", "rolling back").is_some());
    let last = minute(&report, 120);
    assert_eq!((last.desired, last.running), (6, 6));
    for of in &report.minutes[1..] {
        assert!(of.running >= 6, "below the floor: {of:?}");
    }
    let failed = report.deployments.iter().find(|of| of.revision == 2);
    assert!(failed.is_none_or(|of| of.rollout == Rollout::Failed), "{failed:?}");
}

#[test]
fn a_deployment_without_room_to_move_stalls_until_the_group_grows() {
    // 100 / 100: nothing may start and nothing may stop.
    let mut world = scenario();
    world.service.percents = Percents { min_healthy_percent: 100, max_percent: 100 };
    world.service.rebalance = false;
    world.deploys = vec![Deploy { at: Duration::from_secs(600), revision: 2, fails: false }];
    let report = simulate(&world).unwrap();
    assert_eq!(report.totals.tasks_started, 6, "none of revision 2");
    assert!(said(&report, "service", "minimumHealthyPercent or maximumPercent").is_some());
    assert!(report.deployments.iter().any(|of| of.rollout == Rollout::InProgress));
}

#[test]
fn a_lost_zone_is_replaced_in_the_others() {
    let mut world = scenario();
    world.zone_losses = vec![ZoneLoss { at: Duration::from_secs(1_200), zone: 0, lasts: HOUR }];
    world.horizon = HOUR;
    let report = simulate(&world).unwrap();
    assert!(said(&report, "zone", "zone 0 is lost with 1 instances").is_some());
    assert_eq!(report.totals.tasks_lost, 2);
    let after = minute(&report, 25);
    assert_eq!((after.running, after.instances), (6, 3), "one was launched elsewhere");
    assert_eq!(report.totals.instances_launched, 4);
    // Its tasks had found room on the other two, so it stayed empty and went.
    let last = minute(&report, 60);
    assert_eq!((last.running, last.instances), (6, 2));
    assert_eq!(report.totals.tasks_failed, 0, "a lost instance is no fault of the task");
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
    let full = report.minutes.iter().filter(|of| of.running >= 6).count();
    assert!(full * 10 > report.minutes.len() * 8, "{full} of {}", report.minutes.len());
}

#[test]
fn the_same_scenario_gives_the_same_report() {
    let mut world = scenario();
    world.scaler = Some(tracked(2, 40, 50.0));
    world.group.spot_percent = 50;
    world.group.spot_interruptions_per_hour = 2.0;
    world.group.boot = Distribution::lognormal(90.0, 0.5).unwrap();
    world.task.start = Distribution::exponential(20.0).unwrap();
    world.load.points = vec![
        LoadPoint { at: Duration::ZERO, per_s: 100.0 },
        LoadPoint { at: HOUR, per_s: 1_500.0 },
    ];
    world.load.repeat = Some(Duration::from_secs(2 * 3_600));
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

#[test]
fn what_cannot_be_played_is_named() {
    let refused = |change: fn(&mut Scenario)| -> String {
        let mut world = scenario();
        change(&mut world);
        simulate(&world).unwrap_err().to_string()
    };
    assert_eq!(
        refused(|world| world.horizon = Duration::ZERO),
        "horizon_s is 0: must be above 0 and at most 31 days"
    );
    assert_eq!(refused(|world| world.group.zones = 17), "zones is 17: must be 1 to 16");
    assert_eq!(
        refused(|world| world.group.min = 31),
        "group: min capacity 31 is above max capacity 30"
    );
    assert!(refused(|world| world.load.points.clear()).contains("at least one point"));
    assert!(refused(|world| world.service.name.clear()).starts_with("service: "));
    assert!(refused(|world| world.scaler = Some(tracked(2, 1, 50.0))).starts_with("scaler: min"));
    let daemon = |world: &mut Scenario| {
        world.service.target_group = Some(Duration::from_secs(30));
    };
    assert!(refused(daemon).contains("\"web\" is no REPLICA service without a target group"));
}
