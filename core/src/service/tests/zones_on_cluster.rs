//! Services on a cluster whose zones are not level.

use alloc::vec::Vec;

use super::on_cluster::{Host, replica};
use crate::cluster::capacity_provider::{CapacityProvider, ProviderShare};
use crate::cluster::instance::{EniLimits, Registration};
use crate::cluster::task::{LaunchType, Task, TaskStatus};
use crate::cluster::task_definition::{ConstraintKind, PlacementConstraint};
use crate::cluster::{Launch, RunRequest};
use crate::service::{Protection, ServiceSpec, ServiceUpdate, StopRule, TaskKey};

impl Host {
    fn create_as(&mut self, spec: ServiceSpec, request: RunRequest) {
        self.controller.create(self.now, spec, request).unwrap();
        self.rest();
    }

    /// The zones in which tasks of `web` run.
    fn zones(&self) -> Vec<&str> {
        let tasks = self.cluster.tasks_of("service:web");
        let running = tasks.filter(|task| task.last_status() == TaskStatus::Running);
        let mut zones: Vec<&str> = running.filter_map(Task::availability_zone).collect();
        zones.sort_unstable();
        zones
    }

    /// A Fargate service of four tasks, its subnets in zones a and b.
    fn on_fargate() -> Self {
        // What instances there are is nothing to it.
        let mut host = Self::new(0);
        host.join_as(Self::server(0).in_zone("c"));
        let mut request = RunRequest::new(&host.define_awsvpc("web"));
        request.launch = Launch::Type(LaunchType::Fargate);
        request.zones = ["a".into(), "b".into()].into();
        host.create_as(replica("web", 4), request);
        host.wait(60);
        assert_eq!(host.zones(), ["a", "a", "b", "b"]);
        host
    }

    fn scale_to(&mut self, desired: u32) {
        let update = ServiceUpdate { desired: Some(desired), ..ServiceUpdate::default() };
        self.update("web", update, None);
        self.wait(60);
    }

    /// How many tasks of `web` run on each of the first `instances`.
    fn spread(&self, instances: u64) -> Vec<usize> {
        let running = self.running("web");
        let on = |id| running.iter().filter(|(_, at)| *at == id).count();
        (1..=instances).map(on).collect()
    }
}

fn in_group(server: Registration) -> Registration {
    Registration { capacity_provider: Some("asg".into()), ..server }
}

#[test]
fn zones_are_levelled_when_one_comes_back() {
    let mut host = Host::new(1);
    let web = host.define("web", 256, false);
    host.create(replica("web", 4), &web);
    host.wait(40);
    assert!(host.steady("web"));
    host.join(1);
    host.wait(200);
    let on = |id| host.running("web").iter().filter(|(_, at)| *at == id).count();
    assert_eq!((on(1), on(2)), (2, 2));
    assert!(host.steady("web"));
}

#[test]
fn a_move_keeps_to_distinct_instances() {
    let mut host = Host::new(0);
    for (number, zone) in (0..).zip(["a", "a", "a", "b"]) {
        host.join_as(Host::server(number).in_zone(zone));
    }
    let mut request = RunRequest::new(&host.define("web", 128, false));
    let kind = ConstraintKind::DistinctInstance;
    request.constraints = [PlacementConstraint { kind, expression: None }].into();
    host.create_as(replica("web", 4), request);
    host.wait(1_000);
    assert_eq!(host.spread(4), [1, 1, 1, 1]);
    // Where there is one more instance in the zone, it takes the task.
    host.join_as(Host::server(4).in_zone("b"));
    host.wait(1_000);
    assert_eq!(host.spread(5).iter().max(), Some(&1));
    assert_eq!(host.spread(5)[3..], [1, 1]);
}

#[test]
fn a_move_stays_with_the_capacity_provider() {
    let mut host = Host::new(0);
    let provider = CapacityProvider { name: "asg".into(), managed_scaling: true };
    host.cluster.put_capacity_provider(provider);
    host.join_as(in_group(Host::server(0).in_zone("a")));
    host.join_as(Host::server(1).in_zone("b"));
    let mut request = RunRequest::new(&host.define("web", 128, false));
    request.launch = Launch::Providers([ProviderShare::new("asg", 0, 1)].into());
    host.create_as(replica("web", 4), request);
    host.wait(1_000);
    assert_eq!(host.spread(2), [4, 0]);
    assert_eq!(host.cluster.waiting_for("asg").count(), 0, "a move asks for no instance");
    host.join_as(in_group(Host::server(2).in_zone("b")));
    host.wait(1_000);
    assert_eq!(host.spread(3), [2, 0, 2]);
    let tasks = host.cluster.tasks_of("service:web");
    let mut running = tasks.filter(|task| task.last_status() == TaskStatus::Running);
    assert!(running.all(|task| task.capacity_provider() == Some("asg")));
}

