//! Versions, aliases and provisioned concurrency: AWS's rules by name.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::concurrency::{LimitError, ThrottleReason};
use crate::function::{
    AliasError, Control, FunctionSpec, Invocation, InvokeError, Pace, Prestart, ProvisionedError,
    Provisioning, Qualifier, Region, RegionConfig, Routing, SettingError, Start, VersionAction,
    VersionError, VersionedFunction, Weight,
};
use crate::id::{FunctionId, InstanceId, Lane};
use crate::time::Instant;

pub(super) const RESERVED: InvokeError =
    InvokeError::Throttled(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
const ACCOUNT: InvokeError =
    InvokeError::Throttled(ThrottleReason::ConcurrentInvocationLimitExceeded);

pub(super) fn at(second: u64) -> Instant {
    Instant::from_secs(second)
}

/// A host of one function that does at once what it is told.
pub(super) struct Host {
    pub(super) region: Arc<Region>,
    pub(super) control: Control,
    pub(super) function: VersionedFunction,
    /// Prestarts that it is told to hold back.
    pub(super) pending: Vec<Prestart>,
    pub(super) prepares: bool,
    pub(super) stopped: Vec<InstanceId>,
}

impl Host {
    pub(super) fn new(reserved: Option<u32>, provisioning: Provisioning) -> Self {
        Self::within(RegionConfig::default(), reserved, provisioning)
    }

    pub(super) fn within(
        config: RegionConfig,
        reserved: Option<u32>,
        provisioning: Provisioning,
    ) -> Self {
        let (region, control) = Region::new(RegionConfig { max_aliases: 4, ..config }).unwrap();
        Self::of(region, control, reserved, provisioning)
    }

    pub(super) fn of(
        region: Arc<Region>,
        mut control: Control,
        reserved: Option<u32>,
        provisioning: Provisioning,
    ) -> Self {
        let spec = FunctionSpec {
            reserved_concurrency: reserved,
            max_instances: 100,
            ..FunctionSpec::of_memory(128)
        };
        let function = VersionedFunction::new(&mut control, "f", spec, provisioning).unwrap();
        let (pending, stopped) = (Vec::new(), Vec::new());
        Self { region, control, function, pending, prepares: true, stopped }
    }

    pub(super) fn publish(&mut self) -> u32 {
        self.function.publish(&mut self.control).unwrap()
    }

    pub(super) fn put(
        &mut self,
        second: u64,
        qualifier: Qualifier<'_>,
        n: u32,
    ) -> Result<(), ProvisionedError> {
        let put = self.function.put_provisioned(at(second), &mut self.control, qualifier, n);
        self.act(second);
        put
    }

    /// Carries the actions out.
    pub(super) fn act(&mut self, second: u64) {
        while let Some(action) = self.function.poll_action() {
            match action {
                VersionAction::Start(prestart) if self.prepares => self.prepare(second, prestart),
                VersionAction::Start(prestart) => self.pending.push(prestart),
                VersionAction::Stop(instance) => {
                    self.region.stopped(at(second), instance).unwrap();
                    self.stopped.push(instance);
                }
            }
        }
    }

    pub(super) fn prepare(&mut self, second: u64, prestart: Prestart) {
        let (function, control) = (&mut self.function, &mut self.control);
        function.handle_prepared(at(second), control, prestart.lease).unwrap();
    }

    /// Follows the deadlines up to then.
    pub(super) fn run(&mut self, second: u64) {
        while let Some(due) = self.function.next_deadline().filter(|&due| due <= at(second)) {
            self.function.handle_time(due, &mut self.control);
            self.act(second);
        }
        self.function.handle_time(at(second), &mut self.control);
        self.act(second);
    }

    pub(super) fn invoke(
        &self,
        second: u64,
        version: FunctionId,
    ) -> Result<Invocation, InvokeError> {
        let invocation = self.region.invoke_version(at(second), version, Lane::FIRST)?;
        if invocation.start != Start::Warm {
            self.region.started(at(second), &invocation.lease).unwrap();
        }
        Ok(invocation)
    }

    pub(super) fn complete(&mut self, second: u64, invocation: Invocation) {
        if let Some(stop) = self.region.complete(at(second), invocation.lease).unwrap() {
            self.region.stopped(at(second), stop).unwrap();
        }
    }

    pub(super) fn view(&self, qualifier: Qualifier<'_>) -> (&'static str, u32, u32, u32) {
        let view = self.function.provisioned(qualifier).unwrap();
        (view.status.as_str(), view.requested, view.allocated, view.available)
    }
}

pub(super) const V1: Qualifier<'static> = Qualifier::Version(1);

#[test]
fn ten_requests_take_environments_as_the_guide_draws_them() {
    // Developer Guide, "Understanding Lambda function scaling": ten requests
    // that begin one after the other; F is started because A to E are busy.
    let (region, mut control) = Region::new(RegionConfig::default()).unwrap();
    let f = control.add_function("f", FunctionSpec::of_memory(128)).unwrap();
    // (begins, ends); an environment is busy through Init and Invoke.
    let requests = [
        (0, 55),
        (10, 65),
        (20, 75),
        (30, 110),
        (40, 130),
        (60, 120),
        (70, 125),
        (80, 140),
        (105, 150),
        (115, 160),
    ];
    let mut served = Vec::new();
    let mut running: Vec<(u64, _)> = Vec::new();
    for (begins, ends) in requests {
        // Those that end first, in their order.
        running.sort_by_key(|&(ends, _)| core::cmp::Reverse(ends));
        while let Some((ended, lease)) = running.pop_if(|&mut (ends, _)| ends <= begins) {
            region.complete(at(ended), lease).unwrap();
        }
        let invocation = region.invoke(at(begins), f).unwrap();
        if invocation.start != Start::Warm {
            region.started(at(begins), &invocation.lease).unwrap();
        }
        served.push(char::from(b'A' + u8::try_from(invocation.instance.slot.index()).unwrap()));
        running.push((ends, invocation.lease));
    }
    assert_eq!(served, ['A', 'B', 'C', 'D', 'E', 'A', 'B', 'C', 'F', 'D']);
}

#[test]
fn a_batch_is_prepared_at_its_pace_and_used_when_all_of_it_is_ready() {
    let mut host = Host::new(None, Provisioning::LAMBDA);
    host.publish();
    host.prepares = false;
    host.put(0, V1, 3).unwrap();
    assert_eq!(host.view(V1), ("IN_PROGRESS", 3, 0, 0));
    // Claimed at once, and used by nobody yet.
    assert_eq!(host.control.claimed_concurrency(), 3);
    assert_eq!(host.function.next_deadline(), Some(at(90)));
    host.run(89);
    assert!(host.pending.is_empty());
    host.run(91);
    assert_eq!(host.pending.len(), 3, "100 a second");

    let version = host.function.version(1).unwrap();
    for ready in 0..3 {
        assert_eq!(host.view(V1), ("IN_PROGRESS", 3, ready, 0));
        let cold = host.invoke(91, version).unwrap();
        assert_ne!(cold.start, Start::Warm, "on demand, though {ready} are ready");
        host.region.fail(at(91), cold.lease).unwrap();
        let prestart = host.pending.pop().unwrap();
        host.prepare(91, prestart);
    }
    assert_eq!(host.view(V1), ("READY", 3, 3, 3));
    assert_eq!(host.control.claimed_concurrency(), 3);
    let warm = host.invoke(92, version).unwrap();
    assert_eq!(warm.start, Start::Warm);
    assert_ne!(warm.instance.function, version, "the lease is of the provisioned pool");
    assert_eq!(host.control.claimed_concurrency(), 3);
    host.complete(93, warm);
    let metrics = host.function.metrics(&host.region);
    assert_eq!((metrics.invocations, metrics.provisioned_invocations), (4, 1));
    assert_eq!((metrics.cold_starts, metrics.spillover_invocations), (3, 0));
}

#[test]
fn what_is_above_it_spills_to_the_pool_or_to_the_rest_of_the_reservation() {
    for reserved in [None, Some(5)] {
        let config =
            RegionConfig { account_limit: 60, unreserved_minimum: 0, ..RegionConfig::default() };
        let mut host = Host::within(config, reserved, Provisioning::AT_ONCE);
        host.publish();
        host.put(0, V1, 2).unwrap();
        assert_eq!(host.view(V1), ("READY", 2, 2, 2));
        let version = host.function.version(1).unwrap();
        let most = if reserved.is_some() { 5 } else { 60 };
        let leases: Vec<_> = (0..most).map(|_| host.invoke(1, version).unwrap()).collect();
        let full = if reserved.is_some() { RESERVED } else { ACCOUNT };
        assert_eq!(host.invoke(1, version).unwrap_err(), full);
        let metrics = host.function.metrics(&host.region);
        assert_eq!((metrics.provisioned_invocations, metrics.throttles), (2, 1));
        assert_eq!(
            metrics.provisioned_invocations + metrics.spillover_invocations,
            metrics.invocations
        );
        assert_eq!(metrics.provisioned_utilization(), 1.0);
        // A lease ends where it began: with one of the batch given back, the
        // next is of the batch again.
        let mut leases = leases.into_iter();
        let of_batch = leases.next().unwrap();
        let pool = of_batch.instance.function;
        host.complete(2, of_batch);
        let again = host.invoke(3, version).unwrap();
        assert_eq!((again.start, again.instance.function), (Start::Warm, pool));
        for invocation in leases.chain([again]) {
            host.complete(4, invocation);
        }
        assert_eq!(host.function.metrics(&host.region).concurrent_executions, 0);
    }
}

#[test]
fn ten_requests_a_second_for_each_provisioned_unit_and_the_rest_spills() {
    let config = RegionConfig { requests_per_concurrency: 10, ..RegionConfig::default() };
    let mut host = Host::within(config, None, Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 2).unwrap();
    let version = host.function.version(1).unwrap();
    for _ in 0..25 {
        let invocation = host.invoke(1, version).unwrap();
        host.complete(1, invocation);
    }
    let metrics = host.function.metrics(&host.region);
    assert_eq!((metrics.provisioned_invocations, metrics.spillover_invocations), (20, 5));
}

#[test]
fn all_of_a_reservation_provisioned_leaves_latest_nothing() {
    let mut host = Host::new(Some(4), Provisioning::AT_ONCE);
    host.publish();
    assert!(host.invoke(0, host.function.latest()).is_ok());
    host.put(0, V1, 4).unwrap();
    // The request of $LATEST is still running: the batch waits for it.
    assert_eq!(host.view(V1), ("IN_PROGRESS", 4, 4, 0));
    assert_eq!(host.invoke(1, host.function.latest()).unwrap_err(), RESERVED);
    let error = host.put(1, V1, 5).unwrap_err();
    assert_eq!(error, ProvisionedError::AboveReserved { requested: 5, reserved: 4 });
    assert_eq!(error.kind(), "InvalidParameterValueException");
    let below = host.function.set_reserved(&mut host.control, Some(3)).unwrap_err();
    assert_eq!(below, ProvisionedError::AboveReserved { requested: 4, reserved: 3 });
    assert_eq!(host.view(V1), ("IN_PROGRESS", 4, 4, 0));
}

#[test]
fn a_batch_waits_for_what_is_above_the_rest_of_a_reservation() {
    let mut host = Host::new(Some(2), Provisioning::AT_ONCE);
    host.publish();
    let version = host.function.version(1).unwrap();
    let [first, second] = [(), ()].map(|()| host.invoke(0, version).unwrap());
    host.put(0, V1, 1).unwrap();
    host.run(1);
    assert_eq!(host.view(V1), ("IN_PROGRESS", 1, 1, 0), "both units are in use");
    assert_eq!(host.invoke(1, version).unwrap_err(), RESERVED);
    host.complete(2, first);
    assert_eq!(host.function.next_deadline(), Some(at(2)));
    host.run(2);
    assert_eq!(host.view(V1), ("READY", 1, 1, 1));
    let third = host.invoke(3, version).unwrap();
    assert_eq!(host.invoke(3, version).unwrap_err(), RESERVED, "never above the reservation");
    host.complete(4, second);
    host.complete(4, third);
}

#[test]
fn a_version_never_changes_and_is_not_published_twice() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    assert_eq!([host.publish(), host.publish()], [1, 1]);
    let spec = FunctionSpec { max_instances: 7, ..FunctionSpec::of_memory(256) };
    host.function.update(at(1), &mut host.control, spec).unwrap();
    assert_eq!(host.publish(), 2);
    let memory =
        |host: &Host, version| host.function.version_spec(version).unwrap().resources.memory_mib;
    assert_eq!([memory(&host, 1), memory(&host, 2)], [128, 256]);
    assert_eq!(host.function.versions().collect::<Vec<_>>(), [1, 2]);
    // Deleted, its number is not given out again.
    host.function.delete_version(at(2), &mut host.control, 2).unwrap();
    assert_eq!(host.publish(), 3);
    let error = host.function.delete_version(at(2), &mut host.control, 2).unwrap_err();
    assert_eq!(
        (error.kind(), error),
        ("ResourceNotFoundException", VersionError::Unknown { version: 2 },)
    );
}

