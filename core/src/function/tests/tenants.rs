//! Pools of instances by tenant.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::concurrency::ThrottleReason;
use crate::function::*;
use crate::id::{FunctionId, InstanceId, Lane};
use crate::placement::NodeSpec;
use crate::resources::Resources;
use crate::time::Instant;

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

struct Host {
    region: Arc<Region>,
    control: Control,
    shop: TenantFunction,
    stopped: Vec<InstanceId>,
}

impl Host {
    fn new(config: RegionConfig, reserved: Option<u32>) -> Self {
        let (region, mut control) = Region::new(config).unwrap();
        let spec = FunctionSpec { reserved_concurrency: reserved, ..FunctionSpec::of_memory(512) };
        let shop = TenantFunction::new(&mut control, "shop", spec).unwrap();
        Self { region, control, shop, stopped: Vec::new() }
    }

    fn tenant(&mut self, id: &str) -> FunctionId {
        self.shop.tenant(&mut self.control, id).unwrap()
    }

    fn invoke(&mut self, seconds: u64, id: &str) -> Result<Invocation, InvokeError> {
        let handle = self.tenant(id);
        let invocation = self.region.invoke_version(at(seconds), handle, Lane::FIRST)?;
        if invocation.start != Start::Warm {
            self.region.started(at(seconds), &invocation.lease).unwrap();
        }
        Ok(invocation)
    }

    fn complete(&mut self, seconds: u64, invocation: Invocation) {
        if let Some(stop) = self.region.complete(at(seconds), invocation.lease).unwrap() {
            self.stop(seconds, stop);
        }
    }

    fn stop(&mut self, seconds: u64, instance: InstanceId) {
        self.region.stopped(at(seconds), instance).unwrap();
        self.stopped.push(instance);
    }

    fn run(&mut self, seconds: u64) {
        while let Some(due) = self.shop.next_deadline().filter(|due| *due <= at(seconds)) {
            self.shop.handle_time(due, &self.control);
            while let Some(instance) = self.shop.poll_stop() {
                self.stop(seconds, instance);
            }
        }
    }
}

#[test]
fn no_tenant_meets_an_instance_of_another() {
    let mut host = Host::new(RegionConfig::default(), None);
    let blue = host.invoke(0, "blue").unwrap();
    let theirs = blue.instance;
    host.complete(1, blue);
    let green = host.invoke(2, "green").unwrap();
    assert_ne!((green.start, green.instance), (Start::Warm, theirs));
    let again = host.invoke(2, "blue").unwrap();
    assert_eq!((again.start, again.instance), (Start::Warm, theirs));
    assert_eq!(host.tenant("blue"), host.tenant("blue"));
    let ids: Vec<&str> = host.shop.tenants().map(|(id, _)| id).collect();
    assert_eq!(ids, ["blue", "green"]);
}