#[test]
fn a_move_follows_the_placement_strategies() {
    let mut host = Host::new(1);
    let mut request = RunRequest::new(&host.define("web", 128, false));
    let names = ["spread:attribute:ecs.availability-zone".into(), "binpack:cpu".into()];
    let stop_rules = StopRule::of_names(&names).unwrap();
    request.strategies = names.into();
    host.create_as(ServiceSpec { stop_rules, ..replica("web", 5) }, request);
    host.wait(40);
    // In zone b an instance takes the first task, and then an empty one joins.
    host.join_as(Host::server(1).in_zone("b"));
    host.join_as(Host::server(2).in_zone("b"));
    host.wait(1_000);
    assert_eq!(host.spread(3), [3, 2, 0]);
}

#[test]
fn zones_without_a_matching_instance_hold_up_no_move() {
    let mut host = Host::new(0);
    let server =
        |number, zone, disk| Host::server(number).in_zone(zone).with_attribute("disk", disk);
    host.join_as(server(0, "a", "ssd"));
    host.join_as(server(1, "c", "hdd"));
    let mut request = RunRequest::new(&host.define("web", 128, false));
    let (kind, expression) = (ConstraintKind::MemberOf, Some("attribute:disk == ssd".into()));
    request.constraints = [PlacementConstraint { kind, expression }].into();
    host.create_as(replica("web", 6), request);
    host.wait(60);
    assert_eq!(host.spread(2), [6, 0]);
    host.join_as(server(2, "b", "ssd"));
    host.wait(200);
    assert_eq!(host.spread(3), [3, 0, 3]);
}

#[test]
fn zones_without_a_subnet_hold_up_no_move() {
    let mut host = Host::new(0);
    let join = |host: &mut Host, number, zone| {
        let eni = EniLimits::of_interfaces(8);
        host.join_as(Registration { eni, ..Host::server(number).in_zone(zone) });
    };
    let mut request = RunRequest::new(&host.define_awsvpc("web"));
    request.zones = ["a".into(), "b".into()].into();
    join(&mut host, 0, "a");
    join(&mut host, 1, "c");
    host.create_as(replica("web", 3), request);
    host.wait(60);
    assert_eq!(host.spread(2), [3, 0]);
    join(&mut host, 2, "b");
    host.wait(200);
    assert_eq!(host.spread(3), [2, 0, 1]);
}

#[test]
fn scale_in_keeps_the_zones_of_fargate_tasks_level() {
    let mut host = Host::on_fargate();
    host.scale_to(2);
    assert_eq!(host.zones(), ["a", "b"]);
    // Up and down again.
    host.scale_to(3);
    host.scale_to(2);
    assert_eq!(host.zones(), ["a", "b"]);
}

#[test]
fn fargate_tasks_move_between_the_zones_of_their_subnets() {
    let mut host = Host::on_fargate();
    let tasks = host.cluster.tasks_of("service:web");
    let in_a = tasks.filter(|task| task.availability_zone() == Some("a"));
    let in_a: Vec<TaskKey> = in_a.map(|task| TaskKey(task.id().0)).collect();
    let protect = |host: &mut Host, protection: Option<Protection>| {
        let service = host.controller.service_mut("web").unwrap();
        in_a.iter().for_each(|task| {
            service.protect(host.now, *task, protection).unwrap();
        });
        host.rest();
    };
    protect(&mut host, Some(Protection::DEFAULT));
    host.scale_to(2);
    assert_eq!(host.zones(), ["a", "a"]);
    protect(&mut host, None);
    assert_eq!(host.zones(), ["a", "a", "b"], "the start comes first");
    host.wait(60);
    assert_eq!(host.zones(), ["a", "b"]);
    assert!(host.steady("web"));
}

#[test]
fn instances_without_a_zone_make_none() {
    let mut host = Host::new(1);
    host.join_as(Host::server(9));
    let web = host.define("web", 128, false);
    host.create(replica("web", 6), &web);
    host.wait(60);
    let before = host.spread(2);
    // A third one, in zone b, is levelled with zone a alone.
    host.join(1);
    host.wait(1_000);
    let after = host.spread(3);
    assert_eq!(after[1], before[1]);
    assert!(after[0].abs_diff(after[2]) <= 1, "{after:?}");
}