#[test]
fn an_update_drains_old_instances_and_drops_no_request() {
    let mut host = Host::new(Some(3), Provisioning::AT_ONCE);
    let latest = host.function.latest();
    let (running, idle) = (host.invoke(0, latest).unwrap(), host.invoke(0, latest).unwrap());
    let old = idle.instance.function;
    host.complete(1, idle);
    let spec = FunctionSpec { max_instances: 100, ..FunctionSpec::of_memory(512) };
    host.function.update(at(2), &mut host.control, spec).unwrap();
    host.act(2);
    assert_eq!(host.stopped.len(), 1, "the idle one");
    // By the old handle, a new instance; and all count against one reservation.
    let new = host.invoke(3, latest).unwrap();
    assert_ne!((new.start, new.instance.function), (Start::Warm, old));
    let third = host.invoke(3, latest).unwrap();
    assert_eq!(host.invoke(3, latest).unwrap_err(), RESERVED);
    host.complete(4, running);
    host.run(5);
    assert_eq!(host.stopped.len(), 2, "and then the other");
    assert_eq!(host.region.counters(old).unwrap().instances, 0);
    assert_eq!(host.function.next_deadline(), None);
    host.function.update(at(6), &mut host.control, spec).unwrap();
    host.act(6);
    for invocation in [new, third] {
        host.complete(7, invocation);
    }
    assert_ne!(host.invoke(8, latest).unwrap().start, Start::Warm);
}