#[test]
fn all_tenants_share_the_reservation() {
    let mut host = Host::new(RegionConfig::default(), Some(2));
    let one = host.invoke(0, "blue").unwrap();
    let two = host.invoke(0, "green").unwrap();
    let refused =
        InvokeError::Throttled(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
    assert_eq!(host.invoke(0, "red").unwrap_err(), refused);
    host.complete(1, one);
    let three = host.invoke(1, "red").unwrap();
    assert_eq!(host.invoke(1, "blue").unwrap_err(), refused);
    host.shop.set_reserved(&mut host.control, Some(3)).unwrap();
    assert_eq!(host.invoke(2, "blue").unwrap().start, Start::Warm);
    assert!(host.shop.set_reserved(&mut host.control, Some(901)).is_err());
    assert_eq!(host.shop.reserved(), Some(3));
    for invocation in [two, three] {
        host.complete(3, invocation);
    }
}

#[test]
fn an_update_replaces_every_tenants_instances_and_drops_no_request() {
    let mut host = Host::new(RegionConfig::default(), None);
    let handles = [host.tenant("blue"), host.tenant("green")];
    let (idle, running) = (host.invoke(0, "blue").unwrap(), host.invoke(0, "green").unwrap());
    host.complete(1, idle);
    let spec = FunctionSpec::of_memory(1_024);
    host.shop.update(at(2), &mut host.control, spec).unwrap();
    while let Some(instance) = host.shop.poll_stop() {
        host.stop(2, instance);
    }
    assert_eq!(host.stopped.len(), 1, "the idle one");
    assert_eq!([host.tenant("blue"), host.tenant("green")], handles, "handles stay good");
    assert_ne!(host.invoke(3, "blue").unwrap().start, Start::Warm);
    assert_ne!(host.invoke(3, "green").unwrap().start, Start::Warm);
    host.complete(4, running);
    host.run(5);
    assert_eq!(host.stopped.len(), 2, "and then the other");
    assert_eq!(host.shop.next_deadline(), None);
    // And again, over the successors.
    host.shop.update(at(6), &mut host.control, spec).unwrap();
    assert_ne!(host.invoke(6, "blue").unwrap().start, Start::Warm);
}

#[test]
fn what_is_no_tenant_is_named_and_room_for_them_is_bounded() {
    let config = RegionConfig { max_functions: 2, ..RegionConfig::default() };
    let mut host = Host::new(config, None);
    let mut refused = |id: &str| host.shop.tenant(&mut host.control, id).unwrap_err().to_string();
    assert!(refused("").starts_with("\"\" is no tenant: it has 1 to 256"));
    assert!(refused("a,b").starts_with("\"a,b\" is no tenant"));
    assert!(refused(&"a".repeat(257)).contains("is no tenant"));
    let odd: String = "AZaz09._:/=+-@ ".into();
    for id in [odd.as_str(), &"a".repeat(256)] {
        host.tenant(id);
    }
    let full = host.shop.tenant(&mut host.control, "third").unwrap_err();
    assert_eq!(full, TenantError::Function(FunctionError::Full { max_functions: 2 }));
    assert_eq!(host.shop.tenants().count(), 2);
    // Without room for new pools the old ones go on.
    let spec = FunctionSpec::of_memory(1_024);
    host.shop.update(at(0), &mut host.control, spec).unwrap_err();
    let served = host.invoke(1, odd.as_str()).unwrap();
    host.complete(2, served);
    let nameless = TenantFunction::new(&mut host.control, "", spec).unwrap_err();
    assert_eq!(nameless, FunctionError::NoName);
}

#[test]
fn settings_that_no_tenant_could_have_are_refused_before_there_is_one() {
    let (_, mut control) =
        Region::new(RegionConfig { max_nodes: 1, ..Default::default() }).unwrap();
    control.add_node(NodeSpec::new(Resources::new(1_024, 2_048), 0)).unwrap();
    let spec = FunctionSpec::of_memory(512);
    let bad = [
        (FunctionSpec::of_memory(0), "memory_mib is 0: an instance needs 1 to 16777215"),
        (FunctionSpec { max_instances: 0, ..spec }, "max_instances is 0: it must be at least 1"),
        (
            FunctionSpec { resources: Resources::new(100, 4_096), ..spec },
            "4096 memory_mib needed: the largest node has 2048",
        ),
    ];
    for (spec, expected) in bad {
        let spec = FunctionSpec { reserved_concurrency: Some(10), ..spec };
        let refused = TenantFunction::new(&mut control, "shop", spec).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    assert_eq!(control.reserved_sum(), 0, "what is refused reserves nothing");
    let mut shop = TenantFunction::new(&mut control, "shop", spec).unwrap();
    for (spec, expected) in bad {
        assert_eq!(shop.update(at(0), &mut control, spec).unwrap_err().to_string(), expected);
    }
    shop.tenant(&mut control, "blue").unwrap();
}

#[test]
fn a_name_once_used_is_taken() {
    let (_, mut control) = Region::new(RegionConfig::default()).unwrap();
    let spec = FunctionSpec::of_memory(512);
    let taken = |name: &str| FunctionError::NameTaken { name: name.to_string() };
    TenantFunction::new(&mut control, "shop", spec).unwrap();
    let held = FunctionSpec { reserved_concurrency: Some(10), ..spec };
    assert_eq!(TenantFunction::new(&mut control, "shop", held).unwrap_err(), taken("shop"));
    assert_eq!(control.add_function("shop", held), Err(taken("shop")));
    let versions = |control: &mut Control, name: &str| {
        VersionedFunction::new(control, name, held, Provisioning::AT_ONCE).map(|_| ())
    };
    assert!(matches!(versions(&mut control, "shop"), Err(FunctionError::NameTaken { .. })));
    assert_eq!(control.reserved_sum(), 0);
    control.add_function("mail", spec).unwrap();
    assert_eq!(TenantFunction::new(&mut control, "mail", spec).unwrap_err(), taken("mail"));
    versions(&mut control, "api").unwrap();
    assert_eq!(TenantFunction::new(&mut control, "api", spec).unwrap_err(), taken("api"));
}

#[test]
fn names_that_join_to_the_same_are_two_tenants() {
    let (_, mut control) = Region::new(RegionConfig::default()).unwrap();
    let spec = FunctionSpec::of_memory(512);
    let mut shop = TenantFunction::new(&mut control, "shop", spec).unwrap();
    let mut branch = TenantFunction::new(&mut control, "shop:a", spec).unwrap();
    let one = shop.tenant(&mut control, "a:b").unwrap();
    assert_ne!(branch.tenant(&mut control, "b").unwrap(), one);
}