#[test]
fn an_alias_splits_requests_by_weight_and_each_draw_alone() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    host.publish();
    host.function.update(at(0), &mut host.control, FunctionSpec::of_memory(256)).unwrap();
    host.publish();
    let weight = Weight::new(1_000).unwrap();
    let routing = Routing { version: 1, other: Some((2, weight)) };
    let live = host.function.create_alias(&mut host.control, "live", routing).unwrap();
    let versions = [1, 2].map(|version| host.function.version(version).unwrap());
    let mut counts = [0; 2];
    let mut chosen = Vec::new();
    for draw in 0..10_000 {
        let invocation = host.region.invoke_alias(at(1), live, draw, Lane::FIRST).unwrap();
        let of = versions.iter().position(|&v| v == invocation.instance.function).unwrap();
        counts[of] += 1;
        chosen.push(of);
        let stop = host.region.fail(at(1), invocation.lease).unwrap().unwrap();
        host.region.stopped(at(1), stop).unwrap();
    }
    assert!((900..1_100).contains(&counts[1]), "{counts:?} of 10 %");
    // The same draw, the same version.
    for draw in 0..100_u64 {
        let invocation = host.region.invoke_alias(at(2), live, draw, Lane::FIRST).unwrap();
        let of = versions[chosen[usize::try_from(draw).unwrap()]];
        assert_eq!(invocation.instance.function, of);
        let stop = host.region.fail(at(2), invocation.lease).unwrap().unwrap();
        host.region.stopped(at(2), stop).unwrap();
    }
    for (ten_thousandths, of) in [(0, 0), (10_000, 1)] {
        let weight = Weight::new(ten_thousandths).unwrap();
        let routing = Routing { version: 1, other: Some((2, weight)) };
        host.function.update_alias(at(3), &mut host.control, "live", routing).unwrap();
        let invocation = host.region.invoke_alias(at(3), live, 7, Lane::FIRST).unwrap();
        assert_eq!(invocation.instance.function, versions[of]);
    }
}

#[test]
fn an_alias_moves_what_is_provisioned_through_it() {
    let mut host = Host::new(Some(5), Provisioning::AT_ONCE);
    host.publish();
    host.function.update(at(0), &mut host.control, FunctionSpec::of_memory(256)).unwrap();
    host.publish();
    let live = host.function.create_alias(&mut host.control, "live", Routing::to(1)).unwrap();
    host.put(0, Qualifier::Alias("live"), 3).unwrap();
    let one = host.region.invoke_alias(at(1), live, 0, Lane::FIRST).unwrap();
    assert_eq!(one.start, Start::Warm);
    host.prepares = false;
    let routing = Routing::to(2);
    host.function.update_alias(at(2), &mut host.control, "live", routing).unwrap();
    host.act(2);
    assert_eq!(host.view(Qualifier::Alias("live")), ("IN_PROGRESS", 3, 0, 0));
    assert_eq!(host.function.provisioned(Qualifier::Alias("live")).unwrap().version, 2);
    // Until it is ready requests run on demand; the old one's ends as it began.
    let cold = host.region.invoke_alias(at(3), live, 0, Lane::FIRST).unwrap();
    assert_ne!(cold.start, Start::Warm);
    host.region.started(at(3), &cold.lease).unwrap();
    for prestart in core::mem::take(&mut host.pending) {
        host.prepare(4, prestart);
    }
    assert_eq!(host.view(Qualifier::Alias("live")), ("READY", 3, 3, 3));
    host.complete(4, one);
    host.complete(4, cold);
    let warm = host.region.invoke_alias(at(5), live, 0, Lane::FIRST).unwrap();
    assert_eq!(warm.start, Start::Warm);
    host.complete(6, warm);
    host.run(8);
    assert_eq!(host.control.reserved_sum(), 5, "no more than the reservation");
    host.function.delete_alias(at(9), &mut host.control, "live").unwrap();
    host.act(9);
    let error = host.region.invoke_alias(at(9), live, 0, Lane::FIRST).unwrap_err();
    assert_eq!(error, InvokeError::UnknownAlias { alias: live });
}

#[test]
fn what_aws_refuses_is_refused_and_changes_nothing() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    host.publish();
    host.function.update(at(0), &mut host.control, FunctionSpec::of_memory(256)).unwrap();
    host.publish();
    let weight = Weight::new(5_000).unwrap();
    let both = Routing { version: 1, other: Some((2, weight)) };
    host.function.create_alias(&mut host.control, "split", both).unwrap();
    host.function.create_alias(&mut host.control, "live", Routing::to(1)).unwrap();
    let claimed = |host: &Host| (host.control.claimed_concurrency(), host.control.names().len());
    let before = claimed(&host);
    let alias = "split".into();
    for (qualifier, n, error, kind) in [
        (Qualifier::Latest, 1, ProvisionedError::Latest, "InvalidParameterValueException"),
        (V1, 0, ProvisionedError::Requested { value: 0 }, "ValidationException"),
        (
            Qualifier::Version(9),
            1,
            ProvisionedError::UnknownVersion { version: 9 },
            "ResourceNotFoundException",
        ),
        (
            Qualifier::Alias("split"),
            1,
            ProvisionedError::Routed { alias },
            "InvalidParameterValueException",
        ),
        (
            V1,
            101,
            ProvisionedError::MaxInstances { requested: 101, max_instances: 100 },
            "InvalidParameterValueException",
        ),
    ] {
        assert_eq!(error.kind(), kind);
        assert_eq!(host.put(0, qualifier, n), Err(error));
    }
    assert_eq!(claimed(&host), before);
    // One configuration of a version, whoever asks.
    host.put(0, Qualifier::Alias("live"), 1).unwrap();
    let taken = ProvisionedError::VersionProvisioned { version: 1 };
    assert_eq!(host.put(0, V1, 1), Err(taken.clone()));
    host.put(0, Qualifier::Version(2), 1).unwrap();
    let moved = host.function.update_alias(at(1), &mut host.control, "live", Routing::to(2));
    let two = ProvisionedError::VersionProvisioned { version: 2 };
    assert_eq!(moved, Err(AliasError::Provisioned(two)));
    assert_eq!(host.function.routing("live"), Some(Routing::to(1)));
    for (name, routing, kind) in [
        ("7", Routing::to(1), "ValidationException"),
        ("a b", Routing::to(1), "ValidationException"),
        ("live", Routing::to(1), "ResourceConflictException"),
        ("other", Routing::to(3), "ResourceNotFoundException"),
        (
            "other",
            Routing { version: 1, other: Some((1, weight)) },
            "InvalidParameterValueException",
        ),
    ] {
        let error = host.function.create_alias(&mut host.control, name, routing).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    let used = host.function.delete_version(at(1), &mut host.control, 1).unwrap_err();
    assert_eq!(used, VersionError::Aliased { version: 1, alias: "split".into() });
}

#[test]
fn an_account_gives_no_more_than_leaves_its_minimum() {
    let config = RegionConfig { account_limit: 110, ..RegionConfig::default() };
    let mut host = Host::within(config, None, Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 10).unwrap();
    let error = host.put(0, V1, 11).unwrap_err();
    let expected =
        LimitError::ProvisionedMinimum { provisioned: 1, unreserved: 99, unreserved_minimum: 100 };
    assert_eq!(error, ProvisionedError::Limit(expected));
    assert_eq!(
        error.to_string(),
        "Specified ConcurrentExecutions for function decreases account's \
         UnreservedConcurrentExecution below its minimum value of [100]. Preparing 1 leaves 99."
    );
    let error = host.function.set_reserved(&mut host.control, Some(11)).unwrap_err();
    assert!(error.to_string().starts_with("Specified ReservedConcurrentExecutions"), "{error}");
    assert_eq!(host.view(V1), ("READY", 10, 10, 10));
    assert_eq!(host.control.claimed_concurrency(), 10);
}

#[test]
fn the_burst_of_2022_is_shared_with_requests() {
    let scaling_rate =
        crate::function::ScalingRate::Together(crate::concurrency::Rate::lambda_scaling_2019(5));
    let config = RegionConfig { scaling_rate, ..RegionConfig::default() };
    let provisioning = Provisioning { pace: Pace::WithRequests, ..Provisioning::AT_ONCE };
    let mut host = Host::within(config, None, provisioning);
    host.publish();
    let version = host.function.version(1).unwrap();
    assert!(host.invoke(0, version).is_ok());
    host.put(0, V1, 6).unwrap();
    assert_eq!(host.view(V1), ("IN_PROGRESS", 6, 4, 0));
    assert!(matches!(host.invoke(0, version), Err(InvokeError::ScalingRate { .. })));
    host.run(1);
    assert_eq!(host.view(V1), ("READY", 6, 6, 6), "500 a minute are eight a second");
}

#[test]
fn a_pool_of_a_version_has_no_reservation_of_its_own() {
    let mut host = Host::new(None, Provisioning::AT_ONCE);
    host.publish();
    host.put(0, V1, 1).unwrap();
    let pool = host.function.provisioned(V1).unwrap().pool;
    for function in [host.function.latest(), host.function.version(1).unwrap(), pool] {
        let refused = host.control.set_reserved_concurrency(function, Some(2));
        assert_eq!(refused, Err(SettingError::Versioned { function }));
    }
    assert_eq!(host.control.reserved_sum(), 1);
}
